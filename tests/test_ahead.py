"""A night that will miss its deadline is told before it does, and once."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from nightlabel.label import forecast, share
from nightlabel.label.marks import Mark
from nightlabel.monitor.lateness import last_due
from nightlabel.settings import settings
from nightlabel.steps import night as steps
from nightlabel.steps.ahead import follow, foretell
from nightlabel.steps.late import late
from tests.label.nights import TINY, USECASES, label_all, night, planned, publish, put

CARD = TINY.card
TONIGHT = last_due(CARD, datetime.now(UTC) + timedelta(days=2)).date
BEGUN = last_due(CARD, datetime.now(UTC) + timedelta(days=2)).deadline - CARD.deadline
BEFORE = last_due(CARD, BEGUN).date
WARNED = f"tiny: night {TONIGHT} will be late"


@pytest.fixture(autouse=True)
def _tiny(place, agent, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(USECASES))
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)
    settings.cache_clear()


def under_way(lake, monkeypatch):
    """A night that begins when it is due to begin."""
    for n in range(9):
        put(lake, f"{n}.csv", "cat;1", date=TONIGHT)
    with monkeypatch.context() as patch:
        patch.setattr("nightlabel.label.shards.datetime", _Clock)
        return planned(lake, date=TONIGHT)


class _Clock(datetime):
    @classmethod
    def now(cls, tz=None):
        return BEGUN.astimezone(tz)


class _NextDay(datetime):
    @classmethod
    def now(cls, tz=None):
        return (BEGUN + timedelta(days=1)).astimezone(tz)


def mark(monkeypatch, made, share, seconds):
    name = made.shards[0].name
    found = {name: Mark(name, "a", BEGUN, BEGUN + timedelta(seconds=seconds), share)}
    monkeypatch.setattr("nightlabel.label.marks.newest", lambda *_: found)


def checks(agent):
    """Give the service checks that were sent."""
    return [line for line in agent.lines() if line.startswith("_sc")]


def events(agent):
    return [line for line in agent.lines() if line.startswith("_e{")]


def test_the_forecast_of_a_plan_is_a_metric_and_no_alarm_where_it_makes_the_deadline(lake, agent):
    put(lake, "a.csv", "cat;1", date=TONIGHT)
    made = planned(lake, date=TONIGHT)

    foretell(lake, CARD, made)

    names = {line.partition(":")[0]: line for line in agent.lines()}
    assert set(names) == {
        "nightlabel.night.pods",
        *(f"nightlabel.night.forecast_{bound}_seconds" for bound in ("low", "middle", "high")),
    }
    assert f":{made.forecast.middle}|g" in names["nightlabel.night.forecast_middle_seconds"]


def test_a_night_that_all_pods_cannot_do_is_told_before_any_work_and_once(lake, agent, monkeypatch):
    monkeypatch.setattr(forecast, "_UNKNOWN", 1e9)
    put(lake, "a.csv", "cat;1", date=TONIGHT)
    made = planned(lake, date=TONIGHT)

    foretell(lake, CARD, made)
    (event,) = events(agent)
    foretell(lake, CARD, made)

    assert WARNED in event
    assert "NL-N009 1 files take" in event
    assert "with 1 pods; they are due " in event
    assert events(agent) == []
    assert json.loads(lake.get(f"tiny/nights/{TONIGHT}/night/warned.json"))["kind"] == "lateness"


def test_the_watch_warns_of_a_night_under_way_before_its_deadline_and_once(lake, agent, monkeypatch):
    night(lake, date=BEFORE)
    made = under_way(lake, monkeypatch)
    mark(monkeypatch, made, 0.1, 600)
    moment = BEGUN + timedelta(seconds=600)
    agent.lines()

    found = late("tiny", moment)
    (event,) = events(agent)
    again = late("tiny", moment)

    assert (found["tonight"]["state"], again["tonight"]["state"]) == ("behind", "behind")
    assert datetime.fromisoformat(found["tonight"]["finish"]) > datetime.fromisoformat(made.forecast.deadline)
    assert WARNED in event
    assert "NL-N012 0 of 3 shards are done" in event
    lines = agent.lines()
    assert not [line for line in lines if line.startswith("_e{")]
    assert [line for line in lines if line.startswith("_sc|nightlabel.lateness|2")]
    assert not [line for line in lines if line.startswith("_sc|nightlabel.lateness|0")]


def test_a_night_under_way_that_is_on_time_is_the_all_clear(lake, agent, monkeypatch):
    night(lake, date=BEFORE)
    made = under_way(lake, monkeypatch)
    agent.lines()

    found = late("tiny", BEGUN + timedelta(seconds=10))

    assert (found["tonight"]["run"], found["tonight"]["state"]) == (made.run, "on time")
    assert "_sc|nightlabel.lateness|0" in checks(agent)[-1]


def test_a_night_that_is_committed_is_not_under_way(lake, monkeypatch):
    night(lake, date=BEFORE)
    label_all(lake, under_way(lake, monkeypatch))
    publish(TINY, lake, TONIGHT, "night")

    assert "tonight" not in late("tiny", BEGUN + timedelta(seconds=60))


def test_progress_says_what_is_done_and_what_was_expected(lake, agent, monkeypatch):
    made = under_way(lake, monkeypatch)
    label_all(lake, made.model_copy(update={"shards": made.shards[:1]}))
    agent.lines()

    found = steps.progress("tiny", TONIGHT, "night", BEGUN + timedelta(seconds=1))

    assert (found["state"], found["shards"], found["files"]) == ("on time", "1 of 3", "3 of 9")
    assert "nightlabel.night.progress:0.33" in agent.line()


def test_a_night_that_is_done_and_not_published_is_not_warned_of(lake, agent, monkeypatch):
    made = under_way(lake, monkeypatch)
    label_all(lake, made)

    assert follow(lake, CARD, made, BEGUN + timedelta(days=1))["state"] == "done"
    assert events(agent) == []


def test_a_night_that_was_published_in_part_is_told_and_its_check_stays_critical(lake, agent, monkeypatch):
    made = under_way(lake, monkeypatch)
    label_all_but_last(lake, made)
    monkeypatch.setattr("nightlabel.label.due.datetime", _NextDay)
    partial = CARD.model_copy(update={"publish_partial": True})
    monkeypatch.setattr("nightlabel.catalog.load", lambda _: type(TINY)(**{**vars_of(TINY), "card": partial}))

    committed = steps.publish("tiny", TONIGHT, "night")

    assert committed["left_files"] == 3
    assert f"tiny: night {TONIGHT} in part" in "".join(events(agent))
    assert late("tiny", BEGUN + timedelta(days=1))["state"] == "partial"
    assert checks(agent)[-1].startswith("_sc|nightlabel.lateness|2")


def label_all_but_last(lake, made):
    from nightlabel.label import label_shard  # noqa: PLC0415 - needed here alone
    from tests.label.nights import Parity  # noqa: PLC0415

    for shard in made.shards[:-1]:
        label_shard(TINY, lake, TONIGHT, "night", shard.name, Parity(), clock=lambda: BEGUN)


def vars_of(usecase):
    return {name: getattr(usecase, name) for name in usecase.__dataclass_fields__}
