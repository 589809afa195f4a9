"""No model that anybody can register runs code, and what no model of ours is, is refused by its code."""

import pickle
import shutil
import uuid
from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.registry import artifact, client, flavor
from nightlabel.registry.loaded import loaded
from nightlabel.registry.models import Registry
from nightlabel.registry.rest import Rest
from nightlabel.settings import settings
from nightlabel.train.tracking import log_candidate
from tests.registry.toy import toy_artifact, toy_records, toy_usecase
from tests.security.corpus import CORPUS, DATA, WEIGHTS

pytestmark = pytest.mark.timeout(900)

NAMES = [evil.name for evil in CORPUS]


@pytest.fixture(scope="module")
def usecases(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("usecases")
    toy_usecase(folder)
    return folder


@pytest.fixture
def usecase(usecases, monkeypatch, tmp_path):
    """The toy in the catalog; and a working folder in which weights stand that nobody verified."""
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(usecases))
    settings.cache_clear()
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "weights").write_bytes(WEIGHTS)
    monkeypatch.chdir(tmp_path / "here")
    return catalog.load("toy")


@pytest.fixture(scope="module")
def good(tmp_path_factory, usecases) -> Path:
    """A good model as MLflow stores it."""
    folder = tmp_path_factory.mktemp("good")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_USECASES", str(usecases))
        settings.cache_clear()
        toy_artifact(folder / "made", toy_usecase(folder / "again"))
        told = {"params": {}, "seed": 7, "curves": [], "metrics": {}, "pictures": {}, "tables": {}}
        database, tags = f"sqlite:///{folder}/mlflow.db", {"run": "good", "data_version": "a" * 32}
        found = log_candidate(
            database,
            "toy",
            "linear",
            **told,
            artifact_folder=folder / "made",
            example=toy_records("1.00"),
            tags=tags,
        )
        stored = MlflowClient(database).get_logged_model(found.model_uri.removeprefix("models:/"))
    settings.cache_clear()
    return Path(stored.artifact_location.removeprefix("file://"))


@pytest.fixture(params=CORPUS, ids=NAMES)
def evil(request):
    return request.param


@pytest.fixture
def canary(tmp_path) -> Path:
    return tmp_path / "canary"


@pytest.fixture
def model(evil, good, canary, tmp_path) -> Path:
    """The spoilt model; its digest is that of the spoilt files everywhere."""
    folder = tmp_path / "model"
    shutil.copytree(good, folder)
    evil.spoil(folder, canary)
    about = (folder / "MLmodel").read_text()
    sha256 = artifact.digest(folder / DATA)
    (folder / "MLmodel").write_text(about.replace(artifact.digest(good / DATA), sha256))
    return folder


def registered(uri: str, folder: Path) -> str:
    """Register a model as somebody does who may write to the registry; gives its name."""
    book, name = MlflowClient(uri, registry_uri=uri), f"evil_{uuid.uuid4().hex}"
    run = book.create_run(book.create_experiment(name)).info
    book.log_artifacts(run.run_id, str(folder), "model")
    book.create_registered_model(name)
    tags = {"sha256": artifact.digest(folder / DATA)}
    book.create_model_version(name, f"{run.artifact_uri}/model", run.run_id, tags=tags)
    book.set_registered_model_alias(name, "champion", "1")
    return name


def by_rest(uri: str) -> Registry:
    """Give the registry as a pod asks it: over REST, without MLflow."""
    registry = Registry(uri)
    assert isinstance(registry._reader, Rest)
    return registry


def by_library(uri: str) -> Registry:
    """Give the registry as a laptop may ask it: by MLflow's own client."""
    registry = Registry(uri)
    registry._reader = client.connect(uri)
    return registry


def labels(registry: Registry, name: str, usecase) -> list[str]:
    """Label as a night does: resolve, fetch, verify, load, run."""
    with loaded(registry, registry.resolve(name), usecase) as labeller:
        return list(labeller.label(toy_records("1.00", "500.00"))["label"])


def refused_with(ask) -> str:
    """Give the code of the refusal, or nothing where it labels as ever."""
    try:
        labelled = ask()
    except RefusedError as error:
        return error.code
    assert labelled == ["CHEAP", "DEAR"]
    return ""


def test_a_night_runs_nothing_of_a_malicious_model(evil, model, canary, mlflow_server, usecase):
    name = registered(mlflow_server, model)

    for registry in (by_rest(mlflow_server), by_library(mlflow_server)):
        assert refused_with(lambda registry=registry: labels(registry, name, usecase)) == evil.night
    assert not canary.exists()


def test_a_laptop_that_opens_it_by_mlflow_runs_nothing_either(evil, model, canary, usecase):
    sha256 = artifact.digest(model / DATA)
    records = flavor.plain(toy_records("1.00", "500.00"), usecase)

    assert refused_with(lambda: list(flavor.load(model, sha256).predict(records)["label"])) == evil.pyfunc
    assert not canary.exists()


@pytest.mark.parametrize(
    "evil", [e for e in CORPUS if e.name.startswith(("cloudpickled", "torch_zip_as"))], ids=lambda e: e.name
)
def test_mlflow_alone_refuses_pickles_in_our_environment(model, canary, monkeypatch):
    monkeypatch.setenv(
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION", client.HABITS["MLFLOW_ALLOW_PICKLE_DESERIALIZATION"]
    )

    with pytest.raises(mlflow.MlflowException, match="pickle is disallowed"):
        mlflow.pyfunc.load_model(str(model))

    assert not canary.exists()


@pytest.mark.parametrize("evil", [e for e in CORPUS if e.name.startswith("pickled_w")], ids=["pickle"])
def test_the_canary_sings_where_a_pickle_is_loaded(model, canary):
    """The corpus is loaded: without this a canary that cannot sing would prove nothing."""
    pickle.loads((model / DATA / "weights.pth").read_bytes())  # noqa: S301 - this once

    assert canary.exists()
