"""Failure and lateness reach the same events: Airflow's callbacks run ``nightlabel alarm``."""

import logging
import subprocess
from collections.abc import Mapping
from typing import Any

from nightlabel.settings import child_environment
from nightlabel_airflow import commands
from nightlabel_airflow.runs import key

PATIENCE = 120.0
"""Seconds that an alarm may take; Airflow's own processes wait for it."""

LATE = "NL-N008"
"""The code of a late night."""

log = logging.getLogger(__name__)


def failed(context: Mapping[str, Any]) -> None:
    """Tell the owner that a run failed.

    Args:
        context: Airflow's context of a failed run.
    """
    run = context["dag_run"]
    task = context.get("ti") or context.get("task_instance")
    where = f", last task {task.task_id}" if task is not None else ""
    send(
        "failure", run.dag_id, run.run_id, f"{run.dag_id} failed ({context.get('reason', 'unknown')}{where})"
    )


def late(minutes: int, context: Mapping[str, Any]) -> None:
    """Tell the owner that a night is not done at its deadline.

    Args:
        minutes: The deadline, minutes from the start.
        context: Airflow's description of the missed deadline.
    """
    run = context["dag_run"]
    send("lateness", run["dag_id"], run["dag_run_id"], f"{run['dag_id']} is not done after {minutes} minutes")


def blind(context: Mapping[str, Any]) -> None:
    """Tell the owner that nobody sees whether a night is late; a late night itself was told by the command.

    Args:
        context: Airflow's context of a failed task.
    """
    reason, task = str(context.get("exception", "unknown")), context["ti"]
    if not reason.startswith(LATE):
        send("failure", f"watch__{task.task_id}", task.run_id, f"lateness is not watched: {reason}")


def send(kind: str, dag_id: str, run_id: str, reason: str) -> None:
    """Run ``nightlabel alarm``; an alarm that fails is logged and fails nothing else."""
    usecase = dag_id.partition("__")[2]
    asked = {"run": key(run_id), "kind": kind, "reason": reason}
    line = [commands.program(), *commands.arguments("alarm", usecase, asked)]
    try:
        subprocess.run(  # noqa: S603 - a list of arguments, never a shell
            line,
            env=child_environment(commands.KEPT_FROM_STEPS),
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
    except subprocess.CalledProcessError as error:
        log.exception("the alarm was not sent: %s: %s", reason, error.stderr[-600:])
    except (OSError, subprocess.TimeoutExpired):
        log.exception("the alarm was not sent: %s", reason)
