"""What must hold for the bytes of any file, whichever use case reads them; also run by ``make fuzz``."""

import re
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from nightlabel import catalog, validate
from nightlabel.contract import delimited
from nightlabel.errors import QuarantineError
from nightlabel.label import longfile, tally, together
from nightlabel.label.inputs import Input
from nightlabel.label.reading import batches
from nightlabel.store import open_uri
from tests.label.nights import TINY

ROOT = Path(__file__).parents[2]
CODES = set(re.findall(r"`(NL-A\d{3})`", (ROOT / "docs" / "errors.md").read_text()))
"""What a record or a file may be in quarantine for."""

UNNAMED = "NL-A000"
"""The fault of a reader that raised what it should not."""

USECASES = {card.name: catalog.load(card.name) for card in catalog.usecases()} | {"tiny": TINY}
SHORT = 150
"""Longest line while the laws are tried, so that a file of some hundred bytes can be a long one."""

_LONGEST_DETAIL = 1200  # characters; twenty names of a header are quoted

LEAST = 7
"""Bytes of a part of a long file, at least, where a byte of the fuzzer's chooses it."""


def seeds(usecase):
    """Give sound files of a use case, small ones."""
    if usecase is TINY:
        return [b"word;amount\ncat;1\nfrog;2.50\n", "word;amount;hue\r\nção;-3;red\r\n".encode()]
    files = sorted((usecase.folder / "sample").glob("*.csv"))
    return [b"".join(file.read_bytes().splitlines(keepends=True)[:4]) for file in files]


def hold(usecase, payloads, size):
    """Hold the laws against some files.

    Args:
        usecase: Who reads them.
        payloads: The bytes of each file.
        size: Bytes of a batch, and of a part of a file that is longer than some of these.
    """
    lake = open_uri("memory://")
    inputs = [_delivered(lake, at, payload) for at, payload in enumerate(payloads)]
    with _short_lines() as patch:
        expected = [_alone(usecase, file.source, data) for file, data in zip(inputs, payloads, strict=True)]
        for data, account in zip(payloads, expected, strict=True):
            _is_whole(usecase, data, account)
            if usecase is not TINY:
                _is_whole(usecase, data, _alone(usecase, "labelled", data, labelled=True))
        for long_from, bounds in ((4, {}), (4, {"batch_files": 1}), (1, {"batch_bytes": size})):
            patch.setattr(together, "_LONG", long_from)
            assert _by_night(usecase, lake, inputs, **bounds) == _sum(inputs, expected)


def hold_fast(usecase, payload, size):
    """Hold the same laws against one file without a lake: many times as fast, for the fuzzer.

    Args:
        usecase: Who reads it.
        payload: The bytes of the file.
        size: Bytes of a part, where the file is read in parts.
    """
    with _short_lines():
        account = _alone(usecase, "file", payload)
        _is_whole(usecase, payload, account)
        if usecase is TINY:
            return
        _is_whole(usecase, payload, _alone(usecase, "labelled", payload, labelled=True))
        text, sound = usecase.schema.TEXT, seeds(usecase)[0]
        expected = _split(text, payload)
        at_once = text.split([sound, payload, sound], labelled=False)
        if 1 not in at_once.odd:
            assert _texts(at_once, 1) == expected
            _accepts_what_is_checked(usecase, at_once, account)
        assert _texts(at_once, 0) == _texts(at_once, 2) == _split(text, sound)
        assert _in_parts(text, payload, size) == expected


