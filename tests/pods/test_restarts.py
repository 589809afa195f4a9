"""Airflow's own machines are lost in the middle of a night: the pods work on, and no shard is done twice."""

import json
import urllib.request

import pytest

from demo.place import Ports, make
from nightlabel.settings import settings
from tests.conftest import free_port
from tests.pods.conftest import IMAGE, LAUNCHER, NIGHTLY, TRAINING
from tests.pods.house import House

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900)]

BUCKET = "lake-of-restarts"
GATE = "airflow-is-back"
"""The pods label until this is open."""


@pytest.fixture(scope="module")
def house(running, s3_server, tmp_path_factory):
    """Airflow with a lake on S3 and its pods in the cluster; only its API server runs."""
    urllib.request.urlopen(urllib.request.Request(f"{s3_server}/{BUCKET}", method="PUT"), timeout=60).close()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(tmp_path_factory.mktemp("house")))
        settings.cache_clear()
        place = make(Ports(free_port(), free_port(), free_port()))
    extra = {"kube_config_path": str(running.kubeconfig(LAUNCHER)), "namespace": "nightlabel"}
    variables = {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NIGHTLABEL_LAKE": f"s3://{BUCKET}/root",
        "NIGHTLABEL_S3_ENDPOINT": s3_server,
        "NIGHTLABEL_STEPS_IN": "kubernetes",
        "NIGHTLABEL_POD_IMAGE": IMAGE,
        "NIGHTLABEL_POD_TRAINING_IMAGE": TRAINING,
        "NIGHTLABEL_POD_CONNECTION": "cluster",
        "AIRFLOW_CONN_CLUSTER": json.dumps({"conn_type": "kubernetes", "extra": extra}),
    }
    made = House(place, variables)
    try:
        made.start("api-server")
        yield made
    finally:
        made.close()


def test_pods_that_end_while_airflow_is_away_have_done_their_work(house, fake, stand_in):
    run, parts = "waiting", ["dag-processor", "scheduler"]
    _start(house, stand_in, run, parts, deferrable=False)

    house.kill("scheduler")
    stand_in.open(GATE)
    house.until(lambda: _phases(fake) == ["Succeeded"] * 2, "no pod has ended")
    house.start("scheduler")

    _ends_well(house, fake, stand_in, run, parts)


def test_pods_that_are_at_work_when_airflow_comes_back_are_waited_for(house, fake, stand_in):
    run, lost = "deferred", ["scheduler", "triggerer"]
    parts = ["dag-processor", *lost]
    _start(house, stand_in, run, parts, deferrable=True)
    house.until(lambda: _states(house, run).count("deferred") == 2, "nothing is deferred")

    house.kill(*lost)
    house.until(lambda: not any(house.airflow.healthy(part) for part in lost), "nothing is missed")
    house.start(*lost)
    house.until(lambda: house.airflow.healthy(*lost), "Airflow is not back")
    stand_in.open(GATE)

    _ends_well(house, fake, stand_in, run, parts)


def _start(house, stand_in, run, parts, *, deferrable):
    """Start a night whose pods label until the gate is open."""
    stand_in.script(label={"until": GATE})
    house.start(*parts, NIGHTLABEL_POD_DEFERRABLE=str(deferrable))
    house.until(lambda: house.airflow.has(NIGHTLY), "no DAG")
    house.airflow.start(NIGHTLY, run, {"date": "2026-01-31"})
    house.until(lambda: stand_in.steps.count("label") == 2, "no pod labels")


def _ends_well(house, fake, stand_in, run, parts):
    state = house.ended(NIGHTLY, run)
    house.kill(*parts)
    assert state == "success"
    assert stand_in.steps.count("label") == 2
    assert fake.pods() == []


def _phases(fake):
    return [pod["status"]["phase"] for pod in fake.pods()]


def _states(house, run):
    return [task["state"] for task in house.airflow.tasks(NIGHTLY, run) if task["task_id"] == "label"]
