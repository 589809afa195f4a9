"""The fast way through files gives what the plain way gives: rows, quarantine and ids, in any cut."""

import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightlabel import catalog, validate
from nightlabel.contract import UseCase, delimited
from nightlabel.contract.delimited import Delimited
from nightlabel.errors import QuarantineError, UnavailableError
from nightlabel.label import tally
from nightlabel.label.inputs import Input
from nightlabel.label.reading import batches, counts
from nightlabel.store import open_uri
from nightlabel.usecases.card_spending import lookalike, schema

CARDS = catalog.load("card_spending")
HEADER = b";".join(name.encode() for name in schema.COLUMNS.names[:-1])
GOOD = b"4,5E+11;201405;SAO PAULO;SP;37;F;4700;5605;4.12.2019; 1.784,13 ;SANTOS;BR"

spoiled = st.sampled_from(
    [
        GOOD,
        GOOD,
        GOOD.replace(b" 1.784,13 ", b" -   "),
        GOOD.replace(b"4.12.2019", b"31.02.2020"),
        GOOD.replace(b"SANTOS", b"s\x1bo"),
        GOOD.replace(b"37", b"-1"),
        GOOD + b";",
        GOOD[:-3],
        GOOD.replace(b"SP", b"\x82A"),
        b"",
        b" \t ",
        GOOD.replace(b"SANTOS", b"SAN\rTOS"),
        GOOD.replace(b"SANTOS", b"S" * 200),
        b" " * 170,
        b" " * 160 + GOOD,
    ]
)
foreign = st.sampled_from([GOOD.replace(b"SANTOS", b"S\xe3o"), GOOD.replace(b"SANTOS", b"S\x82o"), b"\x00"])
heads = st.sampled_from(
    [
        HEADER,
        HEADER,
        HEADER + b";hue",
        HEADER + b";note;note\r",
        HEADER + b";hue\r\r",
        b"id;data",
        b"",
        b"\n" + HEADER,
        b" " * 170 + b"\n" + HEADER,
        b"\xef\xbb\xbf" + HEADER,
    ]
)


@st.composite
def files(draw):
    body = draw(st.lists(spoiled, max_size=8)) + draw(st.sampled_from([[], [], [], [draw(foreign)]]))
    end = draw(st.sampled_from([b"\n", b"\r\n"]))
    return draw(heads) + end + end.join(body) + draw(st.sampled_from([b"", end]))


def plainly(usecase: UseCase, name: str, payload: bytes):
    """The rows and faults of one file, row by row through Pydantic alone."""
    try:
        reading = usecase.schema.read(payload, labelled=False)
    except QuarantineError as fault:
        return [], [(name, None, fault.code, fault.sentence)], ()
    checked = validate.check(reading, usecase.schema.Record, usecase.schema.COLUMNS)
    rows = [(name, int(row), *cells) for row, *cells in checked.frame.itertuples()]
    return rows, [(name, f.row, f.code, f.detail) for f in checked.faults], reading.extra_columns


def quickly(usecase: UseCase, lake, inputs, **bounds):
    """The same by the engine, with the tally of its record ids and its unknown columns."""
    rows, faults, ids, extra, ended = [], [], tally.Tally(), {}, 0
    for batch in batches(usecase, lake, inputs, **bounds):
        frame = validate.typed(batch.valid)
        names = [batch.files[at].source for at in batch.file]
        rows += [
            (name, int(row), *cells)
            for name, row, (_, *cells) in zip(names, batch.row, frame.itertuples(), strict=True)
        ]
        faults += [(batch.files[at].source, f.row, f.code, f.detail) for at, f in batch.faults]
        ids += tally.of_rows(tally.seeds((f.source, f.version) for f in batch.files), *batch.ids)
        ended += batch.ended
        for name, number in batch.extra_columns.items():
            extra[name] = extra.get(name, 0) + number
    return rows, faults, ids, extra, ended


def put(lake, payloads) -> list[Input]:
    entries = [lake.put(f"{at:05}.csv", payload) for at, payload in enumerate(payloads)]
    return [Input(entry.key, entry.version, entry.size, "") for entry in entries]


