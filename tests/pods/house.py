"""A whole Airflow in processes of its own, whose parts can be killed and started again."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from demo.place import USER, Place, environment, password
from demo.rest import FINAL, Airflow

PATIENCE = 300
"""Seconds that a start or a night may take."""

# What tells the parts that one of them is lost; minutes, as shipped by Airflow.
SOON = {
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "30",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "2",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "3",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "120",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "2",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "15",
}


# Otherwise a night that was due within the last hours begins beside the one that a test starts.
ASKED_FOR = {"AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": "False"}


class House:
    """Airflow's parts on this machine.

    Attributes:
        airflow: Its API.
    """

    def __init__(self, place: Place, variables: Mapping[str, str]) -> None:
        self.airflow = Airflow(place.settings.airflow_url, USER, password(place))
        self._variables = environment(place) | SOON | ASKED_FOR | variables
        self._logs = place.logs
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self.command("db", "migrate")

    def start(self, *parts: str, **variables: str) -> None:
        """Start parts, such as the scheduler, with further variables."""
        self._variables |= variables
        for part in parts:
            apart = ["--skip-serve-logs"] if part in {"scheduler", "triggerer"} else []
            self._parts[part] = self._run(part, *apart)

    def kill(self, *parts: str) -> None:
        """Kill parts with all that they started, as the loss of their machine does."""
        lost = {self._parts.pop(part).pid for part in parts}
        for pid in psutil.pids():
            with suppress(ProcessLookupError, PermissionError):
                if os.getsid(pid) in lost:
                    os.kill(pid, signal.SIGKILL)

    def command(self, *words: str) -> None:
        """Run one of Airflow's commands to its end."""
        assert self._run(*words).wait() == 0, self._told()

    def close(self) -> None:
        self.kill(*self._parts)

    def until(self, true, what: str):
        """Wait until something holds; gives it."""
        end = time.monotonic() + PATIENCE
        while not (found := true()):
            assert all(part.poll() is None for part in self._parts.values()), self._told()
            assert time.monotonic() < end, f"{what} after {PATIENCE} s; {self._told()}"
            time.sleep(0.2)
        return found

    def ended(self, dag_id: str, run: str) -> str:
        """Wait for the end of a run; gives its state."""
        self.until(lambda: self.airflow.state(dag_id, run) in FINAL, "no end")
        return self.airflow.state(dag_id, run)

    def _run(self, *words: str) -> subprocess.Popen[bytes]:
        with Path(self._logs / f"{words[0]}.log").open("ab") as log:
            return subprocess.Popen(
                ["airflow", *words], stdout=log, stderr=log, env=self._variables, start_new_session=True
            )

    def _told(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-1500:] for log in self._logs.glob("*.log"))
