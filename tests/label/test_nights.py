"""Nights, one after the other: what stands in the table after each."""

import pytest

from nightlabel.errors import RefusedError
from nightlabel.label import generations, last_night, publish, read_labels, read_summary, verify
from tests.label.nights import DATE, NEXT, TINY, Parity, champion, night, planned, put


def words(lake, date=DATE):
    """The words' sources and labels that stand, as (file, row, label or code)."""
    frame = read_labels(lake, "tiny", date)
    if frame.empty:
        return []
    name = frame["source"].str.rsplit("/", n=1).str[-1]
    row = frame["row"].astype(object).where(frame["row"].notna(), None)
    return sorted(
        zip(name, row, frame["label"].fillna(frame["error_code"]), strict=True),
        key=lambda r: (r[0], r[1] or 0),
    )


def test_a_night_labels_every_record_and_carries_its_columns(lake):
    put(lake, "a.csv", "cat;1.50", "frog;2")

    done = night(lake)

    frame = read_labels(lake, "tiny", DATE).sort_values("row")
    assert (done.outcome, done.generation, done.records) == ("committed", 1, 2)
    assert frame["label"].tolist() == ["odd", "even"]
    assert [str(a) for a in frame["amount"]] == ["1.50", "2.00"]
    assert frame["abstain"].tolist() == [True, False]
    assert list(frame["top_labels"].iloc[0]) == ["odd", "other", "other"]
    assert set(frame["model_version"]) == {"1"}
    assert verify(TINY, lake, DATE).ok


def test_bad_records_and_bad_files_are_quarantined_beside_labelled_ones(folder_lake):
    put(folder_lake, "a.csv", "cat;1", "frog;x", "bird", "bee;2")
    folder_lake.put(f"tiny/inbox/date={DATE}/b.csv", b"word;amount\n\xff;1")
    folder_lake.put(f"tiny/inbox/date={DATE}/c.csv", b"poison")

    done = night(folder_lake)

    assert words(folder_lake) == [
        ("a.csv", 0, "odd"),
        ("a.csv", 1, "NL-A009"),
        ("a.csv", 2, "NL-A005"),
        ("a.csv", 3, "odd"),
        ("b.csv", None, "NL-A001"),
        ("c.csv", None, "NL-A000"),
    ]
    assert done.records == 6
    assert verify(TINY, folder_lake, DATE).ok


def test_the_same_night_again_changes_nothing_and_says_so(lake):
    put(lake, "a.csv", "cat;1")
    night(lake)
    objects = set(lake.list("tiny"))

    again = publish(TINY, lake, DATE, "night")

    assert again.outcome == "already"
    assert "nothing to do" in again.sentence
    assert set(lake.list("tiny")) == objects


def test_another_run_over_the_same_files_makes_no_generation(lake):
    put(lake, "a.csv", "cat;1")
    night(lake)

    again = night(lake, "second")

    assert (again.outcome, again.generation) == ("noop", 1)
    assert [c.run for c in generations(lake, "tiny", DATE)] == ["night"]


def test_a_late_file_makes_the_next_generation_and_the_others_keep_their_rows(lake):
    put(lake, "a.csv", "cat;1")
    night(lake)
    put(lake, "late.csv", "frog;1")

    done = night(lake, "second")

    assert (done.generation, done.records) == (2, 2)
    assert words(lake) == [("a.csv", 0, "odd"), ("late.csv", 0, "even")]
    assert set(read_labels(lake, "tiny", DATE)["run"]) == {"night", "second"}
    assert verify(TINY, lake, DATE).ok


def test_a_changed_file_replaces_its_records_and_no_others(lake):
    put(lake, "a.csv", "cat;1", "frog;1")
    put(lake, "b.csv", "bee;1")
    night(lake)
    put(lake, "a.csv", "horse;1")

    done = night(lake, "second")

    assert (done.generation, done.records) == (2, 2)
    assert words(lake) == [("a.csv", 0, "odd"), ("b.csv", 0, "odd")]
    assert verify(TINY, lake, DATE).ok


