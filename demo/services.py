"""The services of the demo: Airflow's processes, MLflow and the drift dashboard, each with a log file."""

import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

import psutil

from demo.place import DemoError, Place, environment

START_SECONDS = 240
STOP_SECONDS = 8
POLL_SECONDS = 0.3


@dataclass
class Service:
    """One running program."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]
    family: list[psutil.Process] = field(default_factory=list)

    def check(self) -> None:
        """Say so when the program ended.

        Raises:
            DemoError: It ended.
        """
        if (code := self.process.poll()) is not None:
            raise DemoError(f"{self.name} ended with code {code}; its log is {self.log}\n{_tail(self.log)}")


@contextmanager
def running(place: Place) -> Iterator[list[Service]]:
    """Run all services; none of them, nor anything they started, outlives the block."""
    services: list[Service] = []
    try:
        services.append(_start(place, "mlflow", *_mlflow(place)))
        _migrate(place)
        for part in ("api-server", "scheduler", "dag-processor"):
            extra = ["--skip-serve-logs"] if part == "scheduler" else []
            services.append(_start(place, f"airflow-{part}", "airflow", part, *extra))
        # The dashboard is looked at last: it must not take the processor from the others while they start.
        services.append(_start(place, "evidently", "nice", "-n", "15", *_evidently(place)))
        yield services
    finally:
        _stop(services)


def wait(services: list[Service], ready: Callable[[], bool], what: str) -> None:
    """Wait until something is ready, as long as all services run.

    Raises:
        DemoError: A service ended, or the wait was too long.
    """
    end = time.monotonic() + START_SECONDS
    while not ready():
        for service in services:
            service.check()
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


def _migrate(place: Place) -> None:
    """Bring Airflow's database up to this version; a second start finds the mark and skips it."""
    mark = place.airflow_home / f"migrated-{version('apache-airflow-core')}"
    if mark.exists() and (place.airflow_home / "airflow.db").exists():
        return
    service = _start(place, "airflow-migrate", "airflow", "db", "migrate")
    if service.process.wait() != 0:
        service.check()
    mark.touch()


def _start(place: Place, name: str, *command: str) -> Service:
    path = place.logs / f"{name}.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            command,
            stdout=log,
            stderr=log,
            stdin=subprocess.DEVNULL,
            env=environment(place),
            start_new_session=True,
        )
    return Service(name, path, process)


def _stop(services: list[Service]) -> None:
    for service in services:
        with suppress(psutil.NoSuchProcess):
            service.family = psutil.Process(service.process.pid).children(recursive=True)
    for service in reversed(services):
        with suppress(ProcessLookupError):
            service.process.terminate()
    # The scheduler waits for running tasks as long as they like; whoever presses Ctrl-C does not.
    end = time.monotonic() + STOP_SECONDS
    for service in services:
        with suppress(subprocess.TimeoutExpired):
            service.process.wait(max(0.1, end - time.monotonic()))
    for service in services:
        _end(service)


def _end(service: Service) -> None:
    """End what did not end by itself: the program, and what it started in groups of their own."""
    service.process.kill()
    service.process.wait()
    for child in service.family:
        with suppress(psutil.NoSuchProcess):
            child.kill()


def _tail(path: Path) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-5:])
