"""At its deadline a night stops softly: nothing partial is visible unless the card asks for it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from nightlabel.errors import RefusedError
from nightlabel.label import generations, label_shard, publish, read_labels, read_summary, share, verify
from tests.label.nights import DATE, TINY, Parity, label_all, night, planned, put

PARTIAL = replace(TINY, card=TINY.card.model_copy(update={"publish_partial": True}))


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)


def after():
    """A moment behind every deadline of these nights."""
    return datetime.now(UTC) + timedelta(days=1)


def cut_off(lake, run="night", shards=2):
    for n in range(9):
        put(lake, f"{n}.csv", "cat;1", f"frog;{n}")
    made = planned(lake, run)
    label_all(lake, made.model_copy(update={"shards": made.shards[:shards]}))
    return made


def late_publish(usecase, lake, run="night"):
    return publish(usecase, lake, DATE, run, clock=after)


def refused(call, *args, **named):
    with pytest.raises(RefusedError) as refusal:
        call(*args, **named)
    return refusal.value


def test_a_shard_stops_between_two_batches_and_leaves_no_receipt(lake):
    for n in range(9):
        put(lake, f"{n}.csv", "cat;1")
    made, batches = planned(lake, pods=1), []

    def clock():
        return after() if len(batches) > 1 else datetime.now(UTC)

    error = refused(
        label_shard, TINY, lake, DATE, "night", "0000", Parity(), lambda *done: batches.append(done),
        batch_files=2, clock=clock,
    )  # fmt: skip

    assert (error.code, error.exit_code, error.facts) == (
        "NL-N010",
        64,
        {"shard": "0000", "files": 4, "of": 9},
    )
    assert error.sentence == f"stopped at the deadline of {DATE} after 4 of the 9 files of shard 0000"
    assert list(lake.list(f"tiny/nights/{DATE}/night/receipts")) == []
    assert label_all(lake, made)[0].records == 9


def test_a_shard_whose_last_file_is_labelled_at_the_deadline_leaves_its_receipt(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    planned(folder_lake)
    moments = iter([datetime.now(UTC)])

    receipt = label_shard(
        TINY, folder_lake, DATE, "night", "0000", Parity(), clock=lambda: next(moments, after())
    )

    assert receipt.files == 1


def test_after_the_deadline_no_shard_begins_but_a_finished_one_is_found(folder_lake):
    made = cut_off(folder_lake)
    names = [shard.name for shard in made.shards]

    found = label_shard(TINY, folder_lake, DATE, "night", names[0], Parity(), clock=after)
    error = refused(label_shard, TINY, folder_lake, DATE, "night", names[2], Parity(), clock=after)

    assert found.superseded
    assert (error.code, error.facts["files"]) == ("NL-N010", 0)


def test_a_night_that_is_not_done_at_its_deadline_shows_nothing_and_the_next_run_resumes(lake):
    cut_off(lake)

    error = refused(late_publish, TINY, lake)

    assert (error.code, error.exit_code, error.facts["missing"]) == ("NL-N011", 64, ["0002"])
    assert error.sentence == f"the deadline of {DATE} passed with 2 of 3 shards done"
    assert read_labels(lake, "tiny").empty
    assert sum(shard.origin is not None for shard in planned(lake, "again").shards) == 2
    assert night(lake, "again").records == 18
    assert verify(TINY, lake, DATE).ok


def test_a_night_that_is_done_is_published_however_late(folder_lake):
    cut_off(folder_lake, shards=3)

    assert late_publish(PARTIAL, folder_lake).left_files == 0
    assert read_summary(folder_lake, "tiny", DATE, "night").complete == 1.0


def test_receipts_that_are_missing_before_the_deadline_are_no_part(folder_lake):
    cut_off(folder_lake)

    assert refused(publish, PARTIAL, folder_lake, DATE, "night").code == "NL-D006"


def test_where_the_card_says_so_what_is_complete_is_published_and_says_how_much_that_is(lake):
    made = cut_off(lake)
    left = made.shards[2].files

    done = late_publish(PARTIAL, lake)

    assert (done.outcome, done.left_files, done.records) == ("committed", left, 18 - 2 * left)
    assert f"in part: {left} files were not done at the deadline" in done.sentence
    (commit,) = generations(lake, "tiny", DATE)
    assert (commit.facts["left_files"], commit.facts["files"]) == (left, 9 - left)
    found = read_summary(lake, "tiny", DATE, "night")
    assert (found.files, found.left_files, found.complete) == (9 - left, left, pytest.approx(1 - left / 9))


def test_what_is_left_is_waiting_and_not_missing_and_belongs_to_the_next_night(lake):
    left = cut_off(lake).shards[2].files
    late_publish(PARTIAL, lake)

    found = verify(TINY, lake, DATE)

    assert (found.ok, found.waiting, found.missing, found.gone) == (True, left, 0, 0)
    assert f"{left} files of its plan were not done at the deadline" in found.notes[0]
    assert night(lake, "next").records == 18
    found = verify(TINY, lake, DATE)
    assert (found.ok, found.waiting, found.notes) == (True, 0, ())


def test_a_part_that_is_published_again_changes_nothing_even_when_the_rest_came_in(lake):
    made = cut_off(lake)
    late_publish(PARTIAL, lake)
    label_all(lake, made)

    again = late_publish(PARTIAL, lake)

    assert (again.outcome, again.left_files) == ("already", made.shards[2].files)
    assert len(generations(lake, "tiny", DATE)) == 1
    assert verify(TINY, lake, DATE).ok


def test_a_part_leaves_the_older_version_of_files_that_were_not_done(lake):
    for n in range(9):
        put(lake, f"{n}.csv", "old;1")
    night(lake, "before")
    made = cut_off(lake, "night")
    left = made.shards[2].files if len(made.shards) > 2 else 0

    done = late_publish(PARTIAL, lake)

    words = read_labels(lake, "tiny", DATE, ["amount"])
    assert len(words) == done.records == 2 * (9 - left) + left
    found = verify(TINY, lake, DATE)
    assert (found.ok, found.waiting, found.files) == (True, left, 9)
    assert night(lake, "next").records == 18
    assert verify(TINY, lake, DATE).ok


def test_a_part_of_nothing_is_refused(folder_lake):
    cut_off(folder_lake, shards=0)

    error = refused(late_publish, PARTIAL, folder_lake)

    assert (error.code, error.facts["done"]) == ("NL-N011", 0)
    assert read_labels(folder_lake, "tiny").empty


def test_an_empty_day_has_no_deadline(folder_lake):
    planned(folder_lake)

    assert late_publish(TINY, folder_lake).records == 0
