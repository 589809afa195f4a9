"""A whole night of the shipped DAG in pods of the shipped image, and what the table holds afterwards."""

import pytest

from benchmarks import startup, workload
from demo import data
from nightlabel import catalog
from nightlabel import label as room
from nightlabel.settings import settings
from nightlabel.store import open_lake
from tests.containers import build, engine
from tests.fake_kubernetes import cluster, podman
from tests.pods.conftest import LABEL, LAUNCHER, MANIFESTS, placed, runner
from tests.test_startup import network

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(1800)]

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@pytest.fixture(scope="module")
def image() -> str:
    """The image of the shipped Dockerfile, by its digest."""
    name = build("label")
    digest = engine().said("image", "inspect", "--format", "{{.Digest}}", name)
    return f"{name.rpartition(':')[0]}@{digest}"


@pytest.fixture(scope="module")
def fake():
    """A cluster of the shipped manifests whose pods are real containers."""
    settings = [f"{name}={value}" for name, value in engine().environment.items()]
    containers = podman(command=["env", *settings, *engine().prefix], environment=CREDENTIALS)
    with cluster(manifests=MANIFESTS, runner=containers, namespace="nightlabel") as made:
        yield made


@pytest.fixture
def place(s3_place, mlflow_server, database, monkeypatch):
    """A lake on S3, an MLflow server, and Airflow's database."""
    monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", mlflow_server)
    return s3_place.model_copy(update={"tracking_uri": mlflow_server})


@pytest.fixture
def night(place, image, fake, monkeypatch):
    """Run a night of card files in pods; gives how the run and the partition ended."""

    def go(mode, cards, folder):
        made = network(folder / "model", catalog.load(workload.USECASE), cards.payload)
        startup.register(made, place.tracking_uri)
        placed(monkeypatch, fake, mode)
        monkeypatch.setenv("NIGHTLABEL_POD_IMAGE", image)
        monkeypatch.delenv("NIGHTLABEL_POD_TRAINING_IMAGE")  # the drift report runs in a process
        settings.cache_clear()
        date = data.deliver(open_lake(place), cards).night
        ended = runner()(conf={"date": date})
        return ended, room.verify(catalog.load(workload.USECASE), open_lake(), date)

    return go


def test_a_night_in_pods_accounts_for_every_record_though_one_is_killed(night, fake, image, tmp_path):
    fake.kill(LABEL)

    ended, found = night("sync", data.read(None), tmp_path)

    assert sorted(tries for task, tries in ended.tries.items() if task.startswith("label")) == [1, 1, 2]
    assert {ended.tasks[task] for task in ("plan", "label0", "publish")} == {"success"}
    assert found.ok
    assert (found.files, found.waiting) == (found.inbox_files, 0)
    assert found.labelled > 100
    assert fake.pods() == []
    assert fake.refused(LAUNCHER) == set()
    assert room.read_plan(open_lake(), workload.USECASE, found.date, found.run).image == image


def test_the_real_files_are_labelled_in_pods_that_the_triggerer_waits_for(night, real_cards, tmp_path):
    _, found = night("deferrable", data.read(real_cards), tmp_path)

    assert (found.ok, found.files, found.records) == (True, 330, 502)
    assert (found.labelled, found.quarantined) == (501, {"NL-A002": 1})
