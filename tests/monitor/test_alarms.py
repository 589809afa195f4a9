"""An alarm is an event and a service check, and what was said is kept."""

import json

from nightlabel.monitor.alarms import alarm, all_clear
from nightlabel.monitor.metrics import Metrics
from nightlabel.settings import Settings
from nightlabel.steps import alarms as step


def test_an_alarm_is_an_event_and_a_service_check(agent, sender):
    said = alarm("failure", "night failed", "the store did not answer", sender, use_case="card_spending")

    event, check = agent.line(), agent.line()
    assert said.sent
    assert "night failed|the store did not answer" in event
    assert "|t:error|" in event
    assert check.startswith("_sc|nightlabel.failure|2|")


def test_the_all_clear_takes_back_the_same_check(agent, sender):
    alarm("drift", "drift", "valor moved", sender, use_case="card_spending", outcome="drifted")
    all_clear("drift", sender, use_case="card_spending")

    lines = [agent.line().strip() for _ in range(3)]
    assert lines[1].startswith("_sc|nightlabel.drift|1|#use_case:card_spending,environment:test")
    assert lines[2] == "_sc|nightlabel.drift|0|#use_case:card_spending,environment:test"


def test_an_alarm_that_nobody_can_hear_is_still_recorded():
    deaf = Metrics(Settings(statsd_host=""))
    said = alarm("lateness", "night is late", "30 minutes", deaf, use_case="card_spending")

    assert said.to_json() == {
        "kind": "lateness",
        "title": "night is late",
        "text": "30 minutes",
        "tags": {"use_case": "card_spending"},
        "sent": False,
        "at": said.at,
        "url": "",
    }


def test_an_alarm_leads_to_the_page_where_people_look_first(agent, sender):
    said = alarm("drift", "drift", "valor moved", sender, "https://airflow/nights", use_case="card_spending")

    assert agent.line().partition("|")[2].startswith("valor moved\\nhttps://airflow/nights|")
    assert said.to_json()["url"] == "https://airflow/nights"


def test_a_rejected_experiment_is_told_with_its_reason_and_kept_beside_its_verdict(lake, agent):
    folder = "card_spending/experiments/first"
    lake.put(f"{folder}/verdict.json", json.dumps({"reason": "accuracy 0.31 is below 0.44"}).encode())
    said = step.alarm("card_spending", "first", "experiment", "")

    event, check = agent.lines()
    assert "card_spending: no candidate passed the gates|accuracy 0.31 is below 0.44" in event
    assert "|t:warning|" in event
    assert check.startswith("_sc|nightlabel.experiment|1|#use_case:card_spending")
    assert lake.read_json(f"{folder}/alarm.json") == said


def test_a_text_that_looks_like_the_protocol_stays_one_event(agent, sender):
    alarm("failure", "one\n_e{1,1}:two", "a|t:info|#use_case:other\n_sc|x|0", sender)

    event, check = agent.lines()
    assert event.startswith("_e{")
    assert (event.strip().count("\n"), check.strip().count("\n")) == (0, 0)
    assert check.strip().startswith("_sc|nightlabel.failure|2|#environment:test")
