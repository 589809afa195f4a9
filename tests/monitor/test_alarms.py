"""An alarm is an event and a service check, and what was said is kept."""

from nightlabel.monitor.alarms import alarm, all_clear
from nightlabel.monitor.metrics import Metrics
from nightlabel.settings import Settings


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
    }
