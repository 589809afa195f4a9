"""The compose file really started: Docker Compose on podman's socket, with ports and secrets of its own."""

import http.client
import json
import os
import socket
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from compose import keys
from tests.compose.tools import FILE, ROOT, docker_compose, standin
from tests.conftest import free_port
from tests.containers import build, engine

MINUTES = 60
START = 20 * MINUTES
"""Longest wait for all services, seconds."""
Done = subprocess.CompletedProcess[str]
UIS = ("airflow", "mlflow", "evidently")


@dataclass
class System:
    """One place: a project of Docker Compose.

    Attributes:
        folder: Where its secrets and podman's socket are.
        ports: The published ports, by service.
        secrets: Keys and passwords by name.
        images: What the variables for images say.
    """

    folder: Path
    ports: dict[str, int]
    secrets: dict[str, str]
    images: dict[str, str]
    name: str = field(default_factory=lambda: f"nl{uuid.uuid4().hex[:8]}")

    @property
    def socket(self) -> Path:
        return self.folder / "podman.sock"

    def url(self, service: str) -> str:
        return f"http://127.0.0.1:{self.ports[service]}"

    def compose(self, *words: str, seconds: float = START, stdin: str = "") -> Done:
        """Run Docker Compose to its end."""
        own = ("--file", FILE, "--project-name", self.name, "--progress", "plain")
        command = [docker_compose(), *own, *words]
        options = {"env": self._told(), "cwd": ROOT, "input": stdin, "timeout": seconds}
        return subprocess.run(command, **options, capture_output=True, text=True, check=False)

    def up(self) -> None:
        """Start all services, and wait until each says that it is healthy."""
        with self._examined():
            done = self.compose("up", "--detach", "--wait", "--wait-timeout", str(START), seconds=START + 60)
        assert not done.returncode, f"{done.stderr[-3000:]}\n{self.logs()}"

    def down(self, *words: str) -> None:
        """Stop and remove all services; their volumes stay, where nothing else is said."""
        done = self.compose("down", "--timeout", "30", *words)
        assert not done.returncode, done.stderr[-3000:]

    def logs(self, *services: str) -> str:
        return self.compose("logs", "--tail", "40", *services, seconds=120).stdout[-12_000:]

    def inside(self, *command: str, service: str = "airflow-scheduler", stdin: str = ""):
        """Run a command in a running service, as ``docker compose exec`` does."""
        entered = ("exec", "--no-TTY", service, "python", "-m", "compose.start")
        return self.compose(*entered, *command, seconds=10 * MINUTES, stdin=stdin)

    def ask(self, path: str):
        """Ask podman itself over its socket."""
        line = http.client.HTTPConnection("podman", timeout=120)
        line.sock = socket.socket(socket.AF_UNIX)
        line.sock.connect(str(self.socket))
        line.request("GET", f"/v4.0.0/libpod/{path}")
        answer = line.getresponse()
        return json.loads(answer.read() or b"null")

    def containers(self) -> list[dict]:
        told = json.dumps({"label": [f"com.docker.compose.project={self.name}"]})
        return self.ask(f"containers/json?all=true&filters={quote(told)}")

    @contextmanager
    def _examined(self) -> Iterator[None]:
        """Run the health checks while the block runs: podman leaves that to systemd, which is not here."""
        ended = threading.Event()
        thread = threading.Thread(target=self._examine, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _examine(self, ended: threading.Event) -> None:
        while not ended.wait(2):
            for one in self.containers():
                if one["State"] == "running" and one["Status"] != "healthy" and not ended.is_set():
                    self.ask(f"containers/{one['Id']}/healthcheck")

    def _told(self) -> dict[str, str]:
        ports = {f"{name.upper()}_PORT": str(port) for name, port in self.ports.items()}
        here = {
            "DOCKER_HOST": f"unix://{self.socket}",
            "SECRETS": str(self.folder),
            "LOG_DRIVER": "k8s-file",
            "AIRFLOW_PULL": "never",
        }
        return {**os.environ, **ports, **self.images, **here}


@contextmanager
def system(folder: Path) -> Iterator[System]:
    """Give a place whose services are not started yet; nothing of it outlives the block.

    Args:
        folder: An empty folder with a short path, for its secrets and its socket.
    """
    ports = {name: free_port() for name in (*UIS, "store")}
    images = {"AIRFLOW_IMAGE": build("airflow"), "POSTGRES_IMAGE": standin("postgres")}
    made = System(folder, ports, keys.keep(folder), images | {"STORE_IMAGE": standin("store")})
    with _podman(made.socket):
        try:
            yield made
        finally:
            made.down("--volumes", "--remove-orphans")


@contextmanager
def _podman(path: Path) -> Iterator[None]:
    """Let podman answer at a socket as Docker does."""
    own = engine()
    command = [*own.prefix, "system", "service", "--time=0", f"unix://{path}"]
    # Without systemd nobody would run the health checks; System does.
    environment = {**os.environ, **own.environment, "DISABLE_HC_SYSTEMD": "true"}
    with (path.parent / "podman.log").open("wb") as log:
        service = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        try:
            end = time.monotonic() + MINUTES
            while not path.exists():
                assert service.poll() is None, f"podman ended: {(path.parent / 'podman.log').read_text()}"
                assert time.monotonic() < end, "podman's socket does not open"
                time.sleep(0.1)
            yield
        finally:
            service.terminate()
            service.wait()
