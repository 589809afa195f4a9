"""The MLflow server as the plan of prod has it: its program really started, told what the plan tells it.

What is replaced: where the database and the object store are, the port, the folder of the image, and the
values of the secrets, which are in no plan.
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import warnings
from http import HTTPStatus
from pathlib import Path

import boto3
import pytest
import yaml

from servers.mlflow_server import Told
from tests.conftest import free_port, wait_for
from tests.security.wire import ask
from tests.terraform.equipment import database
from tests.terraform.equipment.planned import only, resources
from tests.terraform.equipment.tools import ROOT

HOST = "mlflow.ml.example.com"
SCRATCH = "/tmp"  # noqa: S108 - in the container, where it is its own memory
ACCOUNT = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
SECRETS = {
    "PGPASSWORD": "pa%55/word@:of the database",
    "MLFLOW_AUTH_ADMIN_PASSWORD": "password of admin",
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "k" * 40,
}
ADMIN = ("admin", SECRETS["MLFLOW_AUTH_ADMIN_PASSWORD"])
SEARCH = "/api/2.0/mlflow/registered-models/search"
ARTIFACT = "/api/2.0/mlflow-artifacts/artifacts/1/run/artifacts/model/network.onnx"


@pytest.fixture(scope="module")
def container(prod) -> dict:
    """The one container of the task."""
    (found,) = json.loads(only(prod, "aws_ecs_task_definition", '["mlflow"]')["container_definitions"])
    return found


@pytest.fixture(scope="module")
def environment(container) -> dict[str, str]:
    """What the plan tells it in the open."""
    return {one["name"]: one["value"] for one in container["environment"]}


@pytest.fixture(scope="module")
def server(container, environment, s3_server):
    """The container's program; gives its address."""
    if absent := database.missing():
        warnings.warn(f"the MLflow server of the plan was NOT started: no {', '.join(absent)}", stacklevel=1)
        pytest.skip("apt-get install postgresql openssl")
    port = free_port()
    with (
        tempfile.TemporaryDirectory(prefix="nl-mlflow-") as folder,
        database.postgres(environment["PGUSER"], "mlflow", SECRETS["PGPASSWORD"]) as there,
    ):
        here = {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT}:{database.driver()}",
            "HOME": folder,
            "MLFLOW_HOST": "127.0.0.1",
            "MLFLOW_PORT": str(port),
            "MLFLOW_AUTH_CONFIG_PATH": environment["MLFLOW_AUTH_CONFIG_PATH"].replace(SCRATCH, folder),
            "AWS_ENDPOINT_URL": s3_server,
            "AWS_ACCESS_KEY_ID": "mlflow",
            "AWS_SECRET_ACCESS_KEY": "x",
        }
        with (Path(folder) / "log").open("wb") as log:
            command = [sys.executable, "-m", "compose.start", *container["command"]]
            told = environment | SECRETS | here | there
            process = subprocess.Popen(
                command, cwd=folder, env=told, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_for(f"http://127.0.0.1:{port}/health", seconds=180)
            yield f"http://127.0.0.1:{port}"
        except OSError as error:
            raise AssertionError((Path(folder) / "log").read_text()[-3000:]) from error
        finally:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.mark.parametrize(
    ("path", "host", "login", "status"),
    [
        ("/health", "10.0.0.7:5000", None, HTTPStatus.OK),
        ("/", HOST, None, HTTPStatus.UNAUTHORIZED),
        (SEARCH, HOST, None, HTTPStatus.UNAUTHORIZED),
        (SEARCH, HOST, ("admin", "password"), HTTPStatus.UNAUTHORIZED),
        (SEARCH, "10.0.0.7:5000", ADMIN, HTTPStatus.FORBIDDEN),
        (SEARCH, "mlflow.example.org", ADMIN, HTTPStatus.FORBIDDEN),
        (SEARCH, HOST, ADMIN, HTTPStatus.OK),
    ],
)
def test_it_answers_the_entrances_checks_and_whoever_has_host_and_password(server, path, host, login, status):
    assert ask(server + path, host=host, login=login).status == status


def test_artifacts_go_through_it_into_the_bucket_of_the_plan(server, environment, s3_server):
    bucket = environment["MLFLOW_ARTIFACTS_DESTINATION"].split("/")[2]
    s3 = boto3.client("s3", endpoint_url=s3_server, region_name="us-east-1", **ACCOUNT)
    s3.create_bucket(Bucket=bucket)
    put = ask(server + ARTIFACT, "PUT", body=b"weights", host=HOST, login=ADMIN)

    assert put.status == HTTPStatus.OK, put
    assert s3.get_object(Bucket=bucket, Key="1/run/artifacts/model/network.onnx")["Body"].read() == b"weights"


def test_it_is_told_all_that_it_asks_for_and_no_secret_in_the_open(container, environment):
    secret = {one["name"] for one in container["secrets"]}
    asked = {field.alias for field in Told.model_fields.values() if field.is_required()}

    assert asked <= environment.keys() | secret
    assert secret == SECRETS.keys()
    assert not secret & environment.keys()


def test_it_is_the_image_and_the_program_of_the_compose_file(prod, container, environment):
    service = yaml.safe_load((ROOT / "docker-compose.airflow.yaml").read_text())["services"]["mlflow"]
    targets = re.findall(
        r"^FROM \S+ AS (\w+)", (ROOT / "inference_image/Dockerfile").read_text(), re.MULTILINE
    )
    repositories = {
        v["name"].removeprefix("nightlabel-prod/") for v in resources(prod, "aws_ecr_repository").values()
    }

    assert container["command"] == service["command"]
    assert service["build"]["target"] == "airflow"
    assert repositories == {"airflow", "label", "train"} <= set(targets)
    only_there = {"MLFLOW_S3_ENDPOINT_URL", "MLFLOW_AUTH_ADMIN_USERNAME"}
    assert service["environment"].keys() - environment.keys() == only_there


def test_nothing_of_it_is_written_but_to_memory(container):
    assert container["readonlyRootFilesystem"]
    assert "entryPoint" not in container
    assert [one["containerPath"] for one in container["linuxParameters"]["tmpfs"]] == [SCRATCH]
    assert not container.get("mountPoints")


@pytest.mark.parametrize("target", ["airflow", "label", "train"])
def test_every_image_of_the_place_is_built_by_one_command(target):
    words = ["make", "--dry-run", "image", f"TARGET={target}", "BASE=python@sha256:5eed", "ENGINE=podman"]
    said = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert f"--target {target} --tag nightlabel-{target}:" in said
