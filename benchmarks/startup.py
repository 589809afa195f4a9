"""What a labelling process costs before its first file: CPU seconds from the interpreter's start to a GET.

MLflow's own server holds the model, and the S3 stand-in the night; the stand-in holds the first file back
until the process has told its CPU seconds, its memory and its modules. ``python -m benchmarks.startup``
prints them; with ``--container`` also the seconds from the start of a container to its first GET.
"""

import argparse
import asyncio
import os
import shlex
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

from benchmarks import workload
from benchmarks.network import Network, trained
from benchmarks.standin import Server, deliver, serve

RUN, SHARD = "startup", "0000"
PATIENCE = 300
"""Seconds that are given to a process that should need a few."""

_SETTINGS = (
    *("NIGHTLABEL_LAKE", "NIGHTLABEL_S3_ENDPOINT", "NIGHTLABEL_TRACKING_URI"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "NIGHTLABEL_HOME"),
)
_LABEL = ("label", "-u", workload.USECASE, "-d", str(workload.DAY), "-r", RUN, "--shard", SHARD, "--json")

_TELLING = """
import os, sys, threading

def tell(asked, told):
    os.read(asked, 1)
    used, (peak,) = os.times(), [line.split()[1] for line in open("/proc/self/status") if "VmHWM" in line]
    with os.fdopen(told, "w") as answer:
        print(used.user + used.system, int(peak) / 1024, *list(sys.modules), file=answer)

asked, told = int(sys.argv.pop(1)), int(sys.argv.pop(1))
threading.Thread(target=tell, args=(asked, told), daemon=True).start()
from nightlabel.cli import main
main()
"""  # the child of ``first_file``: the command, and a thread that answers one question about it


class FirstFile(NamedTuple):
    """A process at the moment it asks for its first file.

    Attributes:
        cpu: Seconds of all its threads since the interpreter's start.
        peak: Memory in MB.
        modules: Names of the modules that it holds.
    """

    cpu: float
    peak: float
    modules: frozenset[str]


@dataclass(slots=True)
class Watch(Server):
    """The stand-in, which calls ``on_file`` before it answers the next GET of an input."""

    on_file: Callable[[], None] | None = None

    def answer(self, method: str, target: str, headers: bytes, body: bytes) -> bytes:
        """Answer one request."""
        if self.on_file and method == "GET" and "/inbox/" in target.partition("?")[0]:
            tell, self.on_file = self.on_file, None
            tell()
        return Server.answer(self, method, target, headers, body)


@dataclass(frozen=True, slots=True)
class Place:
    """A night that is planned, and what holds it."""

    watch: Watch
    environment: dict[str, str]


@contextmanager
def planned(network: Network, tracking_uri: str, scratch: Path, files: int = 30) -> Iterator[Place]:
    """Deliver some files, make a network champion, and plan their night.

    Args:
        network: The model.
        tracking_uri: A running MLflow server.
        scratch: An existing folder.
        files: Files of the night.
    """
    register(network, tracking_uri)
    watch = Watch()
    deliver(watch.blobs, workload.Night(files))
    with serving(watch) as endpoint:
        place = Place(watch, _environment(endpoint, tracking_uri, scratch))
        command = [_program(), "plan", "-u", workload.USECASE, "-d", str(workload.DAY), "-r", RUN]
        subprocess.run(command, env=place.environment, check=True, stdout=subprocess.DEVNULL)
        yield place


def first_file(place: Place) -> FirstFile:
    """Start labelling the shard, and stop it at its first file, so that the shard stays unlabelled."""
    (asked, ask), (told, tell) = os.pipe(), os.pipe()
    answers: SimpleQueue[str] = SimpleQueue()

    def question() -> None:
        os.write(ask, b"?")
        with os.fdopen(told) as answer:
            answers.put(answer.read())

    place.watch.on_file = question
    command = [sys.executable, "-c", _TELLING, str(asked), str(tell), *_LABEL]
    with subprocess.Popen(command, env=place.environment, pass_fds=(asked, tell)) as process:
        for end in (asked, tell):
            os.close(end)
        try:
            cpu, peak, *modules = answers.get(timeout=PATIENCE).split()
        finally:
            process.kill()
            os.close(ask)
    return FirstFile(float(cpu), float(peak), frozenset(modules))


