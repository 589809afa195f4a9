"""A whole night in the image: the labels are those that this machine gives, and no secret is told."""

import json
import os
import subprocess
import sys
import urllib.request
import uuid
from pathlib import Path

import pytest

from benchmarks import startup, workload
from nightlabel import catalog
from nightlabel import label as room
from nightlabel.settings import Settings, settings
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike
from tests.containers import Finished, run
from tests.test_startup import network

NIGHT = ("-u", workload.USECASE, "-d", str(workload.DAY), "-r", "first")
SECRETS = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIbPxRfiCYEXAMPLEKEY",
    "MLFLOW_TRACKING_USERNAME": "labeller",
    "MLFLOW_TRACKING_PASSWORD": "correct-horse-battery",
}
SAME = ["source", "source_version", "row", "outcome", "label", "confidence", "model_version", "error_code"]


def files() -> dict[str, bytes]:
    """Give the files of a night, of clients that the champion knows; one of them is no card file."""
    purchases = lookalike.make(300, 7, first_day=workload.DAY, days=1)
    made = lookalike.inbox(purchases, undated=workload.DAY)
    return made | {f"date={workload.DAY}/other.csv": b"something else"}


class Place:
    """A lake with the files of one night, and all that was said about it."""

    def __init__(self, endpoint: str, tracking_uri: str) -> None:
        bucket = f"lake-{uuid.uuid4().hex[:12]}"
        self.variables = SECRETS | {
            "AWS_DEFAULT_REGION": "us-east-1",
            "NIGHTLABEL_LAKE": f"s3://{bucket}",
            "NIGHTLABEL_S3_ENDPOINT": endpoint,
            "NIGHTLABEL_TRACKING_URI": tracking_uri,
        }
        self.settings = Settings(lake=f"s3://{bucket}", s3_endpoint=endpoint, tracking_uri=tracking_uri)
        self.said: list[str] = []
        urllib.request.urlopen(
            urllib.request.Request(f"{endpoint}/{bucket}", method="PUT"), timeout=10
        ).close()
        lake = open_lake(self.settings)
        for name, body in files().items():
            lake.put(f"{workload.USECASE}/inbox/{name}", body)

    def night(self, call) -> dict[str, dict]:
        """Plan, label, publish and verify by one kind of process; gives what each said."""
        shard = ("--shard", "0000")
        commands = {
            "plan": ("plan", *NIGHT),
            "label": ("label", *NIGHT, *shard),
            "publish": ("publish", *NIGHT),
            "verify": ("verify", str(workload.DAY), "-u", workload.USECASE),
            "doctor": ("doctor",),
        }
        return {
            name: self._answer(call([*words, "--json"], self.variables)) for name, words in commands.items()
        }

    def labels(self):
        frame = room.read_labels(open_lake(self.settings), workload.USECASE, str(workload.DAY))
        return frame.sort_values(["source", "row"], ignore_index=True)[SAME]

    def _answer(self, done: Finished) -> dict:
        self.said.append(done.stdout + done.stderr)
        assert done.code == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(autouse=True)
def _here(monkeypatch, s3_server):
    for name, value in (SECRETS | {"NIGHTLABEL_S3_ENDPOINT": s3_server}).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def on_this_machine(words, variables) -> Finished:
    environment = {"PATH": os.environ["PATH"], "NIGHTLABEL_HOME": os.environ["NIGHTLABEL_HOME"], **variables}
    command = [Path(sys.executable).with_name("nightlabel"), *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return Finished(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def registered(mlflow_server, tmp_path_factory) -> str:
    """An MLflow server with a champion; gives its address."""
    made = network(tmp_path_factory.mktemp("champion") / "model", catalog.load(workload.USECASE))
    startup.register(made, mlflow_server)
    return mlflow_server


def test_a_night_in_the_image_gives_the_labels_that_this_machine_gives(image, s3_server, registered):
    ours, theirs = Place(s3_server, registered), Place(s3_server, registered)

    here = ours.night(on_this_machine)
    there = theirs.night(lambda words, variables: run(image, words, env=variables, memory="1g"))

    assert there["verify"]["ok"]
    assert there["plan"]["files"] == len(files())
    assert there["label"]["quarantined"]
    assert [f["ok"] for f in there["doctor"]["findings"]] == [True] * 10
    for name in ("records", "labelled", "quarantined"):
        assert there["label"][name] == here["label"][name]
    assert theirs.labels().equals(ours.labels())
    assert len(theirs.labels()) > 200
    told = "".join(theirs.said)
    assert [
        name for name, value in SECRETS.items() if value in told and name != "MLFLOW_TRACKING_USERNAME"
    ] == []


def test_a_night_that_fails_tells_no_secret_either(image, s3_server, registered):
    place = Place(s3_server, registered)
    lost = place.variables | {"NIGHTLABEL_LAKE": "s3://nowhere", "NIGHTLABEL_LOG_JSON": "true"}

    done = run(image, ["plan", *NIGHT], env=lost)

    assert done.code in {64, 75}
    assert "NL-" in done.stderr
    assert [name for name, value in SECRETS.items() if value in done.stdout + done.stderr] == []
