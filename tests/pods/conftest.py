"""The shipped DAGs with their steps in pods: real Airflow, the real operator, the shipped manifests."""

import json
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from nightlabel.settings import settings
from tests.airflow import conftest as airflow_home
from tests.airflow.conftest import ROOT, StandIn
from tests.fake_kubernetes import Cluster, cluster, processes

database = airflow_home.database
MANIFESTS = [p for p in sorted((ROOT / "inference_image/k8s").glob("*.yaml")) if p.stem != "kustomization"]
IMAGE = f"registry.example/nightlabel@sha256:{'a' * 64}"
TRAINING = f"registry.example/nightlabel-train@sha256:{'b' * 64}"
NIGHTLY = "nightly__card_spending"
LAUNCHER = "nightlabel-launcher"
LABEL = ".*-label-.*"
"""The pods of the label step, for a fault."""
SOON = 1.0
"""Seconds in which a pod has begun to work."""


@dataclass
class Ran:
    """How a run ended: the states of its tasks, and their tries."""

    state: str
    tasks: dict[str, str]
    tries: dict[str, int]


@pytest.fixture(scope="module")
def programs():
    """A folder with the stand-in for ``nightlabel``, which pods run; not in /tmp, where a pod has its own."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        shutil.copy(ROOT / "tests/airflow/stand_in.py", Path(folder, "nightlabel"))
        yield Path(folder)


@pytest.fixture(scope="module")
def running(programs):
    """A cluster of the shipped manifests; its images run the stand-in."""
    program = [sys.executable, "-SE", str(programs / "nightlabel")]
    runner = processes({IMAGE: program, TRAINING: program})
    with cluster(manifests=MANIFESTS, runner=runner, namespace="nightlabel") as made:
        yield made


@pytest.fixture
def fake(running) -> Cluster:
    """The cluster without pods and faults; a fault that never hits fails the test."""
    running.empty()
    yield running
    running.check()
    running.empty()


@pytest.fixture
def stand_in(programs) -> StandIn:
    """What the pods' program is told to do, and how it was called."""
    for file in programs.glob("*"):
        if file.name != "nightlabel":
            file.unlink()
    return StandIn(programs)


@pytest.fixture(params=["sync", "deferrable"])
def mode(request) -> str:
    """Who waits for the pods: the worker, or the triggerer."""
    return request.param


@pytest.fixture
def in_pods(fake, mode, s3_place, monkeypatch):
    """A place whose steps run in pods of the cluster."""
    return placed(monkeypatch, fake, mode)


def placed(monkeypatch, fake, mode):
    """Set the place: pods by the account that the manifests give to Airflow."""
    extra = {"kube_config_path": str(fake.kubeconfig(LAUNCHER)), "namespace": "nightlabel"}
    for name, value in {
        "NIGHTLABEL_STEPS_IN": "kubernetes",
        "NIGHTLABEL_POD_IMAGE": IMAGE,
        "NIGHTLABEL_POD_TRAINING_IMAGE": TRAINING,
        "NIGHTLABEL_POD_CONNECTION": "cluster",
        "NIGHTLABEL_POD_DEFERRABLE": str(mode == "deferrable"),
        "AIRFLOW_CONN_CLUSTER": json.dumps({"conn_type": "kubernetes", "extra": extra}),
    }.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    return settings()


@pytest.fixture
def told(capfd):
    """What the tasks have logged until now."""
    return lambda: "".join(capfd.readouterr())


@pytest.fixture
def run(in_pods, stand_in, database):
    """Run a DAG to its end, as Airflow runs it, without waiting between the tries."""
    return runner()


def runner():
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - Airflow is imported where it is tested

    bag = DagBag(ROOT / "dags")
    assert bag.import_errors == {}

    def start(dag_id=NIGHTLY, conf=None):
        dag = bag.dags[dag_id]
        dag.deadline = None  # Airflow 3.3.2 cannot end a test run that has a deadline
        for task in dag.tasks:
            task.retry_delay = task.retry_delay * 0
        ended = dag.test(run_conf=conf or {"date": "2026-01-31"})
        found = ended.get_task_instances()
        names = {t.id: f"{t.task_id}{t.map_index if t.map_index >= 0 else ''}" for t in found}
        return Ran(
            str(ended.state),
            {names[t.id]: str(t.state) for t in found},
            {names[t.id]: t.try_number for t in found},
        )

    return start