def cold_start(place: Place, run: Sequence[str], image: str) -> float:
    """Give the seconds from the start of a container to its first GET of a file.

    Args:
        place: A night that is planned.
        run: The words that run a container, such as ``docker run --rm --cpus 1``.
        image: Its image.
    """
    asked, blobs = threading.Event(), place.watch.blobs
    before = set(blobs.objects)
    place.watch.on_file = asked.set
    told = [word for name in _SETTINGS for word in ("--env", name)]
    name = f"nightlabel-{uuid.uuid4().hex[:12]}"
    apart = ["--network", "host", "--read-only", "--tmpfs", "/tmp", "--name", name]  # noqa: S108 - the container's
    environment = place.environment | {"NIGHTLABEL_HOME": "/tmp/nightlabel"}  # noqa: S108 - as above
    began = time.monotonic()
    with subprocess.Popen(
        [*run, *apart, *told, image, *_LABEL], env=environment, stdout=subprocess.DEVNULL
    ) as container:
        if not asked.wait(PATIENCE):
            raise TimeoutError(f"the container asked for no file within {PATIENCE} s")
        seconds = time.monotonic() - began
        if container.wait(PATIENCE):
            raise RuntimeError(f"the container ended with {container.returncode}")
    for key in set(blobs.objects) - before:  # so that the shard is as if it had never been labelled
        blobs.delete(key)
    return seconds


def register(network: Network, tracking_uri: str) -> None:
    """Log a network in MLflow, register it, and make it champion."""
    from mlflow import MlflowClient  # noqa: PLC0415 - heavy, and a test may bring a champion of its own

    from nightlabel.registry.models import ARTIFACT, CHAMPION, Registry  # noqa: PLC0415

    book = MlflowClient(tracking_uri, registry_uri=tracking_uri)
    place = book.create_experiment(f"startup-{uuid.uuid4().hex}")
    run_id = book.create_run(place).info.run_id
    model_id = book.create_logged_model(place, "made", run_id).model_id
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(network.folder, Path(folder) / ARTIFACT)
        book.log_model_artifacts(model_id, folder)
    registry = Registry(tracking_uri)
    version = registry.add(workload.USECASE, run_id, f"models:/{model_id}", network.sha256, {}).version
    registry.alias(workload.USECASE, CHAMPION, version)


@contextmanager
def serving(server: Server) -> Iterator[str]:
    """Serve a stand-in from a thread of this process; gives its address."""
    ports: SimpleQueue[int] = SimpleQueue()
    loop = asyncio.new_event_loop()
    task = loop.create_task(serve(server, 0, ports.put))

    thread = threading.Thread(target=loop.run_until_complete, args=(asyncio.wait([task]),), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{ports.get(timeout=PATIENCE)}"
    finally:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()
        loop.close()


@contextmanager
def mlflow_server(folder: Path) -> Iterator[str]:
    """Run MLflow's server on SQLite and a folder; gives its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--workers", "1"]
    command += ["--artifacts-destination", str(folder / "artifacts")]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            _wait_for(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def main() -> None:
    """Measure, and print one line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--scratch", type=Path, default=Path(".nightlabel/bench"), help="keeps the network")
    parser.add_argument(
        "--container", default="", help="words that run a container: 'docker run --rm --cpus 1'"
    )
    parser.add_argument("--image", default="", help="the labelling image")
    asked = parser.parse_args()
    asked.scratch.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        mlflow_server(Path(folder)) as tracking_uri,
        planned(trained(asked.scratch), tracking_uri, Path(folder)) as place,
    ):
        found = [first_file(place) for _ in range(asked.runs)]
        run = shlex.split(asked.container)
        cold = sorted(cold_start(place, run, asked.image) for _ in range(asked.runs if run else 0))
    cpu = sorted(run.cpu for run in found)
    print(
        f"label, from the interpreter's start to the first GET: {statistics.median(cpu):.2f} CPU s"
        f" (median of {len(cpu)}; {cpu[0]:.2f} to {cpu[-1]:.2f}),"
        f" {max(run.peak for run in found):.0f} MB, {len(found[0].modules)} modules"
    )
    if cold:
        print(
            f"container, from its start to the first GET: {statistics.median(cold):.2f} s"
            f" (median of {len(cold)}; {cold[0]:.2f} to {cold[-1]:.2f})"
        )


def _environment(endpoint: str, tracking_uri: str, scratch: Path) -> dict[str, str]:
    place = (f"s3://{workload.BUCKET}", endpoint, tracking_uri, "test", "test", str(scratch))
    return {**os.environ, **dict(zip(_SETTINGS, place, strict=True))}


def _program() -> str:
    return str(Path(sys.executable).parent / "nightlabel")


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - a server of this process
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


if __name__ == "__main__":
    main()