@contextmanager
def _short_lines():
    """Take a line for too long from ``SHORT`` bytes on."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (delimited, longfile):
            patch.setattr(module, "MAX_LINE", SHORT)
        patch.setattr(longfile, "_STUMP", SHORT + 2)
        yield patch


def _split(text, payload):
    """Split one file by the plain way; a file that is refused gives its fault."""
    try:
        reading = text.read(payload, labelled=False)
    except QuarantineError as fault:
        return fault.code, fault.sentence
    rows = {int(row): tuple(cells) for row, *cells in reading.frame.itertuples()}
    return rows, {(f.row, f.code, f.detail) for f in reading.faults}


def _texts(texts, file):
    """Give what was read of one of the files at once, as ``_split`` does."""
    names = texts.table.column_names
    cells = zip(*(texts.table.column(name).to_pylist() for name in names), strict=True)
    found = zip(texts.file.tolist(), texts.row.tolist(), cells, strict=True)
    faults = {(f.row, f.code, f.detail) for at, f in texts.faults if at == file}
    return {row: values for at, row, values in found if at == file}, faults


def _in_parts(text, payload, size):
    long = longfile.LongFile(text, Input("file", "v", len(payload), ""))
    starts = range(0, max(1, len(payload)), size)
    for start in starts:
        long.look(start, payload[start : start + size])
    rows, faults = {}, set()
    for start in starts:
        taken = long.take(start, payload[start : start + size])
        if isinstance(taken, QuarantineError):
            return taken.code, taken.sentence
        if taken is not None:
            more, bad = _texts(taken, 0)
            assert not rows.keys() & more.keys()
            rows, faults = rows | more, faults | bad
    return rows, faults


def _accepts_what_is_checked(usecase, texts, account):
    """What is accepted by column is what is valid by row, value for value."""
    schema = usecase.schema
    accepted = validate.accept(texts.table, schema.Record, schema.COLUMNS)
    chosen = accepted.sound & (texts.file == 1)
    cells = validate.typed(accepted.table.filter(chosen)).itertuples(index=False)
    valid = {row: tuple(values) for _, row, *values in account[0]}
    for row, values in zip(texts.row[chosen].tolist(), cells, strict=True):
        assert tuple(values) == valid[row]


def _delivered(lake, at, payload):
    entry = lake.put(f"{at:05}.csv", payload)
    return Input(entry.key, entry.version, entry.size, "")


def _alone(usecase, name, payload, *, labelled=False):
    """Read one file by the plain way: its valid rows, and its faults."""
    schema = usecase.schema
    try:
        reading = schema.read(payload, labelled=labelled)
        record = schema.LabelledRecord if labelled else schema.Record
        checked = validate.check(reading, record, schema.COLUMNS)
    except QuarantineError as fault:
        return [], [(name, None, fault.code, fault.sentence)]
    except Exception as error:
        if usecase is not TINY:  # whose reader is there to break
            raise
        return [], [(name, None, UNNAMED, f"reading this file failed: {type(error).__name__}")]
    rows = [(name, int(row), *cells) for row, *cells in checked.frame.itertuples()]
    return rows, [(name, f.row, f.code, f.detail) for f in checked.faults]


def _is_whole(usecase, payload, account):
    """Hold one account against the file: each line once, each fault with a code and a sentence to show."""
    rows, faults = account
    for _, _, code, detail in faults:
        assert code in CODES
        assert detail.isprintable()
        assert len(detail) <= _LONGEST_DETAIL or usecase is TINY  # which quotes the whole header
    if faults and faults[0][1] is None:
        assert (rows, len(faults)) == ([], 1)
        return
    ordinals = sorted([row[1] for row in rows] + [fault[1] for fault in faults])
    assert ordinals == list(range(len(ordinals)))
    if hasattr(usecase.schema, "TEXT"):
        lines = [line for line in payload.removeprefix(delimited.MARK).split(b"\n") if line.strip()]
        assert len(ordinals) == max(0, len(lines) - 1)


def _sum(inputs, expected):
    """Give what a night must make of accounts: rows, faults, and the tally of the records' ids."""
    ids = tally.Tally()
    for file, (rows, faults) in zip(inputs, expected, strict=True):
        ordinals = [row[1] for row in rows] + [-1 if fault[1] is None else fault[1] for fault in faults]
        ids += tally.of_records(file.source, file.version, np.array(ordinals, np.int64))
    return [r for rows, _ in expected for r in rows], [f for _, faults in expected for f in faults], ids


def _by_night(usecase, lake, inputs, **bounds):
    """Give the same as a night reads it."""
    rows, faults, ids = [], [], tally.Tally()
    for batch in batches(usecase, lake, inputs, **bounds):
        names = [batch.files[at].source for at in batch.file]
        cells = validate.typed(batch.valid).itertuples(index=False)
        rows += [(n, int(row), *c) for n, row, c in zip(names, batch.row, cells, strict=True)]
        faults += [(batch.files[at].source, f.row, f.code, f.detail) for at, f in batch.faults]
        ids += tally.of_rows(tally.seeds((f.source, f.version) for f in batch.files), *batch.ids)
    return rows, faults, ids
