"""Airflow's callbacks reach the agent: the real command, over UDP, as the events and checks of any alarm."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.airflow

RUN = SimpleNamespace(dag_id="nightly__card_spending", run_id="scheduled__2026-02-01T06:00:00+00:00")
TAGS = "#use_case:card_spending,environment:laptop"


def heard(agent):
    event, check = (line.strip() for line in agent.lines())
    return event, check


def test_the_failure_of_a_run_is_an_event_and_a_critical_check(agent):
    from nightlabel_airflow.alarms import failed  # noqa: PLC0415 - Airflow is imported where it is tested

    failed({"dag_run": RUN, "reason": "task_failure", "ti": SimpleNamespace(task_id="label")})
    event, check = heard(agent)

    assert "card_spending: failure|nightly__card_spending failed (task_failure, last task label)" in event
    assert "|t:error|" in event
    assert event.endswith(TAGS)
    assert check.startswith(f"_sc|nightlabel.failure|2|{TAGS}")


def test_the_lateness_of_a_night_is_an_event_and_a_critical_check(agent):
    from nightlabel_airflow.alarms import late  # noqa: PLC0415 - as above

    late(30, {"dag_run": {"dag_id": RUN.dag_id, "dag_run_id": "r"}, "deadline": {}})
    event, check = heard(agent)

    assert "card_spending: lateness|nightly__card_spending is not done after 30 minutes" in event
    assert check.startswith(f"_sc|nightlabel.lateness|2|{TAGS}")


def test_a_use_case_that_is_broken_alarms_without_a_tag_of_its_name(agent):
    from nightlabel_airflow.alarms import failed  # noqa: PLC0415 - as above

    failed({"dag_run": SimpleNamespace(dag_id="nightly__gone", run_id="r"), "reason": "no folder"})
    event, check = heard(agent)

    assert "gone: failure" in event
    assert check.startswith("_sc|nightlabel.failure|2|#environment:laptop")
