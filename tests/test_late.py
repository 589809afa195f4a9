"""Labels that are due are committed, or their owner is told once per night: the store alone is asked."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nightlabel.errors import RefusedError
from nightlabel.monitor.lateness import last_due
from nightlabel.settings import settings
from nightlabel.steps.late import late
from nightlabel.store import Store
from tests.label.nights import TINY, USECASES, night, planned, put
from tests.registry.stub import answering

NIGHTLABEL = Path(sys.executable).with_name("nightlabel")
TOMORROW = datetime.now(UTC) + timedelta(days=2)
DUE = last_due(TINY.card, TOMORROW)
OK, CRITICAL = "_sc|nightlabel.lateness|0|#use_case:tiny", "_sc|nightlabel.lateness|2|#use_case:tiny"


@pytest.fixture(autouse=True)
def _tiny(place, agent, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(USECASES))
    settings.cache_clear()


def missed():
    with pytest.raises(RefusedError) as refusal:
        late("tiny", TOMORROW)
    return refusal.value


def told(agent):
    """Give the events and service checks that were sent."""
    return [line for line in agent.lines() if line.startswith("_")]


def test_before_the_first_night_was_planned_nothing_is_due(lake, agent):
    assert late("tiny", TOMORROW)["state"] == "nothing was due yet"
    assert agent.line().startswith(OK)


def test_a_night_from_before_the_first_one_was_planned_is_not_late(lake):
    night(lake)

    assert late("tiny")["state"] == "nothing was due yet"


def test_a_committed_night_is_the_all_clear_even_where_its_day_was_empty(lake, agent):
    night(lake, date=DUE.date)

    assert late("tiny", TOMORROW) == {
        "date": DUE.date,
        "deadline": DUE.deadline.isoformat(timespec="minutes"),
        "state": "committed",
    }
    assert [line[: len(OK)] for line in told(agent)] == [OK]


def test_a_night_that_never_started_is_told_with_its_date_and_deadline(lake, agent):
    night(lake)

    error = missed()
    event, check = told(agent)

    assert error.code == "NL-N008"
    assert f"the labels of {DUE.date} are not committed; they were due {DUE.date} 03:30" in error.sentence
    assert error.facts["date"] == DUE.date
    assert f"tiny: night {DUE.date} is late" in event
    assert check.startswith(CRITICAL)


def test_a_night_is_told_once_and_its_check_stays_critical(lake, agent):
    night(lake)
    missed()
    agent.lines()

    missed()

    assert [line[: len(CRITICAL)] for line in told(agent)] == [CRITICAL]


def test_how_late_labels_are_is_measured_by_each_look(lake, agent):
    night(lake)
    missed()
    late_by = (TOMORROW - DUE.deadline).total_seconds()
    night(lake, date=DUE.date)
    late("tiny", TOMORROW)

    measured = [line.partition("|")[0].partition(":")[2] for line in agent.lines() if "late_seconds" in line]
    assert [float(value) for value in measured] == [pytest.approx(late_by), 0]


def test_each_look_tells_whether_the_registry_has_a_champion(lake, agent, monkeypatch):
    with answering(503, b"away") as (address, _):
        monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", address)
        settings.cache_clear()
        late("tiny", TOMORROW)

    [check] = [line for line in agent.lines() if line.startswith("_sc|nightlabel.registry")]
    assert check.startswith("_sc|nightlabel.registry|2|#use_case:tiny")
    assert "NL-C006" in check


def test_a_registry_that_is_away_hides_no_late_night(lake, agent, monkeypatch):
    night(lake)
    with answering(503, b"away") as (address, _):
        monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", address)
        settings.cache_clear()

        assert missed().code == "NL-N008"


def test_a_night_that_was_planned_but_not_published_is_late(lake):
    put(lake, "a.csv", "cat;1", date=DUE.date)
    planned(lake, date=DUE.date)

    assert missed().code == "NL-N008"


def test_a_late_night_that_is_committed_after_all_is_the_all_clear(lake, agent):
    night(lake)
    missed()
    agent.lines()

    night(lake, date=DUE.date)

    assert late("tiny", TOMORROW)["state"] == "committed"
    assert agent.line().startswith(OK)


def test_an_alarm_that_was_cut_off_before_it_was_written_down_comes_again(lake, agent):
    night(lake)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Store, "create", _cut_off)
        with pytest.raises(KeyboardInterrupt):
            late("tiny", TOMORROW)
    agent.lines()

    missed()

    assert f"tiny: night {DUE.date} is late" in agent.line()


def _cut_off(*_):
    raise KeyboardInterrupt


def test_the_command_says_what_it_found():
    found = subprocess.run([NIGHTLABEL, "late", "-u", "tiny", "--json"], capture_output=True, check=True)

    assert json.loads(found.stdout)["state"] == "nothing was due yet"
