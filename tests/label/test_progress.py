"""How far a night is: receipts and marks, held against the forecast."""

from datetime import UTC, datetime, timedelta

import pytest

from nightlabel.errors import UnavailableError
from nightlabel.label import label_shard, marks, progress, share
from nightlabel.label.marks import Mark, newest
from nightlabel.label.progress import measure
from nightlabel.store import Store
from tests.label.nights import DATE, TINY, Parity, label_all, left_half_done, planned, put


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)


def plan_of(lake, files=9):
    for n in range(files):
        put(lake, f"{n}.csv", "cat;1")
    return planned(lake)


def at(made, seconds):
    return datetime.fromisoformat(made.created) + timedelta(seconds=seconds)


def mark(made, shard, share, seconds, started=0.0):
    return {
        made.shards[shard].name: Mark(
            made.shards[shard].name, "a", at(made, started), at(made, seconds), share
        )
    }


def measured(made, seconds, *, left=(), marked=None):
    receipts = {shard.name: object() if at in left else None for at, shard in enumerate(made.shards)}
    return measure(made, made.forecast, receipts, marked or {}, at(made, seconds))


def test_a_night_that_has_just_begun_ends_when_its_plan_says(folder_lake):
    made = plan_of(folder_lake)

    found = measured(made, 1)

    assert (found.share, found.expected, found.late) == (0.0, 0.0, False)
    assert found.finish == at(made, made.forecast.middle)


def test_shards_that_left_a_receipt_and_shares_of_others_are_done(lake):
    made = plan_of(lake)
    label_all(lake, made.model_copy(update={"shards": made.shards[:1]}))

    found = progress(lake, made, datetime.now(UTC))

    assert (found.done, found.shards, found.files_done, found.files) == (1, 3, made.shards[0].files, 9)
    assert found.share == pytest.approx(1 / 3, abs=0.01)


def test_a_pod_that_is_too_slow_is_late_long_before_the_deadline(folder_lake):
    made = plan_of(folder_lake)
    quick = mark(made, 0, 0.5, 300) | mark(made, 1, 0.5, 300)

    on_time = measured(made, 300, marked=quick | mark(made, 2, 0.5, 300))
    behind = measured(made, 300, marked=quick | mark(made, 2, 0.1, 300))

    assert (on_time.late, on_time.finish) == (False, at(made, 600))
    assert (behind.late, behind.finish) == (True, at(made, 3000))


def test_a_pod_that_never_came_or_fell_silent_moves_the_end_further_and_further(folder_lake):
    made = plan_of(folder_lake)
    last = mark(made, 2, 0.5, 60)

    ends = [measured(made, seconds, left={0, 1}, marked=last).finish for seconds in (100, 900, 1800, 3600)]
    never = [measured(made, seconds, left={0, 1}).finish for seconds in (100, 900, 1800)]

    assert ends == sorted(ends)
    assert ends[-1] > at(made, 3000)
    assert never[0] < never[1] < never[2]
    assert never[2] > at(made, 1800)


def test_a_night_all_of_whose_shards_are_done_is_not_late(folder_lake):
    made = plan_of(folder_lake)

    assert not measured(made, 60, left={0, 1, 2}).late


def test_a_day_without_files_has_no_progress(folder_lake):
    assert progress(folder_lake, planned(folder_lake), datetime.now(UTC)) is None


def test_a_pod_leaves_a_mark_at_each_tenth_and_the_newest_tells_how_far_it_is(lake, monkeypatch):
    monkeypatch.setattr(marks, "PERIOD", 0.0)
    made = plan_of(lake, files=60)
    shard = made.shards[0]

    label_shard(TINY, lake, DATE, "night", shard.name, Parity(), batch_files=1)

    assert len(list(lake.list(f"tiny/nights/{DATE}/night/progress"))) == 11
    (found,) = newest(lake, made).values()
    assert (found.shard, found.share) == (shard.name, 1.0)
    assert found.started <= found.at <= datetime.now(UTC)


def test_a_mark_whose_upload_a_killed_pod_left_half_done_is_none(folder_lake, monkeypatch):
    monkeypatch.setattr(marks, "PERIOD", 0.0)
    made = plan_of(folder_lake, files=20)
    label_shard(TINY, folder_lake, DATE, "night", made.shards[0].name, Parity(), batch_files=1)
    before = newest(folder_lake, made)
    left_half_done(folder_lake, f"tiny/nights/{DATE}/night/progress")

    assert newest(folder_lake, made) == before != {}


def test_a_short_shard_leaves_none(folder_lake):
    made = plan_of(folder_lake)

    label_all(folder_lake, made)

    assert newest(folder_lake, made) == {}


def test_a_mark_that_cannot_be_written_stops_nothing(folder_lake, monkeypatch):
    monkeypatch.setattr(marks, "PERIOD", 0.0)
    made = plan_of(folder_lake)
    create = Store.create

    def refuse(store, key, data):
        if "/progress/" in key:
            raise UnavailableError("no answer")
        return create(store, key, data)

    monkeypatch.setattr(Store, "create", refuse)

    assert len(label_all(folder_lake, made)) == 3
