"""The sample of made records: what goes in, and what must come out."""

import json
from pathlib import Path

import pytest

from nightlabel.errors import QuarantineError
from nightlabel.usecases.card_spending import schema
from nightlabel.validate import check

SAMPLE = Path(schema.__file__).parent / "sample"
EXPECTED = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name, file in EXPECTED.items() if "kept" in file])
def test_what_must_come_out_comes_out(name):
    expected = EXPECTED[name]
    record = schema.LabelledRecord if expected["labelled"] else schema.Record
    reading = schema.read((SAMPLE / name).read_bytes(), labelled=expected["labelled"])
    result = check(reading, record, schema.COLUMNS)

    kept = {
        str(row): {k: str(v) for k, v in values.items()} for row, values in result.frame.T.to_dict().items()
    }
    assert kept == expected["kept"]
    assert {str(fault.row): fault.code for fault in result.faults} == expected["quarantined"]
    assert list(reading.extra_columns) == expected["extra_columns"]


@pytest.mark.parametrize("name", [name for name, file in EXPECTED.items() if "refused" in file])
def test_what_must_be_refused_whole_is_refused(name):
    with pytest.raises(QuarantineError) as refusal:
        schema.read((SAMPLE / name).read_bytes(), labelled=EXPECTED[name]["labelled"])

    assert refusal.value.code == EXPECTED[name]["refused"]
