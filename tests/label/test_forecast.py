"""Laws of the forecast, and what a plan makes of past nights."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.label import forecast, read_summary, share
from nightlabel.label.forecast import Backlog, backlog, done, past, pods_for, shards_for
from nightlabel.label.forecast_papers import LONGEST
from nightlabel.label.papers import Pace, Plan
from tests.label.nights import DATE, TINY, night, planned, put

untimed = settings(deadline=None)
seconds = st.floats(0, LONGEST)
paces = st.builds(
    Pace,
    start=seconds,
    seconds=seconds,
    files=st.integers(0, 10**9),
    bytes=st.integers(0, 10**15),
    pod_seconds=seconds,
    publish=seconds,
)
pasts = st.builds(past, st.lists(paces, max_size=12), st.floats(0.1, 8))
works = st.floats(0, 10**8)
backlogs = st.tuples(works, st.floats(0, 1)).map(lambda pair: Backlog(pair[0], pair[0] * pair[1]))
pods = st.integers(1, 64)
deadlines = st.floats(0, 10**6)


def pace(seconds, start=60.0, publish=5.0, files=10_000):
    return Pace(start=start, seconds=seconds, files=files, bytes=0, pod_seconds=seconds, publish=publish)


@untimed
@given(backlogs, pasts, pods)
def test_a_forecast_is_finite_and_in_order(what, known, number):
    found = done(what, known, number)

    assert 0 <= found.low <= found.middle <= found.high < math.inf


@untimed
@given(backlogs, works, pasts, pods)
def test_more_files_are_never_done_earlier(what, more, known, number):
    larger = Backlog(what.total + more, what.largest + more)

    assert done(what, known, number).middle <= done(larger, known, number).middle


@untimed
@given(backlogs, pasts, pods, pods)
def test_more_pods_are_never_done_later(what, known, number, more):
    assert done(what, known, number + more).high <= done(what, known, number).high


@untimed
@given(backlogs, works, pasts, pods, deadlines)
def test_a_larger_backlog_never_gets_fewer_pods(what, more, known, most, deadline):
    larger = Backlog(what.total + more, what.largest + more)

    assert pods_for(what, known, most, deadline) <= pods_for(larger, known, most, deadline) <= most


@untimed
@given(backlogs, pasts.filter(lambda known: known.nights), pods, deadlines)
def test_one_pod_fewer_would_not_meet_the_deadline_with_its_reserve(what, known, most, deadline):
    chosen = pods_for(what, known, most, deadline)

    assert chosen == 1 or done(what, known, chosen - 1).high > deadline * (1 - forecast.RESERVE)


@untimed
@given(backlogs, pasts, pods, deadlines)
def test_a_night_that_makes_its_deadline_has_one_shard_for_each_pod(what, known, number, deadline):
    shards = shards_for(what, known, number, deadline)

    assert number <= shards <= max(number, forecast.MOST_SHARDS)
    if done(what, known, number).middle <= deadline:
        assert shards == number


@untimed
@given(paces.filter(lambda p: p.files), st.integers(1, 11))
def test_more_nights_that_agree_make_the_interval_narrower(one, nights):
    few, many = past([one] * nights), past([one] * (nights + 1))

    assert few.slowness.middle == many.slowness.middle
    assert few.slowness.low <= many.slowness.low
    assert many.slowness.high <= few.slowness.high


def test_one_night_that_went_wrong_moves_nothing_much():
    usual = [pace(100.0 + n) for n in range(9)]

    calm, shaken = past(usual), past([*usual, pace(50_000.0)])

    assert shaken.slowness.middle <= calm.slowness.middle * 1.05
    assert shaken.slowness.high <= calm.slowness.high * 1.05


def test_a_large_file_bounds_what_pods_can_do():
    what = backlog(np.array([10**9, 1, 1]))

    assert done(what, past([]), 64).middle >= past([]).slowness.middle * what.largest


def test_without_past_nights_all_pods_are_taken_and_the_interval_is_wide(monkeypatch, folder_lake):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)
    for n in range(5):
        put(folder_lake, f"{n}.csv", "cat;1")

    told = planned(folder_lake).forecast

    assert (told.pods, told.nights, told.makes_it) == (TINY.card.max_pods, 0, True)
    assert told.high > 2 * told.middle


def test_past_nights_tell_how_long_the_next_one_takes_and_that_one_pod_will_do(monkeypatch, lake):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)
    for day in range(1, 5):
        for n in range(4):
            put(lake, f"{n}.csv", "cat;1", date=f"2026-01-0{day}")
        night(lake, f"night-{day}", f"2026-01-0{day}")
    put(lake, "a.csv", "cat;1")
    put(lake, "b.csv", "cat;1")

    made = planned(lake)

    assert (made.forecast.nights, made.forecast.pods, len(made.shards)) == (4, 1, 1)
    assert made.forecast.low <= made.forecast.middle < made.forecast.high < 1800
    due = datetime.fromisoformat(made.created) + timedelta(minutes=TINY.card.deadline_minutes)
    assert datetime.fromisoformat(made.forecast.deadline) == due


def test_a_summary_holds_the_forecast_against_what_was(lake):
    put(lake, "a.csv", "cat;1")
    night(lake)

    found = read_summary(lake, "tiny", DATE, "night")

    assert found.forecast == planned(lake).forecast
    assert 0 < found.pace.seconds <= found.took < 1800
    assert found.pace.files == 1


def test_a_damaged_summary_costs_the_forecast_and_not_the_night(folder_lake):
    put(folder_lake, "a.csv", "cat;1", date="2026-01-30")
    night(folder_lake, date="2026-01-30")
    folder_lake.put("tiny/nights/2026-01-30/night/summary.json", b"{}")
    put(folder_lake, "a.csv", "cat;1")

    assert planned(folder_lake).forecast.nights == 0


def test_a_day_without_files_has_no_forecast(folder_lake):
    assert planned(folder_lake).forecast is None


def test_a_plan_of_before_there_were_forecasts_is_read(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    made = planned(folder_lake)
    old = Plan.opened(made.sealed()).model_copy(update={"forecast": None})

    assert Plan.opened(old.sealed()).forecast is None


def test_a_night_that_all_pods_cannot_do_is_cut_small_so_that_it_gets_on(monkeypatch, folder_lake):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)
    monkeypatch.setattr(forecast, "_UNKNOWN", 1e9)
    for n in range(20):
        put(folder_lake, f"{n}.csv", "cat;1")

    made = planned(folder_lake)

    assert not made.forecast.makes_it
    assert made.forecast.pods == TINY.card.max_pods < len(made.shards)
    assert datetime.fromisoformat(made.forecast.deadline) > datetime.now(UTC)
