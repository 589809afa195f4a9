"""The accounting finds what does not add up, wherever it was lost."""

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from nightlabel.label import verify
from nightlabel.label.table import find
from tests.label.nights import DATE, TINY, night, put, reading_like


@pytest.fixture
def committed(folder_lake):
    """A lake with two committed generations of one date, six records."""
    put(folder_lake, "a.csv", "cat;1", "frog;2", "bird")
    night(folder_lake)
    put(folder_lake, "b.csv", "bee;1", "owl;x", "ox;3")
    night(folder_lake, "second")
    assert verify(TINY, folder_lake, DATE).ok
    return folder_lake


def test_everything_is_counted(committed):
    found = verify(TINY, committed, DATE)

    assert (found.state, found.generation, found.run) == ("labelled", 2, "second")
    assert (found.inbox_files, found.files, found.read_again, found.waiting, found.gone) == (2, 2, 2, 0, 0)
    assert (found.records, found.labelled, found.quarantined) == (6, 4, {"NL-A005": 1, "NL-A009": 1})
    assert found.differences == found.notes == ()


def test_late_and_changed_files_wait_and_are_no_difference(committed):
    put(committed, "late.csv", "cat;1")
    put(committed, "a.csv", "horse;1")

    found = verify(TINY, committed, DATE)

    assert (found.ok, found.waiting, found.gone) == (True, 2, 1)


def test_deleted_rows_are_missing(committed):
    find(committed, "tiny").delete("source like '%a.csv' and row = 0")

    found = verify(TINY, committed, DATE)

    assert (found.ok, found.missing) == (False, 1)
    assert any("1 records before its last one are missing" in line for line in found.differences)


def test_a_deleted_last_row_is_missing_too(committed):
    find(committed, "tiny").delete("source like '%b.csv' and row = 2")

    found = verify(TINY, committed, DATE)

    assert (found.ok, found.missing) == (False, 1)
    assert any("3 records in the inbox, 2 in the table" in line for line in found.differences)


def test_doubled_and_foreign_rows_are_found(committed):
    table = find(committed, "tiny")
    rows = pa.table(table.to_pyarrow_table()).slice(0, 2)
    foreign = rows.set_column(rows.schema.get_field_index("source"), "source", pa.array(["x", "x"]))
    write_deltalake(table, pa.concat_tables([rows, foreign]), mode="append")

    found = verify(TINY, committed, DATE)

    assert (found.ok, found.duplicates, found.unexpected) == (False, 2, 2)


def test_a_data_file_that_is_not_the_receipts_is_found(committed):
    first, second = (e.key for e in sorted(committed.list(f"tiny/labels/date={DATE}/outcome=labelled")))
    committed.put(first, committed.get(second))

    found = verify(TINY, committed, DATE)

    assert not found.ok
    assert any("is not the one of its receipt" in line for line in found.differences)


def test_a_lost_receipt_is_found(committed):
    committed.delete(f"tiny/nights/{DATE}/night/receipts/0000.json")

    found = verify(TINY, committed, DATE)

    assert found.differences[0] == "generation 1: 0 of 1 receipts are left"


def test_upkeep_by_another_engine_changes_nothing(committed):
    table = find(committed, "tiny")
    assert table.optimize.compact()["numFilesRemoved"] > 0
    table.create_checkpoint()

    assert verify(TINY, committed, DATE).ok
    put(committed, "a.csv", "horse;1")
    assert night(committed, "third").records == 4
    assert verify(TINY, committed, DATE).ok


def test_a_file_that_could_be_read_after_a_fix_is_told(committed):
    committed.put(f"tiny/inbox/date={DATE}/c.csv", b"poison\ncat;1")
    night(committed, "third")
    fixed = reading_like(lambda data, **how: TINY.schema.read(data.replace(b"poison", b"word;amount"), **how))

    found = verify(fixed, committed, DATE)

    assert found.ok
    assert any("quarantined as a whole, could be read now" in line for line in found.notes)
