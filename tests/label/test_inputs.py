"""Lists of pinned files are tables from the first step to the last."""

import hashlib

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.errors import UnavailableError
from nightlabel.label import inputs, tally
from nightlabel.label.inputs import Input
from tests.label.nights import DATE, TINY, champion, night, planned, put

untimed = settings(deadline=None)
FOLDER = f"tiny/nights/{DATE}/night"
files = st.lists(
    st.builds(Input, st.text(), st.text(), st.integers(0, 2**40), st.sampled_from(["a" * 64, "b" * 64]))
)


def tabled(rows):
    columns = zip(*rows, strict=True) if rows else ((),) * 4
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, inputs.COLUMNS, strict=True)], inputs.COLUMNS
    )


@untimed
@given(files)
def test_the_rows_of_a_table_are_its_files(rows):
    assert list(inputs.rows(tabled(rows))) == rows


@pytest.mark.parametrize("number", [0, 1, 40_000])
def test_what_is_written_is_what_is_read(folder_lake, number):
    rows = [Input(f"{n}.csv", f"v{n}", n, "a" * 64) for n in range(number)]
    made = planned(folder_lake)

    shard = inputs.write(folder_lake, FOLDER, "0000", [tabled(rows)])

    assert inputs.table(folder_lake, made, shard).schema.equals(inputs.COLUMNS)
    assert list(inputs.rows(inputs.table(folder_lake, made, shard))) == rows
    assert (shard.files, shard.bytes) == (number, sum(row.size for row in rows))
    assert shard.inputs == tally.of_files((row.source, row.version) for row in rows)
    assert shard.part_sha256 == hashlib.sha256(folder_lake.get(f"{FOLDER}/{shard.part}")).hexdigest()


def test_a_generation_holds_what_was_carried_and_what_was_planned(lake):
    put(lake, "a.csv", "cat;1")
    put(lake, "b.csv", "cat;1")
    night(lake)
    changed = put(lake, "a.csv", "horse;1")
    made = planned(lake, "second", model=champion("2", "f" * 64))

    held = {i.source[-5:]: i for i in inputs.rows(inputs.of_generation(lake, made))}

    assert held.keys() == {"a.csv", "b.csv"}
    assert (held["a.csv"].version, held["a.csv"].model) == (changed.version, "f" * 64)
    assert held["b.csv"].model == champion().sha256
    assert made.replaces == 1


def test_one_damaged_part_of_many_is_told(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    made = planned(folder_lake)
    folder_lake.put(f"{FOLDER}/{made.shards[0].part}", b"PAR1 cut")

    with pytest.raises(UnavailableError) as fault:
        inputs.tables(folder_lake, made, made.shards)

    assert (fault.value.code, TINY.name) == ("NL-B007", "tiny")
