"""Any file at all is labelled or in quarantine, line by line, however it is read."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightlabel.contract import Reading
from nightlabel.label.inputs import Input
from nightlabel.label.reading import batches
from nightlabel.store import open_uri
from tests.fuzz.laws import LEAST, USECASES, hold, hold_fast, seeds
from tests.fuzz.spoil import spoiled

HERE = Path(__file__).parent
KEPT = sorted((HERE / "kept").iterdir())
"""Files to which coverage led the fuzzer, one for each set of faults; a first byte sizes the parts."""

FOUND = sorted((HERE / "found").glob("*-*"))
"""Files that once broke a law."""

HEADER, RECORD = seeds(USECASES["card_spending"])[0].splitlines(keepends=True)[:2]
every_reader = pytest.mark.parametrize("usecase", USECASES.values(), ids=USECASES)
sizes = st.integers(7, 400)
law = settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@every_reader
@law
@given(payloads=st.lists(st.binary(max_size=300), max_size=3), size=sizes)
def test_any_bytes_are_accounted_for(usecase, payloads, size):
    hold(usecase, payloads, size)


@every_reader
@law
@given(data=st.data(), size=sizes)
def test_a_spoiled_file_is_accounted_for_and_spoils_no_other(usecase, data, size):
    spoilt, sound = data.draw(st.lists(spoiled(usecase), min_size=1, max_size=2)), seeds(usecase)[0]

    hold(usecase, [sound, *spoilt, sound], size)


@every_reader
def test_a_file_that_is_cut_anywhere_is_accounted_for(usecase):
    whole = b"".join(seeds(usecase)[0].splitlines(keepends=True)[:2])

    for end in range(len(whole) + 1):
        hold_fast(usecase, whole[:end], 97)
    hold(usecase, [whole[:end] for end in range(0, len(whole) + 1, 9)], 97)


@every_reader
def test_what_the_fuzzer_came_upon_is_accounted_for(usecase):
    files = [file.read_bytes() for file in (*KEPT, *FOUND)]

    assert len(KEPT) > 10
    for data in files:
        hold_fast(usecase, data[1:], LEAST + data[0])
    hold(usecase, [data[1:] for data in files], 64)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "payloads",
    [
        [b"\n" * (9 * 2**20) + HEADER + RECORD],
        [HEADER[:-1] + b"".join(b";c%d" % (100 * k + c) for c in range(100)) + b"\n" for k in range(1000)],
        [b"\xff" + HEADER[:-1] + b"".join(b";%d" % (100 * k + c) for c in range(100)) for k in range(1000)],
    ],
    ids=["blank lines before the header", "a thousand headers", "a thousand odd headers"],
)
def test_work_does_not_grow_with_the_square_of_what_comes(payloads):
    lake, cards = open_uri("memory://"), USECASES["card_spending"]
    entries = [lake.put(f"{at:05}.csv", payload) for at, payload in enumerate(payloads)]
    inputs = [Input(entry.key, entry.version, entry.size, "") for entry in entries]

    assert sum(batch.ended for batch in batches(cards, lake, inputs)) == len(payloads)


@pytest.mark.parametrize("usecase", [USECASES["card_spending"]], ids=["card_spending"])
@pytest.mark.parametrize(
    "wrong",
    [
        lambda reading: Reading(reading.frame.iloc[1:], reading.faults),
        lambda reading: Reading(reading.frame.set_axis(reading.frame.index + 1), reading.faults),
        lambda reading: 1 / 0,
    ],
    ids=["loses a row", "counts from one", "raises"],
)
def test_a_reader_that_breaks_a_law_is_caught(usecase, wrong):
    schema = usecase.schema
    broken = SimpleNamespace(
        TEXT=schema.TEXT,
        Record=schema.Record,
        LabelledRecord=schema.LabelledRecord,
        COLUMNS=schema.COLUMNS,
        read=lambda payload, *, labelled: wrong(schema.read(payload, labelled=labelled)),
    )

    with pytest.raises((AssertionError, ZeroDivisionError)):
        hold(SimpleNamespace(schema=broken), [seeds(usecase)[0]], 100)
