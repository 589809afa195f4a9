"""Fixtures that all tests share: lakes on a folder and on S3, the real card file, clean settings."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import hypothesis
import pytest

from nightlabel.monitor.metrics import metrics
from nightlabel.settings import PREFIX, Settings, settings
from nightlabel.store import Store, open_lake
from tests import s3

SHARED = Path(__file__).parents[2] / "shared"
REAL_CARDS = SHARED / "data" / "card_transactions" / "MiBolsillo.csv"
LOCAL_AND_S3 = ("folder", "s3")
SLOW = ("browser/test_loop", "pods/", "laptop/test_stop", "soak/", "image/", "label/test_engine", "spread/")
SLOW += ("workflows/test_model_pr", "workflows/test_release")
"""Where the longest tests are: begun first, so that no process is left with them alone at the end."""


hypothesis.settings.register_profile(
    "laws",
    deadline=None,
    print_blob=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("laws")


def _ports() -> Iterator[int]:
    """Give the ports of this worker, below those that the system gives to whoever asks for any."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw9").removeprefix("gw")) % 10
    first, last = 20_000 + 1_000 * worker, 20_999 + 1_000 * worker
    yield from range(first + os.getpid() % 1_000, last + 1)
    while True:
        yield from range(first, last + 1)


_my_ports = _ports()


def free_port() -> int:
    """Give a port for a program that is started later: no other worker is given it meanwhile."""
    for port in _my_ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


class Agent:
    """A DogStatsD agent on a free port of this machine."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(5)
        self.port = self._socket.getsockname()[1]

    def line(self) -> str:
        """Give the next datagram; waits for it."""
        return self._socket.recv(65_536).decode()

    def lines(self) -> list[str]:
        """Give all datagrams that are there."""
        self._socket.setblocking(False)
        found = []
        with suppress(BlockingIOError):
            while True:
                found.append(self.line())
        self._socket.settimeout(5)
        return found

    def close(self) -> None:
        self._socket.close()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: next((n for n, where in enumerate(SLOW) if where in item.nodeid), len(SLOW)))


def wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def of_places() -> set[str]:
    """Give the names of this process's variables that say what place it is in."""
    return {name for name in os.environ if name.startswith(PREFIX)}


for _name in of_places():  # a fixture of a whole file comes before that of its first test
    del os.environ[_name]


@pytest.fixture(autouse=True)
def _clean_place(monkeypatch, tmp_path):
    """Each test has a laptop of its own; nothing leaks in from the person, nor out to the next test."""
    before = of_places()
    for name in before:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NIGHTLABEL_HOME", str(tmp_path / "home"))
    settings.cache_clear()
    metrics.cache_clear()
    yield
    for name in of_places() - before:
        del os.environ[name]
    settings.cache_clear()
    metrics.cache_clear()


@pytest.fixture(scope="session")
def s3_server():
    """Moto's S3 over real HTTP; gives its address."""
    with s3.served() as address:
        yield address


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory):
    """A real MLflow server over HTTP, on SQLite and a folder; gives its address."""
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    log = (folder / "log").open("wb")
    server = subprocess.Popen(
        command, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
    )
    try:
        wait_for(f"http://127.0.0.1:{port}/health", seconds=180)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # its workers too
        server.wait()
        log.close()


@pytest.fixture
def folder_place(tmp_path, monkeypatch) -> Settings:
    """Settings with a lake in a folder; child processes get the same."""
    monkeypatch.setenv("NIGHTLABEL_LAKE", (tmp_path / "lake").as_uri())
    settings.cache_clear()
    return settings()


@pytest.fixture
def s3_place(s3_server, monkeypatch) -> Settings:
    """Settings with a lake on S3, in a bucket of its own; child processes get the same."""
    bucket = f"lake-{uuid.uuid4().hex[:12]}"
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": s3_server,
        "NIGHTLABEL_LAKE": f"s3://{bucket}/root",
        "NIGHTLABEL_S3_ENDPOINT": s3_server,
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    request = urllib.request.Request(f"{s3_server}/{bucket}", method="PUT")
    urllib.request.urlopen(request, timeout=60).close()
    return settings()


@pytest.fixture
def agent(monkeypatch):
    """A DogStatsD agent that listens where this place sends its metrics and alarms."""
    listening = Agent()
    monkeypatch.setenv("NIGHTLABEL_STATSD_PORT", str(listening.port))
    settings.cache_clear()
    metrics.cache_clear()
    yield listening
    metrics.cache_clear()
    listening.close()


@pytest.fixture(params=LOCAL_AND_S3)
def place(request) -> Settings:
    """The settings of a lake, once on a folder and once on S3."""
    return request.getfixturevalue(f"{request.param}_place")


@pytest.fixture
def lake(place) -> Store:
    """An empty lake, once on a folder and once on S3."""
    return open_lake(place)


@pytest.fixture(scope="session")
def real_cards() -> Path:
    """The real card file, which the project may read but not ship."""
    if not REAL_CARDS.exists():
        pytest.skip(f"the real card file is not beside this checkout: {REAL_CARDS}")
    return REAL_CARDS
