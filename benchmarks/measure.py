"""Runs engines, each in a process of its own, against a store in another, and reads what they wrote."""

import io
import json
import subprocess
import sys
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import obstore
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import standin, workload
from benchmarks.engines import ENGINES
from benchmarks.engines.task import KEY, REGION, SECRET, Task
from benchmarks.network import Network
from benchmarks.workload import Night
from nightlabel.settings import child_environment

ROOT = Path(__file__).parents[1]

Labels = pd.DataFrame
_LABELS = pa.schema([("source", pa.string()), ("row", pa.int64()), ("label", pa.string())])
_QUIET = {"DO_NOT_TRACK": "1", "DAFT_PROGRESS_BAR": "0", "OMP_NUM_THREADS": "1"}


class BenchmarkError(Exception):
    """The benchmark cannot go on, or engines disagree."""


@dataclass(frozen=True)
class Place:
    """What all runs share.

    Attributes:
        network: The model.
        packages: Folder with the peers' packages.
    """

    network: Network
    packages: Path


@dataclass(frozen=True)
class Lake:
    """A store that serves a night.

    Attributes:
        place: What all runs share.
        endpoint: Its address.
        night: What lies in it.
    """

    place: Place
    endpoint: str
    night: Night

    def requests(self) -> dict[str, int]:
        """Give the number of requests so far by method."""
        with urllib.request.urlopen(self.endpoint + standin.COUNTS, timeout=60) as answer:  # noqa: S310 - ours
            found: dict[str, int] = json.load(answer)
        return found

    def task(self, *, few: bool = False, **fields: Any) -> Task:
        """Name a partition to label; each call is a run of its own."""
        run, network = f"run-{uuid.uuid4().hex[:12]}", self.place.network
        day = str(workload.FEW_DAY if few else workload.DAY)
        folder = str(network.folder.absolute())
        return Task(self.endpoint, day, f"out/{run}", folder, network.sha256, **{"run": run, **fields})


@dataclass(frozen=True)
class Taken:
    """What one run took.

    Attributes:
        engine: Its name.
        files: Files of the partition.
        cpu: CPU seconds of the work, user and system.
        seconds: Wall time of the work.
        startup: CPU seconds before it: interpreter, imports, model.
        peak_mb: Most resident memory.
        requests: Requests to the store by method; of all that ran at the same time.
        stages: CPU seconds by stage, where the engine counts them.
        rows: Labelled records.
    """

    engine: str
    files: int
    cpu: float
    seconds: float
    startup: float
    peak_mb: float
    requests: dict[str, int]
    stages: dict[str, float]
    rows: int


@contextmanager
def served(place: Place, night: Night, *, delay_ms: float = 0.0) -> Iterator[Lake]:
    """Serve a night as long as the block lasts.

    Args:
        place: What all runs share.
        night: The night.
        delay_ms: Milliseconds before each answer.
    """
    options = {**asdict(night), "delay-ms": delay_ms}
    command = [sys.executable, "-m", "benchmarks.standin"]
    command += [f"--{name}={value}" for name, value in options.items()]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        if not (port := server.stdout.readline().strip() if server.stdout else ""):
            raise BenchmarkError("the store did not start")
        yield Lake(place, f"http://127.0.0.1:{port}", night)
    finally:
        server.kill()
        server.wait()


def run(lake: Lake, engine: str, *tasks: Task, pinned: bool = False) -> list[tuple[Taken, Labels]]:
    """Run an engine on tasks, side by side, each in a process of its own; take the results off the store.

    Args:
        lake: The store.
        engine: Name of the engine.
        tasks: What each process is to label.
        pinned: Each process has one core of its own.

    Returns:
        For each task what it took, and the labels by ``file`` (its number) and ``row``, in order.

    Raises:
        BenchmarkError: A process ended early; its own words are on stderr.
    """
    cores = range(len(tasks)) if pinned else [-1] * len(tasks)
    processes = [_start(lake, engine, task, core) for task, core in zip(tasks, cores, strict=True)]
    try:
        for process in processes:
            _line(process, engine)
        before = lake.requests()
        for process in processes:
            _tell(process)
        found = [json.loads(_line(process, engine)) for process in processes]
        after = lake.requests()
    finally:
        for process in processes:
            process.kill()
            process.wait()
    requests = {method: after[method] - before.get(method, 0) for method in after}
    return [_taken(lake, engine, task, said, requests) for task, said in zip(tasks, found, strict=True)]


def _start(lake: Lake, engine: str, task: Task, core: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "benchmarks.child", engine, json.dumps(asdict(task)), str(core)]
    variables = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": lake.endpoint,
        "NIGHTLABEL_LAKE": f"s3://{workload.BUCKET}",
        "NIGHTLABEL_S3_ENDPOINT": lake.endpoint,
        "PYTHONPATH": str(lake.place.packages.absolute()),
    }
    environment = child_environment(**_QUIET, **variables)
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, text=True, cwd=ROOT)


def _tell(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        print("go", file=process.stdin, flush=True)


def _line(process: subprocess.Popen[str], engine: str) -> str:
    if line := process.stdout.readline() if process.stdout else "":
        return line
    raise BenchmarkError(f"{ENGINES[engine].title} ended early; its own words stand above")


def _taken(
    lake: Lake, engine: str, task: Task, said: dict[str, Any], requests: dict[str, int]
) -> tuple[Taken, Labels]:
    few = task.day == str(workload.FEW_DAY)
    files = min(lake.night.files, workload.FEW) if few else lake.night.files
    labels = _labels(task, said.pop("outputs"))
    return Taken(engine, files, requests=requests, rows=len(labels), **said), labels


def _labels(task: Task, outputs: list[str]) -> Labels:
    store = task.store()
    parts = [pq.read_table(io.BytesIO(bytes(obstore.get(store, key).bytes()))) for key in outputs]
    if outputs:
        obstore.delete(store, outputs)
    tables = [part.select(_LABELS.names).cast(_LABELS) for part in parts]
    labels = pa.concat_tables([_LABELS.empty_table(), *tables]).to_pandas()
    labels["file"] = labels.pop("source").str[-11:-4].astype("int64")
    ordered: Labels = labels.sort_values(["file", "row"], ignore_index=True)
    return ordered
