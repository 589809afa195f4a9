"""Splitting many files at once says what reading them one by one says."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.contract import delimited
from nightlabel.contract.delimited import Delimited
from nightlabel.errors import QuarantineError

TEXT = Delimited(
    columns=("word", "amount", "label"),
    encoding="mac_roman",
    alphabet=bytes(range(1, 128)) + b"\x82",
    misplaced=re.compile(rb"\x82(?=[a-z])"),
)

fields = st.sampled_from([b"cat", b"", b" ", b"1,50", b"\x82A", b'"x', b"NA", b"null"])
lines = st.one_of(
    st.lists(st.one_of(fields, st.just(b"a" * 40)), min_size=1, max_size=4).map(b";".join),
    st.sampled_from([b"", b"  ", b"\t", b"a\rb;c", b"\x82a;1", b";", b"y" * 50 + b";1", b"\x00;1"]),
    st.binary(max_size=8),
)
headers = st.sampled_from(
    [
        b"word;amount",
        b" word ;amount",
        b"amount;word;more",
        b"word",
        b"word;word;amount",
        b"",
        b"word;amount;label",
    ]
)
ends = st.sampled_from([b"\n", b"\r\n"])


@st.composite
def payload(draw):
    end = draw(ends)
    body = end.join([draw(headers), *draw(st.lists(lines, max_size=6))])
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf", b"\n"])) + body + draw(st.sampled_from([b"", end]))


def one_by_one(payloads):
    """Rows, faults and extra columns as the plain way gives them; the files that it refuses."""
    rows, faults, extra, refused = {}, set(), {}, set()
    for at, data in enumerate(payloads):
        try:
            reading = TEXT.read(data, labelled=False)
        except QuarantineError:
            refused.add(at)
            continue
        rows |= {(at, int(row)): tuple(cells) for row, *cells in reading.frame.itertuples()}
        faults |= {(at, fault.row, fault.code, fault.detail) for fault in reading.faults}
        for name in reading.extra_columns:
            extra[name] = extra.get(name, 0) + 1
    return rows, faults, extra, refused


@pytest.fixture(autouse=True)
def short_lines(monkeypatch):
    monkeypatch.setattr(delimited, "MAX_LINE", 45)


@settings(max_examples=400, deadline=None)
@given(st.lists(payload(), max_size=6))
def test_many_files_at_once_give_what_each_gives_by_itself(payloads):
    texts = TEXT.split(payloads, labelled=False)
    rows, faults, _, refused = one_by_one(payloads)
    odd = set(texts.odd)

    together = dict(
        zip(zip(texts.file.tolist(), texts.row.tolist(), strict=True), _cells(texts), strict=True)
    )
    assert together == {key: cells for key, cells in rows.items() if key[0] not in odd}
    assert refused <= odd
    assert {(at, f.row, f.code, f.detail) for at, f in texts.faults} == {f for f in faults if f[0] not in odd}
    alone = one_by_one([data for at, data in enumerate(payloads) if at not in odd])
    assert dict(texts.extra_columns) == alone[2]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.lists(fields, min_size=2, max_size=2), max_size=5), min_size=1, max_size=5))
def test_sound_files_need_no_reading_one_by_one(files):
    payloads = [b"word;amount\n" + b"".join(b";".join(row) + b"\n" for row in rows) for rows in files]
    texts = TEXT.split(payloads, labelled=False)

    assert texts.odd == ()
    assert len(texts.row) == sum(map(len, files))
    assert (np.diff(texts.file) >= 0).all()


def test_no_text_is_taken_for_a_missing_value():
    texts = TEXT.split([b"word;amount\nNA;\nnull;NaN\n"], labelled=False)

    assert _cells(texts) == [("NA", ""), ("null", "NaN")]


def test_a_long_line_is_a_fault_of_its_own_and_the_lines_around_it_are_read():
    texts = TEXT.split([b"word;amount\na;1\n" + b"b" * 50 + b";1\nc;1\n"], labelled=False)

    assert texts.row.tolist() == [0, 2]
    assert [(at, f.row, f.code) for at, f in texts.faults] == [(0, 1, "NL-A008")]


def _cells(texts):
    columns = [texts.table.column(name).to_pylist() for name in ("word", "amount")]
    return list(zip(*columns, strict=True))


@pytest.mark.parametrize("payload", [b"\x00a;b\n1;2\n", b"\x00;a;b\n0;1;2\n", b"\x00", b""])
def test_no_file_is_lost_whatever_its_first_byte_is(payload):
    text = Delimited(columns=("a", "b", "label"), encoding="latin-1", alphabet=bytes(range(256)))
    texts = text.split([payload, b"a;b\n1;2\n"], labelled=False)

    assert 0 in {*texts.file.tolist(), *texts.odd}