def assert_same(usecase: UseCase, lake, payloads, **bounds):
    inputs = put(lake, payloads)
    rows, faults, ids, extra, ended = quickly(usecase, lake, inputs, **bounds)
    expected = [plainly(usecase, file.source, data) for file, data in zip(inputs, payloads, strict=True)]
    assert rows == [row for found in expected for row in found[0]]
    assert faults == [fault for found in expected for fault in found[1]]
    names = [name for found in expected for name in found[2]]
    assert extra == {name: names.count(name) for name in names}
    assert ended == len(payloads)
    plain = tally.Tally()
    for file, found in zip(inputs, expected, strict=True):
        ordinals = [row[1] for row in found[0]] + [f[1] if f[1] is not None else -1 for f in found[1]]
        plain += tally.of_records(file.source, file.version, np.array(ordinals, np.int64))
    assert ids == plain
    return rows, faults


law = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@law
@given(st.lists(files(), max_size=6), st.integers(1, 4))
def test_any_files_are_read_together_as_they_are_read_alone(payloads, together):
    assert_same(CARDS, open_uri("memory://"), payloads, batch_files=together)


@settings(law, max_examples=50)
@given(files(), st.integers(20, 400))
def test_a_long_file_is_read_in_parts_as_it_is_read_whole(payload, size):
    with pytest.MonkeyPatch.context() as patch:
        for module in (delimited, __import__("nightlabel.label.longfile", fromlist=["longfile"])):
            patch.setattr(module, "MAX_LINE", 150)
        patch.setattr("nightlabel.label.longfile._STUMP", 152)
        patch.setattr("nightlabel.label.together._LONG", 1)
        assert_same(CARDS, open_uri("memory://"), [payload, payload], batch_bytes=size)


@law
@given(st.lists(files(), max_size=4), st.integers(2, 60), st.sampled_from([300, 2**20]))
def test_files_of_many_lines_are_read_in_pieces_as_they_are_read_whole(payloads, lines, size):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("nightlabel.label.dense.LINES", lines)
        patch.setattr("nightlabel.label.together._LONG", 1)
        assert_same(CARDS, open_uri("memory://"), payloads, batch_bytes=size)


MEMORY = """
import pathlib, sys
from nightlabel.label import label_shard, plan, publish
from nightlabel.store import open_uri
from tests.label.nights import DATE, Parity, champion
from tests.label.test_engine import CARDS, HEADER

lake = open_uri(pathlib.Path(sys.argv[1]).as_uri())
lake.put(f"card_spending/inbox/date={DATE}/a.csv", HEADER + b"\\n" + b"x;y;abc\\n" * 1_000_000)
made = plan(CARDS, lake, DATE, "night", champion(), commit="abc")
label_shard(CARDS, lake, DATE, "night", made.shards[0].name, Parity())
status = pathlib.Path("/proc/self/status").read_text()
peak = next(line for line in status.splitlines() if line.startswith("VmHWM"))
done = publish(CARDS, lake, DATE, "night")
print(done.records, int(peak.split()[1]) // 1024)
"""


def test_a_file_of_millions_of_faulty_lines_stays_in_its_pod_and_all_stand_in_quarantine(tmp_path):
    said = subprocess.check_output([sys.executable, "-c", MEMORY, str(tmp_path)], text=True)
    records, megabytes = map(int, said.split())

    assert records == 1_000_000
    assert megabytes < 600


@pytest.mark.parametrize(
    "payload",
    [
        HEADER + b";note;note\r\r\n" + (GOOD + b";a;b\r\n") * 20,
        HEADER + b"\n" + (GOOD + b"\n") * 3 + b" " * 70_000 + b"\ntoo;few\n" + (GOOD + b"\n") * 3,
        HEADER + b"\n" + b"x" * 70_000 + b"\ntoo;few\n" + (GOOD + b"\n") * 3,
        b" " * 70_000 + b"\n" + HEADER + b"\ntoo;few\n" + (GOOD + b"\n") * 3,
    ],
    ids=["names that differ by a return", "a long blank line", "a long line", "a long blank line at first"],
)
def test_each_line_of_a_long_file_has_its_own_record_or_reason(payload, monkeypatch):
    monkeypatch.setattr("nightlabel.label.together._LONG", 0.1)
    rows, faults = assert_same(CARDS, open_uri("memory://"), [payload], batch_bytes=1000)

    assert len(rows) + len(faults) > 3


