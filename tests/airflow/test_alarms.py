"""Failure and lateness run the same command, and an alarm that fails breaks nothing."""

from types import SimpleNamespace

import pytest

pytestmark = pytest.mark.airflow

RUN = SimpleNamespace(dag_id="nightly__card_spending", run_id="scheduled__2026-02-01T06:00:00+00:00")


def test_a_failed_run_alarms_with_use_case_run_and_task(stand_in):
    from nightlabel_airflow.alarms import failed  # noqa: PLC0415

    failed({"dag_run": RUN, "reason": "task_failure", "ti": SimpleNamespace(task_id="label")})
    [[step, usecase, run, kind, reason, _]] = stand_in.calls

    assert (step, usecase, kind) == ("alarm", "--usecase=card_spending", "--kind=failure")
    assert run.startswith("--run=scheduled__2026-02-01T06-00-00-00-00-")
    assert reason == "--reason=nightly__card_spending failed (task_failure, last task label)"


def test_a_late_night_alarms_with_its_deadline(stand_in):
    from nightlabel_airflow.alarms import late  # noqa: PLC0415

    late(30, {"dag_run": {"dag_id": RUN.dag_id, "dag_run_id": "r"}, "deadline": {}})

    assert {"--kind=lateness", "--reason=nightly__card_spending is not done after 30 minutes"} <= {
        *stand_in.calls[0]
    }


def test_an_alarm_that_cannot_be_sent_is_logged_and_breaks_nothing(stand_in, caplog):
    from nightlabel_airflow.alarms import failed  # noqa: PLC0415

    stand_in.script(alarm={"exit": [75]})
    failed({"dag_run": RUN})

    assert "the alarm was not sent" in caplog.text
