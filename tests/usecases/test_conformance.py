"""Every use case in the catalog keeps the contract: what the core relies on holds for each of them."""

import json
import subprocess
import sys

import pandas as pd
import pytest

from nightlabel import catalog
from nightlabel.errors import QuarantineError
from nightlabel.validate import check

NAMES = [card.name for card in catalog.usecases()]
FEW = 400


@pytest.fixture(params=NAMES)
def usecase(request):
    return catalog.load(request.param)


@pytest.fixture
def expected(usecase):
    return json.loads((usecase.folder / "sample" / "expected.json").read_text())


def checked(usecase, file, *, labelled):
    schema = usecase.schema
    record = schema.LabelledRecord if labelled else schema.Record
    reading = schema.read((usecase.folder / "sample" / file).read_bytes(), labelled=labelled)
    return reading, check(reading, record, schema.COLUMNS)


def sample(usecase, expected):
    """Give the valid labelled records of the sample."""
    files = [name for name, want in expected.items() if want["labelled"] and "refused" not in want]
    frames = [checked(usecase, name, labelled=True)[1].frame.assign(source=name) for name in files]
    return pd.concat(frames, ignore_index=True).head(FEW)


def test_the_catalog_is_not_empty_and_nothing_in_it_is_broken():
    assert NAMES
    assert catalog.broken() == []


def test_the_sample_gives_exactly_what_is_expected(usecase, expected):
    assert expected
    for file, want in expected.items():
        if code := want.get("refused"):
            with pytest.raises(QuarantineError, match=code):
                checked(usecase, file, labelled=want["labelled"])
            continue
        reading, got = checked(usecase, file, labelled=want["labelled"])
        assert list(reading.extra_columns) == want["extra_columns"]
        assert {str(fault.row): fault.code for fault in got.faults} == want["quarantined"]
        rows = {
            str(row): values
            for row, values in zip(got.frame.index, got.frame.to_dict("records"), strict=True)
        }
        kept = {row: {column: str(value) for column, value in values.items()} for row, values in rows.items()}
        assert kept == want["kept"]


def test_an_encoder_that_is_restored_encodes_identically(usecase, expected):
    frame, card = sample(usecase, expected), usecase.card
    params = next(iter(card.candidates.values()))
    encoder = usecase.prepare.fit(frame, frame[usecase.schema.LABEL], params, usecase.folder / "tables")

    restored = usecase.prepare.restore(json.loads(json.dumps(encoder.state())))

    one, other = encoder.encode(frame), restored.encode(frame)
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    assert restored.classes == encoder.classes


def test_every_candidate_builds_a_network_that_takes_what_its_encoder_gives(usecase, expected):
    import torch  # noqa: PLC0415 - heavy, and needed by this test alone

    frame = sample(usecase, expected)
    for params in usecase.card.candidates.values():
        encoder = usecase.prepare.fit(frame, frame[usecase.schema.LABEL], params, usecase.folder / "tables")
        inputs = {name: torch.from_numpy(values) for name, values in encoder.encode(frame).items()}
        logits = usecase.model.build(params, encoder)(**inputs)
        assert logits.shape == (len(frame), len(encoder.classes))


def test_the_parameters_in_production_name_a_candidate_of_the_card(usecase):
    params = catalog.params(usecase)

    assert set(params) == {"candidate", "seed", "params"}
    assert params["candidate"] in usecase.card.candidates


def test_reading_and_preparing_never_load_torch(usecase):
    program = (
        "import sys; from nightlabel import catalog;"
        f"u = catalog.load({usecase.name!r}); u.schema.LABEL; u.prepare.fit;"
        "assert 'torch' not in sys.modules and 'mlflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_its_readme_tells_source_licence_label_and_quality(usecase):
    text = (usecase.folder / "README.md").read_text().lower()

    assert [word for word in ("source", "licence", "label", "quality") if word not in text] == []