def test_labels_of_a_file_that_left_the_inbox_stay(lake):
    entry = put(lake, "a.csv", "cat;1")
    night(lake)
    lake.delete(entry.key)
    put(lake, "b.csv", "frog;1")

    night(lake, "second")

    assert words(lake) == [("a.csv", 0, "odd"), ("b.csv", 0, "even")]
    accounting = verify(TINY, lake, DATE)
    assert (accounting.ok, accounting.gone, accounting.read_again) == (True, 1, 1)


def test_an_empty_day_is_committed_and_told_apart_from_one_that_was_not_run(lake):
    done = night(lake)

    assert (done.outcome, done.generation, done.records) == ("committed", 1, 0)
    assert verify(TINY, lake, DATE).state == "empty"
    assert verify(TINY, lake, NEXT).state == "not run"
    assert not verify(TINY, lake, NEXT).ok
    assert read_summary(lake, "tiny", DATE, "night").empty


def test_a_file_that_comes_after_an_empty_day_is_labelled(folder_lake):
    night(folder_lake)
    put(folder_lake, "a.csv", "cat;1")

    assert night(folder_lake, "second").generation == 2
    assert words(folder_lake) == [("a.csv", 0, "odd")]


def test_files_without_records_are_planned_once(folder_lake):
    folder_lake.put(f"tiny/inbox/date={DATE}/empty.csv", b"")
    put(folder_lake, "header.csv")

    assert (night(folder_lake).records, night(folder_lake, "second").outcome) == (0, "noop")
    assert verify(TINY, folder_lake, DATE).files == 2


def test_a_new_model_alone_relabels_nothing_unless_asked(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)
    other = champion("2", "f" * 64)

    assert night(folder_lake, "second", model=other).outcome == "noop"
    asked = night(folder_lake, "third", model=other, labeller=Parity("f" * 64, odd="other"), reason="relabel")

    assert (asked.generation, words(folder_lake)) == (2, [("a.csv", 0, "other")])
    assert night(folder_lake, "fourth", model=other, reason="relabel").outcome == "noop"
    assert verify(TINY, folder_lake, DATE).ok


def test_nights_of_different_dates_do_not_touch_each_other(lake):
    put(lake, "a.csv", "cat;1")
    put(lake, "a.csv", "frog;1", date=NEXT)
    night(lake)

    night(lake, date=NEXT)

    assert (words(lake), words(lake, NEXT)) == ([("a.csv", 0, "odd")], [("a.csv", 0, "even")])
    assert last_night(lake, "tiny") == NEXT


def test_nothing_is_read_where_nothing_was_committed(lake):
    assert read_labels(lake, "tiny").empty
    assert last_night(lake, "tiny") is None
    assert generations(lake, "tiny", DATE) == []


@pytest.mark.parametrize("date", ["20260131", "2026-02-30", "yesterday", "../2026-01-31", "2026-01-31\n", ""])
def test_a_date_in_any_other_form_is_refused(folder_lake, date):
    with pytest.raises(RefusedError) as refusal:
        planned(folder_lake, date=date)

    assert refusal.value.code == "NL-H002"


@pytest.mark.parametrize("run", ["", "../x", "a/b", "a b", "-x", "x" * 200, "{{ ds }}"])
def test_a_run_that_cannot_stand_in_a_key_is_refused(folder_lake, run):
    with pytest.raises(RefusedError) as refusal:
        planned(folder_lake, run)

    assert refusal.value.code == "NL-H002"


def test_the_summary_tells_people_what_the_night_did(folder_lake):
    put(folder_lake, "a.csv", "cat;1", "frog;x", "?owl;3")

    night(folder_lake)

    told = read_summary(folder_lake, "tiny", DATE, "night")
    assert (told.files, told.records, told.labelled, told.quarantined) == (1, 3, 2, {"NL-A009": 1})
    assert (told.unknown_share, told.partition_records, told.empty) == (0.5, 3, False)
    assert told.seconds > 0
    assert told.records_per_second > 0
