"""The services of the demo: Airflow's processes, MLflow and the drift dashboard, each with a log file."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from demo import signals
from demo.place import ROOT, DemoError, Place, environment, evidently_environment, mlflow_environment

START_SECONDS = 240
STOP_SECONDS = 8
POLL_SECONDS = 0.3
MLFLOW = (sys.executable, "-m", "servers.mlflow_server")
EVIDENTLY = ("nice", "-n", "15", sys.executable, "-m", "servers.evidently_ui")


@dataclass(frozen=True, slots=True)
class Service:
    """One running program."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]


@contextmanager
def running(place: Place) -> Iterator[list[Service]]:
    """Run all services; none of them, nor anything they started, outlives the block."""
    services: list[Service] = []
    try:
        _start(services, place, "mlflow", *MLFLOW, told=mlflow_environment(place))
        _migrate(services, place)
        for part in ("api-server", "scheduler", "dag-processor"):
            extra = ["--skip-serve-logs"] if part == "scheduler" else []
            _start(services, place, f"airflow-{part}", "airflow", part, *extra)
        # The dashboard is looked at last: it must not take the processor from the others while they start.
        _start(services, place, "evidently", *EVIDENTLY, told=evidently_environment(place))
        yield services
    except OSError:
        check(services)  # what did not answer has its reason in a program that ended
        raise
    finally:
        _stop(services)


def check(services: list[Service]) -> None:
    """Say so when a program ended.

    Raises:
        DemoError: One ended.
    """
    for service in services:
        if (code := service.process.poll()) is not None:
            log = service.log
            raise DemoError(f"{service.name} ended with code {code}; its log is {log}\n{_tail(log)}")


def wait(services: list[Service], ready: Callable[[], bool], what: str) -> None:
    """Wait until something is ready, as long as all services run.

    Raises:
        DemoError: A service ended, or the wait was too long.
    """
    end = time.monotonic() + START_SECONDS
    while not ready():
        check(services)
        if time.monotonic() > end:
            raise DemoError(f"{what} did not start within {START_SECONDS} s; see {services[0].log.parent}")
        time.sleep(POLL_SECONDS)


def answers(url: str, seconds: float = 5, *, login: tuple[str, str] | None = None) -> bool:
    """Tell whether an address answers in time, to a user with a password where a login is given."""
    request = urllib.request.Request(url)  # noqa: S310 - addresses of our own services
    if login:
        request.add_header("Authorization", f"Basic {b64encode(':'.join(login).encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310 - as above
            return True
    except (OSError, urllib.error.URLError):
        return False


def _migrate(services: list[Service], place: Place) -> None:
    """Bring Airflow's database up to this version; a second start finds the mark and skips it."""
    mark = place.airflow_home / f"migrated-{version('apache-airflow-core')}"
    if mark.exists() and (place.airflow_home / "airflow.db").exists():
        return
    service = _start(services, place, "airflow-migrate", "airflow", "db", "migrate")
    if service.process.wait() != 0:
        check([service])
    services.remove(service)
    mark.touch()


def _start(
    services: list[Service], place: Place, name: str, *command: str, told: dict[str, str] | None = None
) -> Service:
    """Start a program; what it is told is its whole environment, and else that of Airflow."""
    path, variables = place.logs / f"{name}.log", told or environment(place)
    with path.open("wb") as log, signals.postponed():
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=variables,
            start_new_session=True,
        )
        services.append(Service(name, path, process))
    return services[-1]


def _stop(services: list[Service]) -> None:
    """End all programs, and all that they started: it stays in their sessions."""
    # A scheduler waits for its tasks as long as they like; whoever presses Ctrl-C does not.
    _kill_members(services)
    for service in reversed(services):
        service.process.terminate()
    end = time.monotonic() + STOP_SECONDS
    for service in services:
        with suppress(subprocess.TimeoutExpired):
            service.process.wait(max(0.1, end - time.monotonic()))
    for service in services:
        service.process.kill()
        service.process.wait()
    _kill_members(services)


def _kill_members(services: list[Service]) -> None:
    programs = {service.process.pid for service in services}
    for pid in set(psutil.pids()) - programs:
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) in programs:
                os.kill(pid, signal.SIGKILL)


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-5:])
