"""Monitors and dashboard name only what is sent, lead into the runbook, and refuse anything else."""

import json
import re

import pytest

from nightlabel.monitor.alarms import _URGENCY
from nightlabel.monitor.names import CHECKS, METRICS
from tests.observability.definitions import (
    FOLDER,
    ROOT,
    RUNBOOK,
    WORDS,
    airflows,
    anchors,
    board,
    faults,
    filled,
    monitors,
    queries,
    unknown,
)

MONITORS = monitors()


@pytest.mark.parametrize("name", MONITORS)
def test_a_monitor_asks_for_what_is_sent_and_leads_into_the_runbook(name):
    assert faults(MONITORS[name]) == []


def test_every_service_check_has_its_monitor():
    watched = {
        re.search(r'"nightlabel\.([a-z]+)"', m["query"])[1] for m in MONITORS.values() if '"' in m["query"]
    }

    assert watched == set(CHECKS) >= set(_URGENCY)


def test_the_dashboard_asks_for_what_is_sent():
    assert {query: wrong for query in queries(board()["widgets"]) if (wrong := unknown(query))} == {}


def test_the_dashboard_shows_the_promise_the_cost_the_gates_and_airflow():
    said = " ".join(queries(board()["widgets"]))

    for metric in (
        "took_seconds",
        "late_seconds",
        "dollars_per_million_labels",
        "drift.share",
        "experiment.gates",
    ):
        assert metric in said
    assert "airflow.scheduler_heartbeat" in said
    assert sum(widget["definition"]["type"] == "slo" for widget in board()["widgets"]) == 1


def test_the_objective_is_about_monitors_that_there_are():
    slo = filled((FOLDER / "slo.json").read_text())

    assert set(slo["monitors"]) <= set(MONITORS)
    assert float(slo["thresholds"][0]["target"]) == 99


MUTANTS = {
    "an unknown metric": ("quarantine", "query", "quarantined_share{", "quarantine_share{", "no metric"),
    "an unknown check": ("drift", "query", "nightlabel.drift", "nightlabel.drifts", "no check"),
    "an unknown metric of Airflow's": ("airflow-imports", "query", "import_errors{", "errors{", "no metric"),
    "a tag that the metric has not": ("forecast", "query", "by {use_case}", "by {code}", "has no tag code"),
    "a gauge taken for a timing": ("forecast", "query", "high_seconds{", "high_seconds.avg{", "no metric"),
    "a link that leads nowhere": ("lateness", "message", "#labels-are-late", "#labels", "the runbook has no"),
    "no link": ("lateness", "message", "#labels-are-late", "", "leads to no alarm"),
    "nobody who is told": ("failure", "message", "@pagerduty-nights", "", "tells nobody"),
    "two bounds": ("quarantine", "query", "> 0.05", "> 0.5", "threshold"),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_bad_monitor_is_refused(mutant):
    name, where, right, wrong, told = MUTANTS[mutant]
    monitor = json.loads(json.dumps(MONITORS[name]))
    assert right in monitor[where]
    monitor[where] = monitor[where].replace(right, wrong)

    assert any(told in fault for fault in faults(monitor))


def test_a_word_that_terraform_does_not_know_is_refused():
    with pytest.raises(KeyError):
        filled('{"name": "${team}"}')


def test_every_word_is_used_and_explained():
    text = "".join(path.read_text() for path in FOLDER.rglob("*.json"))
    explained = (ROOT / "observability" / "README.md").read_text()

    assert set(re.findall(r"\$\{([a-z_]+)\}", text)) == set(WORDS)
    assert all(f"`{word}`" in explained for word in WORDS)


def test_the_runbook_shows_every_metric_and_every_check_with_what_it_says():
    page = RUNBOOK.read_text()
    rows = re.findall(r"^\| `nightlabel\.([a-z0-9_.]+)` \| ([a-z]+) \| (.*?) \| (.*) \|$", page, re.MULTILINE)
    checks = re.findall(r"^\| `nightlabel\.([a-z]+)` \| ([^|]*) \|$", page, re.MULTILINE)

    told = {name: (kind, tuple(re.findall(r"`([a-z_]+)`", tags)), says) for name, kind, tags, says in rows}
    assert told == {name: (m.kind, m.tags, m.says) for name, m in METRICS.items()}
    assert dict(checks) == CHECKS


def test_every_alarm_of_the_runbook_has_a_monitor():
    alarms = RUNBOOK.read_text().partition("## Alarms")[2].partition("\n## ")[0]
    heads = {
        head.lower().replace(" ", "-").replace("'", "")
        for head in re.findall(r"^### (.+)$", alarms, re.MULTILINE)
    }
    linked = {re.search(r"#([a-z0-9-]+)", monitor["message"])[1] for monitor in MONITORS.values()}

    assert heads == linked <= anchors()


def test_every_code_of_the_runbook_is_one_of_the_errors():
    known = set(re.findall(r"`(NL-[A-Z][0-9]{3})`", (ROOT / "docs" / "errors.md").read_text()))

    assert set(re.findall(r"NL-[A-Z][0-9]{3}", RUNBOOK.read_text())) <= known


def test_every_command_of_the_runbook_exists():
    from nightlabel.cli import app  # noqa: PLC0415 - the command line is needed here alone

    commands = {command.callback.__name__ for command in app.registered_commands}
    named = set(re.findall(r"(?:^|`)nightlabel ([a-z]+)", RUNBOOK.read_text(), re.MULTILINE))
    assert {"rollback", "verify", "night", "trace"} <= named <= commands


def test_airflows_registry_of_metrics_was_read():
    assert {"scheduler_heartbeat", "dag_processing.import_errors", "pool.open_slots"} <= airflows()
