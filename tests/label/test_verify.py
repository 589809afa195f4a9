"""The accounting finds what does not add up, wherever it was lost."""

import importlib
from datetime import date

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from nightlabel.label import verify
from nightlabel.label.table import find
from tests.label.nights import DATE, NEXT, TINY, night, put, reading_like

accounting = importlib.import_module("nightlabel.label.verify")


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


def test_rows_of_an_empty_day_are_found(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)
    night(folder_lake, date=NEXT)
    table = find(folder_lake, "tiny")
    rows = pa.table(table.to_pyarrow_table())
    day = pa.array([date.fromisoformat(NEXT)], rows.schema.field("date").type)
    write_deltalake(table, rows.set_column(rows.schema.get_field_index("date"), "date", day), mode="append")

    found = verify(TINY, folder_lake, NEXT)

    assert (found.ok, found.unexpected, found.files) == (False, 1, 0)


def test_a_data_file_that_is_not_the_receipts_is_found(committed):
    first, second = (e.key for e in sorted(committed.list(f"tiny/labels/date={DATE}/outcome=labelled")))
    committed.put(first, committed.get(second))

    found = verify(TINY, committed, DATE)

    assert not found.ok
    assert any("is not the one of its receipt" in line for line in found.differences)


def first_data_file(lake):
    return min(entry.key for entry in lake.list(f"tiny/labels/date={DATE}/outcome=labelled"))


def test_a_data_file_that_is_gone_is_found(committed):
    committed.delete(first_data_file(committed))

    found = verify(TINY, committed, DATE)

    assert (found.ok, found.missing) == (False, 2)
    assert any(line.endswith("is gone") for line in found.differences)


def test_a_data_file_that_cannot_be_read_is_found(committed):
    key = first_data_file(committed)
    data = bytearray(committed.get(key))
    data[20] ^= 1
    committed.put(key, bytes(data))

    found = verify(TINY, committed, DATE)

    assert not found.ok
    assert any("cannot be read" in line for line in found.differences)


def test_differences_are_counted_also_where_they_are_too_many_to_be_named(folder_lake, monkeypatch):
    monkeypatch.setattr(accounting, "_SUSPECTS", 7)
    for number in range(30):
        put(folder_lake, f"{number}.csv", "cat;1", "frog;2", "bird;3")
    night(folder_lake)
    find(folder_lake, "tiny").delete("row = 1")

    found = verify(TINY, folder_lake, DATE)

    assert (found.missing, found.unexpected, found.duplicates) == (30, 0, 0)
    assert found.differences[-1] == "and 11 more"


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
