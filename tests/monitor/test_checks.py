"""What an experiment and the end of a night send: verdicts, gates, the checks of nights and registry."""

import json

import pytest

from nightlabel.errors import RefusedError
from nightlabel.gate.verdict import GateResult, Verdict
from nightlabel.registry import client
from nightlabel.settings import settings
from nightlabel.steps import night as steps
from nightlabel.steps.figures import tell_registry, tell_verdict
from nightlabel.steps.folder import experiment
from tests.label.nights import DATE, USECASES, label_all, planned, put


@pytest.fixture(autouse=True)
def _tiny(folder_place, agent, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(USECASES))
    settings.cache_clear()


def gate(name: str, *, passed: bool) -> GateResult:
    return GateResult(name=name, passed=passed, value=0.5, bound=0.4, margin=0.1, reason="so it is")


def test_a_verdict_is_counted_with_its_gates_and_the_figures_of_its_candidate(agent):
    place = experiment("tiny", "first")
    measured = {"models": {"candidate": {"metrics": {"accuracy": 0.48, "log_loss": 1.6}}}}
    place.lake.put(place.key("evaluation.json"), json.dumps(measured).encode())
    gates = (gate("accuracy", passed=True), gate("top3", passed=True), gate("leak", passed=False))

    tell_verdict(place, Verdict(outcome="reject", gates=gates, candidate="one", champion=None))

    sent = {line.partition("|")[0] + line.partition("outcome")[2].partition(",")[0] for line in agent.lines()}
    assert sent == {
        "nightlabel.experiment.verdicts:1:reject",
        "nightlabel.experiment.gates:2:passed",
        "nightlabel.experiment.gates:1:failed",
        "nightlabel.experiment.accuracy:0.48",
        "nightlabel.experiment.log_loss:1.6",
    }


def nights(agent) -> list[str]:
    return [line for line in agent.lines() if line.startswith("_sc|nightlabel.night|")]


def test_a_night_that_is_refused_is_critical_with_its_code_until_one_is_committed(agent, folder_place):
    from nightlabel.store import open_lake  # noqa: PLC0415 - the place is that of the test

    lake = open_lake()
    put(lake, "a.csv", "cat;1")
    made = planned(lake)
    with pytest.raises(RefusedError):
        steps.publish("tiny", DATE, "night")
    [refused] = nights(agent)
    label_all(lake, made)
    steps.publish("tiny", DATE, "night")
    [committed] = nights(agent)

    assert refused.startswith("_sc|nightlabel.night|2|#use_case:tiny")
    assert "NL-D006" in refused
    assert committed.startswith("_sc|nightlabel.night|0|#use_case:tiny")


def test_where_no_registry_was_made_yet_nothing_is_said_of_it(agent):
    tell_registry("tiny")

    assert agent.lines() == []


def test_a_registry_without_a_champion_is_not_called_well(agent, tmp_path, monkeypatch):
    tracking = f"sqlite:///{tmp_path}/mlflow.db"
    client.connect(tracking).search_registered_models()
    monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", tracking)
    settings.cache_clear()
    tell_registry("tiny")

    assert agent.line().startswith("_sc|nightlabel.registry|3|#use_case:tiny")