def test_a_long_file_that_cannot_be_split_any_more_fails_and_loses_no_record(monkeypatch):
    monkeypatch.setattr("nightlabel.label.together._LONG", 1)
    lake, split = open_uri("memory://"), Delimited.split
    inputs = put(lake, [HEADER + b"\n" + (GOOD + b"\n") * 20])
    monkeypatch.setattr(Delimited, "split", lambda *a, **k: replace(split(*a, **k), odd=(0,)))

    with pytest.raises(UnavailableError) as fault:
        list(batches(CARDS, lake, inputs, batch_bytes=200))

    assert fault.value.code == "NL-B007"


def test_the_real_file_is_read_in_parts_and_by_night_as_it_is_read_whole(real_cards):
    whole = real_cards.read_bytes()
    nights = list(lookalike.inbox(whole, undated=lookalike.FIRST_DAY).values())

    rows, faults = assert_same(CARDS, open_uri("memory://"), [whole], batch_bytes=50_000)
    assert (len(rows), len(faults)) == (3952, 10)
    assert_same(CARDS, open_uri("memory://"), nights)


def test_ten_thousand_made_files_are_read_together_as_alone():
    lines = [line for line in lookalike.make(20_000, seed=3).split(b"\r\n")[1:] if line]
    chance = random.Random(3)  # noqa: S311 - no secret
    bad = [GOOD.replace(b"37", b"x"), b"only;two", b"", GOOD.replace(b"SANTOS", b"S\xe3o")]
    header = lookalike.make(1, seed=3).split(b"\r\n")[0]
    payloads = [
        b"\r\n".join(
            [header, *(chance.choice(bad if chance.random() < 0.02 else lines) for _ in range(2)), b""]
        )
        for _ in range(10_000)
    ]

    rows, faults = assert_same(CARDS, open_uri("memory://"), payloads)

    assert len(rows) + len(faults) > 19_000
    assert {fault[2] for fault in faults} >= {"NL-A001", "NL-A002", "NL-A005"}


def test_the_counts_of_the_inbox_are_those_of_the_records():
    payloads = [HEADER + b"\n" + (GOOD + b"\n") * n for n in (0, 3, 1)] + [b"\xff", b"id\n1\n"]
    lake = open_uri("memory://")

    assert [number for _, number in counts(CARDS, lake, put(lake, payloads))] == [0, 3, 1, None, None]


def test_a_long_file_that_changes_between_its_two_passes_fails_the_shard(monkeypatch):
    lake = open_uri("memory://")
    inputs = put(lake, [HEADER + b"\n" + (GOOD + b"\n") * 20])
    original, taken = type(lake).get, []

    def changing(store, key, **how):
        taken.append(key)
        if len(taken) > len(range(0, inputs[0].size, 200)):
            raise QuarantineError("input changed after it was planned", code="NL-B010")
        return original(store, key, **how)

    monkeypatch.setattr(type(lake), "get", changing)
    with pytest.raises(UnavailableError) as fault:
        list(batches(CARDS, lake, inputs, batch_bytes=200))

    assert fault.value.code == "NL-B007"


def test_what_breaks_the_reading_of_many_files_at_once_is_found_file_by_file(monkeypatch):
    def broken(*_, **how):
        raise ZeroDivisionError

    lake = open_uri("memory://")
    inputs = put(lake, [HEADER + b"\n" + GOOD])
    text = SimpleNamespace(split=broken)
    monkeypatch.setattr("nightlabel.label.reading._text", lambda usecase: text)

    (batch,) = batches(CARDS, lake, inputs)

    assert len(batch.valid) == 1


def test_the_equipment_finds_a_row_that_is_lost(monkeypatch, tmp_path: Path):
    class Losing:
        def __getattr__(self, name):
            return getattr(schema.TEXT, name)

        def split(self, payloads, *, labelled):
            texts = schema.TEXT.split(payloads, labelled=labelled)
            return type(texts)(texts.table.slice(1), texts.file[1:], texts.row[1:], texts.faults)

    monkeypatch.setattr("nightlabel.label.reading._text", lambda usecase: Losing())
    with pytest.raises(AssertionError):
        assert_same(CARDS, open_uri(tmp_path.as_uri()), [HEADER + b"\n" + GOOD + b"\n" + GOOD])
