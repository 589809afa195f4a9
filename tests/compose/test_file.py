"""The compose file as Docker Compose understands it keeps the laws, and each law is able to refuse."""

import copy
import json
import os
import subprocess
import warnings

import pytest
import yaml

from compose import keys
from tests.compose.laws import DECLARED, LAWS, faults
from tests.compose.tools import FILE, ROOT, MissingToolError, docker_compose

BAD = {
    "has no health check": ("mlflow", {"healthcheck": {}}),
    "does not wait until others are ready": (
        "airflow-scheduler",
        {"depends_on": {"mlflow": {"condition": "service_started"}}},
    ),
    "keeps its data in no volume": ("postgres", {"volumes": []}),
    "is published beyond this machine": ("mlflow", {"ports": [{"target": 5000, "published": "5000"}]}),
    "has no limits": ("store", {"mem_limit": None}),
    "is reached from outside": ("postgres", {"networks": {"outside": None}}),
    "logs without end": ("evidently", {"logging": {}}),
    "does not say what happens when it ends": ("store", {"restart": None}),
    "has no version": ("store", {"image": "chrislusf/seaweedfs:latest"}),
    "is not read-only": ("airflow-api", {"read_only": False}),
    "keeps capabilities": ("airflow-api", {"cap_drop": ["NET_RAW"]}),
    "may gain privileges": ("airflow-api", {"security_opt": []}),
    "is privileged": ("airflow-scheduler", {"privileged": True}),
    "sees this machine's files": (
        "airflow-scheduler",
        {"volumes": [{"type": "bind", "source": "/var/run/docker.sock", "target": "/var/run/docker.sock"}]},
    ),
    "shares this machine's network": ("mlflow", {"network_mode": "host"}),
}


@pytest.fixture(scope="module")
def configured(tmp_path_factory):
    """Ask Docker Compose for the whole file, with all profiles and no variable set."""
    try:
        program = docker_compose()
    except MissingToolError as error:
        warnings.warn(f"the compose file was NOT read by Docker Compose: {error}", stacklevel=1)
        pytest.skip(str(error))
    folder = tmp_path_factory.mktemp("secrets")
    keys.keep(folder)

    def config(*words: str, **told: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "SECRETS": str(folder), **told}
        command = [program, "--file", FILE, "--profile", "*", "config", "--format", "json", *words]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)

    return config


@pytest.fixture(scope="module")
def document(configured) -> dict:
    done = configured()
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def raw() -> dict:
    return yaml.safe_load(FILE.read_text())


def test_the_file_keeps_all_laws(document, raw):
    assert faults(document, raw) == []


@pytest.mark.parametrize("fault", LAWS)
def test_a_file_that_breaks_a_law_is_refused(document, raw, fault):
    name, change = BAD[fault]
    broken = copy.deepcopy(document)
    broken["services"][name] |= change

    assert f"{name} {fault}" in faults(broken, raw)


def test_a_secret_that_stands_in_the_file_is_refused(document, raw):
    broken = copy.deepcopy(raw)
    broken["services"]["mlflow"]["environment"]["MLFLOW_AUTH_ADMIN_PASSWORD"] = "x" * 12

    assert faults(document, broken) == ["mlflow tells MLFLOW_AUTH_ADMIN_PASSWORD"]


def test_no_more_is_declared_than_is_needed(document):
    for name, declared in DECLARED.items():
        needed = {fault for fault in LAWS if not LAWS[fault](name, document["services"][name], document)}
        assert declared == needed, name


def test_only_what_has_a_profile_is_left_out_of_a_plain_start(document):
    profiles = {name: one["profiles"] for name, one in document["services"].items() if one.get("profiles")}

    assert set(profiles) == {"k3s", "cluster", "registry", "datadog"}


def test_without_secrets_nothing_starts(configured, tmp_path):
    done = configured(SECRETS=str(tmp_path))

    assert done.returncode != 0
    assert f"{tmp_path}/" in done.stderr


def test_a_misspelt_word_is_refused(tmp_path, configured):
    bad = tmp_path / "bad.yaml"
    bad.write_text(FILE.read_text().replace("mem_limit: 1g", "memory_limit: 1g", 1))
    done = subprocess.run(
        [docker_compose(), "--file", bad, "config", "--quiet"], capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert "memory_limit" in done.stderr


def test_a_place_beyond_this_machine_is_a_choice(configured):
    chosen = json.loads(configured(BIND="192.0.2.7", MLFLOW_HOSTS="mlflow.example").stdout)["services"]

    published = {name: port["host_ip"] for name, one in chosen.items() for port in one.get("ports", ())}
    assert published.pop("registry") == "127.0.0.1"  # it asks nobody for a password
    assert set(published.values()) == {"192.0.2.7"}
    assert chosen["mlflow"]["environment"]["MLFLOW_SERVER_ALLOWED_HOSTS"].endswith(",mlflow.example")
