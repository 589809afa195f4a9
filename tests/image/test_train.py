"""The image of the training pods: all steps of an experiment run in it. It takes minutes to build."""

import json

import pytest

from demo import data
from tests.containers import build, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

EXPERIMENT = ("--usecase", "card_spending", "--run", "in-pods", "--json")


@pytest.fixture(scope="module")
def training_image() -> str:
    return build("train")


def test_every_step_of_an_experiment_runs_in_the_training_image(training_image, tmp_path_factory):
    folder = tmp_path_factory.mktemp("training")
    folder.chmod(0o777)
    (folder / "cards.csv").write_bytes(data.read(None).payload)
    steps = {
        "validate": ["--data", "file:///data/cards.csv", "--candidate", "baseline"],
        "split": [],
        "train": ["--candidate", "baseline"],
        "evaluate": [],
        "gate": [],
        "register": [],
    }

    said = {}
    for step, words in steps.items():
        done = run(
            training_image,
            [step, *EXPERIMENT, *words],
            env={"NIGHTLABEL_HOME": "/data/home"},
            mounts={"/data": str(folder)},
            memory="3g",
            seconds=600,
        )
        assert done.code == 0, done.stderr
        said[step] = json.loads(done.stdout)

    assert said["gate"]["outcome"] == "promote"
    assert said["register"]["version"] == "1"


def test_what_training_and_monitoring_import_is_there(training_image):
    done = run(training_image, ["-c", "import torch, mlflow, evidently, dvc.repo"], entrypoint="python")
    assert done.code == 0, done.stderr
