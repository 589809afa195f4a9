"""Metrics reach an agent that listens, cost nothing where none does, and carry closed tags alone."""

import socket
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.monitor import metrics as room
from nightlabel.monitor.drift.compare import FIGURES
from nightlabel.monitor.metrics import Metrics, outcome
from nightlabel.monitor.names import CHECKS, METRICS
from nightlabel.settings import Settings

OF_EVENTS = ("self", "title", "text", "level")
"""Arguments of an event that are no tags."""


def test_a_gauge_arrives_with_its_tags_and_the_environment(agent, sender):
    assert sender.gauge("night.files", 12, use_case="card_spending", step="label")

    name, kind, tags = agent.line().strip().split("|")
    assert (name, kind) == ("nightlabel.night.files:12", "g")
    assert set(tags.removeprefix("#").split(",")) == {
        "use_case:card_spending",
        "step:label",
        "environment:test",
    }


def test_counts_add_and_durations_are_milliseconds(agent, sender):
    sender.count("records", 3, outcome="quarantined", code="NL-A002")
    sender.timing("night.seconds", 1.5)

    assert agent.line().startswith("nightlabel.records:3|c|#outcome:quarantined,code:NL-A002")
    assert agent.line().startswith("nightlabel.night.seconds:1500")


def test_an_event_says_level_and_use_case_and_fits_one_datagram(agent, sender):
    assert sender.event("é" * 500, "line\n" * 5_000, "error", use_case="card_spending")

    line = agent.line()
    assert len(line.encode()) < 8_192
    assert "|t:error|" in line
    assert "use_case:card_spending" in line


def test_a_service_check_has_its_number_and_its_message(agent, sender):
    sender.service_check("night", "critical", "late by 5 minutes", use_case="card_spending")

    line = agent.line().strip()
    assert line.startswith("_sc|nightlabel.night|2|#use_case:card_spending")
    assert line.endswith("|m:late by 5 minutes")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_sent(sender, value):
    assert not sender.gauge("night.files", value)


@pytest.mark.parametrize(
    "tags",
    [
        {"client": "94873707154"},
        {"use_case": "no_such"},
        {"use_case": "../../etc"},
        {"step": "Maria Silva"},
        {"outcome": "MARIA"},
        {"code": "NL-A002 Maria"},
        {"column": "valor"},
        {"use_case": "card_spending", "column": "id"},
    ],
)
def test_a_tag_outside_the_closed_set_is_refused(sender, tags):
    with pytest.raises(RefusedError) as refusal:
        sender.count("records", **tags)

    assert refusal.value.code == "NL-M020"


@given(name=st.text(max_size=20).filter(lambda name: name not in OF_EVENTS), value=st.text(max_size=40))
def test_no_free_text_becomes_a_tag(name, value):
    sender = Metrics(Settings())
    with pytest.raises(RefusedError):
        sender.event("title", "text", **{name: value})


def test_a_watched_column_may_be_a_tag(agent, sender):
    sender.gauge("drift.value", 0.3, use_case="card_spending", column="valor")

    assert "column:valor" in agent.line()


@given(name=st.text(max_size=30))
def test_a_name_that_is_not_in_the_closed_list_is_refused(name):
    sender = Metrics(Settings())
    known = {n for n, metric in METRICS.items() if metric.kind == "gauge"}
    if name not in known:
        with pytest.raises(RefusedError, match="closed list"):
            sender.gauge(name, 1)
    if name not in CHECKS:
        with pytest.raises(RefusedError, match="closed list"):
            sender.service_check(name, "ok")


def test_a_metric_of_another_kind_or_with_a_tag_that_it_has_not_is_refused(sender):
    with pytest.raises(RefusedError, match="'records' is no gauge"):
        sender.gauge("records", 1)
    with pytest.raises(RefusedError, match="has no tag 'column'"):
        sender.gauge("drift.share", 0.5, use_case="card_spending", column="valor")


@pytest.mark.parametrize("name", METRICS)
def test_every_metric_of_the_list_can_be_sent(agent, sender, name):
    send = {"gauge": sender.gauge, "count": sender.count, "timing": sender.timing}[METRICS[name].kind]

    assert send(name, 1)
    assert agent.line().startswith(f"nightlabel.{name}:")


def test_every_figure_of_the_drift_dashboard_is_a_metric():
    assert {f"night.{figure}" for figure in FIGURES} <= set(METRICS)


def test_every_status_of_drift_is_an_outcome(sender):
    for status in ("stable", "drifted", "not computable", "too small"):
        assert sender.count("nights", outcome=outcome(status))


def test_without_an_agent_nothing_is_said_and_nothing_fails(capfd, caplog):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    sender = Metrics(Settings(statsd_port=port))
    sent = [sender.count("records") for _ in range(1_000)]

    assert sent.count(True) < 1_000  # the refusals came back, and were counted
    assert (capfd.readouterr().err, caplog.text) == ("", "")


def test_a_name_server_that_never_answers_is_not_waited_for(monkeypatch):
    hanging = threading.Event()
    monkeypatch.setattr(room, "getaddrinfo", lambda *_: hanging.wait() and [(0, 0, 0, "", ("", 0))])
    monkeypatch.setattr(room, "RESOLVE_SECONDS", 0.01)
    sender = Metrics(Settings(statsd_host="agent.example.invalid"))

    assert not sender.event("title", "text")
    hanging.set()


def test_a_named_host_is_looked_up(agent, monkeypatch):
    monkeypatch.setattr(room, "getaddrinfo", lambda *_: [(0, 0, 0, "", ("127.0.0.1", 0))])
    monkeypatch.setattr(room, "RESOLVE_SECONDS", 60)

    assert Metrics(Settings(statsd_host="agent.example.invalid", statsd_port=agent.port)).count("records")

    assert agent.line().startswith("nightlabel.records:1|c")


def test_a_process_that_ends_at_once_has_sent_everything(agent):
    code = (
        "from nightlabel.monitor.metrics import Metrics; from nightlabel.settings import Settings;"
        f"s = Metrics(Settings(statsd_port={agent.port})); [s.count('records') for _ in range(50)]"
    )
    subprocess.run([sys.executable, "-c", code], check=True)

    assert len([agent.line() for _ in range(50)]) == 50


def test_sending_a_metric_loads_no_library_of_statistics():
    code = (
        "import sys, nightlabel.monitor.metrics, nightlabel.monitor.alarms;"
        "print(*({'pandas', 'evidently', 'numpy', 'mlflow'} & set(sys.modules)))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert loaded.stdout.split() == []
