"""The real pod operator, in both of its modes, is content with the fake cluster."""

import json
from pathlib import Path

import pytest

from tests.airflow import conftest as airflow_home
from tests.kubernetes.pods import SHELL

pytestmark = pytest.mark.airflow
database = airflow_home.database
MODES = pytest.mark.parametrize("mode", ["sync", "deferrable"])
DAGS = Path(__file__).parent / "dags"
BUNDLE = {
    "name": "smoke",
    "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
    "kwargs": {"path": str(DAGS)},
}


@pytest.fixture
def run(fake, database, monkeypatch):
    """Run one pod by a DAG of one task; gives the state of the task."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - Airflow is imported where it is tested

    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps([BUNDLE]))
    bag = DagBag(DAGS)

    def start(mode, program, image=SHELL):
        conf = {"program": program, "image": image, "kubeconfig": str(fake.kubeconfig("worker"))}
        (task,) = bag.dags[f"smoke_{mode}"].test(run_conf=conf).get_task_instances()
        return str(task.state)

    return start


@MODES
def test_a_pod_that_ends_well_is_a_success_and_is_deleted(run, fake, mode, capfd):
    assert run(mode, "echo hello from the pod; sleep 1") == "success"
    assert fake.pods() == []
    assert "hello from the pod" in "".join(capfd.readouterr())
    rights = {(verb, "pods") for verb in ("create", "delete", "get", "list")} | {("get", "pods/log")}
    # The operator reads the events of a pod that still waits to start when it looks.
    assert rights <= fake.used("worker") <= rights | {("list", "events"), ("watch", "events")}


@MODES
def test_a_pod_that_fails_is_a_failure_and_is_deleted(run, fake, mode):
    assert run(mode, "echo sorry; exit 7") == "failed"
    assert fake.pods() == []
    assert ("patch", "pods") in fake.used("worker")


@MODES
def test_a_missing_image_fails_the_task(run, fake, mode):
    assert run(mode, "true", image="registry.example/none:1") == "failed"
    assert fake.pods() == []
