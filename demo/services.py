"""The services of the demo: Airflow's processes, MLflow and the drift dashboard, each with a log file."""

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import psutil

from demo import signals
from demo.place import DemoError, Place, environment

START_SECONDS = 240
STOP_SECONDS = 8
POLL_SECONDS = 0.3


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
        _start(services, place, "mlflow", *_mlflow(place))
        _migrate(services, place)
        for part in ("api-server", "scheduler", "dag-processor"):
            extra = ["--skip-serve-logs"] if part == "scheduler" else []
            _start(services, place, f"airflow-{part}", "airflow", part, *extra)
        # The dashboard is looked at last: it must not take the processor from the others while they start.
        _start(services, place, "evidently", "nice", "-n", "15", *_evidently(place))
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


def answers(url: str, seconds: float = 5) -> bool:
    """Tell whether an address answers in time."""
    try:
        with urllib.request.urlopen(url, timeout=seconds):  # noqa: S310 - addresses of our own services
            return True
    except (OSError, urllib.error.URLError):
        return False


def _mlflow(place: Place) -> list[str]:
    store = f"sqlite:///{place.home / 'mlflow.db'}"
    artifacts = str(place.home / "mlflow-artifacts")
    where = ["--host", "127.0.0.1", "--port", str(place.ports.mlflow), "--workers", "1"]
    return ["mlflow", "server", "--backend-store-uri", store, "--artifacts-destination", artifacts, *where]


def _evidently(place: Place) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(place.ports.evidently)]
    return ["evidently", "ui", *where, "--workspace", str(place.workspace)]


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


def _start(services: list[Service], place: Place, name: str, *command: str) -> Service:
    path, variables = place.logs / f"{name}.log", environment(place)
    with path.open("wb") as log, signals.postponed():
        process = subprocess.Popen(
            command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=variables, start_new_session=True
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
