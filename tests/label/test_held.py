"""A table is added up by file, and what does not add up is found, whatever it is."""

from collections import Counter

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.label import held, inputs, tally
from nightlabel.label.held import Held
from nightlabel.label.tally import WHOLE_FILE
from tests.label.test_inputs import tabled

untimed = settings(deadline=None)
FILES = [("a", "1"), ("b", "1"), ("b/c", "2")]
STANDING = tabled([inputs.Input(*file, 0, "m") for file in FILES])

files = st.sampled_from([*FILES, ("a", "2"), ("x", "1")])
ids = st.tuples(files, st.integers(0, 6) | st.just(WHOLE_FILE))


def batch(rows, encoded):
    columns = {
        "source": pa.array([file[0] for file, _ in rows], pa.string()),
        "source_version": pa.array([file[1] for file, _ in rows], pa.string()),
        "row": pa.array([None if row == WHOLE_FILE else row for _, row in rows], pa.int64()),
        "error_code": pa.array(["NL-A000" if row == WHOLE_FILE else None for _, row in rows], pa.string()),
    }
    if encoded:
        columns = {n: c.dictionary_encode() if n.startswith("source") else c for n, c in columns.items()}
    return pa.RecordBatch.from_pydict(columns)


def added(rows, cut, *, encoded=False):
    there = Held([STANDING])
    there.add(batch(rows[:cut], encoded))
    there.add(batch(rows[cut:], encoded))
    return there


def adds_up(ordinals):
    return sorted(ordinals) in ([WHOLE_FILE], list(range(len(ordinals))))


def ordinals_of(rows):
    return {file: [row for f, row in rows if f == file] for file in [*FILES, ("a", "2"), ("x", "1")]}


@untimed
@given(st.lists(ids, max_size=12), st.integers(0, 12), st.booleans())
def test_the_suspects_are_the_files_that_do_not_add_up_and_those_that_are_not_pinned(rows, cut, encoded):
    expected = {
        f for f, found in ordinals_of(rows).items() if found and (f not in FILES or not adds_up(found))
    }

    suspects = added(rows, cut, encoded=encoded).suspects()

    assert {tuple(seed) for seed in suspects.tolist()} == {tuple(s) for s in tally.seeds(expected).tolist()}


@untimed
@given(st.lists(st.integers(0, 30), min_size=3, max_size=3), st.randoms(), st.integers(0, 90))
def test_whole_files_in_any_order_leave_no_suspects(sizes, random, cut):
    rows = [(file, row) for file, size in zip(FILES, sizes, strict=True) for row in range(size)]

    there = added(random.sample(rows, len(rows)), cut)

    assert len(there.suspects()) == 0
    assert there.records.tolist() == sizes
    assert (there.last + 1).tolist() == sizes


@untimed
@given(st.lists(ids, max_size=12), st.integers(0, 12), st.booleans())
def test_ids_and_codes_are_counted_whoever_they_belong_to(rows, cut, encoded):
    there = added(rows, cut, encoded=encoded)

    assert there.ids == tally.total(
        tally.of_records(*file, np.array(found, np.int64)) for file, found in ordinals_of(rows).items()
    )
    assert +there.codes == Counter("NL-A000" if row == WHOLE_FILE else None for _, row in rows)


@untimed
@given(st.lists(ids, max_size=12), st.sets(files), st.booleans())
def test_the_rows_of_suspects_are_theirs_alone(rows, suspects, encoded):
    found = held.of(batch(rows, encoded), tally.seeds(sorted(suspects)))

    expected = [(*file, None if row == WHOLE_FILE else row) for file, row in rows if file in suspects]
    assert [tuple(row.values())[:3] for row in found.to_pylist()] == expected


def test_a_long_file_is_marked_piece_by_piece(monkeypatch):
    monkeypatch.setattr(held, "_SLICE", 7)
    rows = [(FILES[0], row) for row in range(40)]

    assert len(added(rows, 3).suspects()) == 0
    assert len(added(rows[:-2] + rows[:1] + rows[-1:], 3).suspects()) == 1
