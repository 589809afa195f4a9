"""The logged model as MLflow loads it, and as the night does."""

from pathlib import Path

import mlflow
import pytest
from mlflow import MlflowClient

from nightlabel.errors import RefusedError
from nightlabel.registry import artifact, flavor
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.train.tracking import log_candidate
from tests.registry.toy import toy_artifact, toy_records, toy_usecase

AMOUNTS = ("1.00", "99.99", "100.01", "1784.13")


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('flavor')}/mlflow.db"


@pytest.fixture
def usecase(tmp_path, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(tmp_path / "usecases"))
    settings.cache_clear()
    return toy_usecase(tmp_path / "usecases")


@pytest.fixture
def logged(database, usecase, tmp_path) -> Path:
    """The model folder as MLflow gives it to anybody."""
    toy_artifact(tmp_path / "made", usecase)
    told = {"params": {}, "seed": 7, "curves": [], "metrics": {}, "pictures": {}, "tables": {}}
    tags = {"run": tmp_path.name, "data_version": "a" * 32}
    example = toy_records("1.00", "200.00")
    found = log_candidate(
        database, "toy", "linear", **told, artifact_folder=tmp_path / "made", example=example, tags=tags
    )
    location = MlflowClient(database).get_logged_model(found.model_uri.split("/")[1]).artifact_location
    return Path(mlflow.artifacts.download_artifacts(location, dst_path=str(tmp_path / "got")))


def test_mlflow_and_the_night_label_alike(logged, usecase):
    model = mlflow.pyfunc.load_model(str(logged))
    night = artifact.load(
        logged / "data" / "artifact", usecase, sha256=artifact.digest(logged / "data" / "artifact")
    )
    records = toy_records(*AMOUNTS)

    labels = model.predict(flavor.plain(records, usecase))

    assert list(labels["label"]) == ["CHEAP", "CHEAP", "DEAR", "DEAR"]
    assert labels.to_dict() == night.label(records).to_dict()


def test_a_model_loads_where_pickles_are_refused(logged, usecase, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    model = mlflow.pyfunc.load_model(str(logged))

    assert list(model.predict(model.input_example)["label"]) == ["CHEAP", "DEAR"]


def test_the_source_may_be_left_out_and_the_index_stays(logged, usecase):
    model = mlflow.pyfunc.load_model(str(logged))
    records = flavor.plain(toy_records(*AMOUNTS), usecase).drop(columns="source")
    records.index = [9, 7, 5, 3]

    assert model.predict(records)["label"].to_dict() == {9: "CHEAP", 7: "CHEAP", 5: "DEAR", 3: "DEAR"}


def test_labels_have_the_columns_of_the_signature(logged, usecase):
    model = mlflow.pyfunc.load_model(str(logged))
    labels = model.predict(flavor.plain(toy_records("1.00"), usecase))

    assert list(labels.columns) == model.metadata.signature.outputs.input_names()
    assert labels["top_labels"].iloc[0] == ["CHEAP", "DEAR"]


def test_a_changed_file_is_refused_before_it_is_parsed(logged, usecase):
    network = logged / "data" / "artifact" / "network.onnx"
    network.write_bytes(network.read_bytes().replace(b"Softmax", b"Sigmoid"))

    with pytest.raises(RefusedError) as refusal:
        mlflow.pyfunc.load_model(str(logged))

    assert refusal.value.code == "NL-C003"


def test_a_foreign_file_in_the_artifact_is_refused(logged, usecase):
    (logged / "data" / "artifact" / "weights.pkl").write_bytes(b"cos\nsystem\n")

    with pytest.raises(RefusedError) as refusal:
        mlflow.pyfunc.load_model(str(logged))

    assert refusal.value.code == "NL-C004"


@pytest.mark.parametrize("text", [None, "metadata: {}", "[", "metadata: {usecase: toy}"])
def test_a_model_that_names_no_digest_is_refused(text, logged, usecase):
    description = logged / "MLmodel"
    description.unlink() if text is None else description.write_text(text)

    with pytest.raises(RefusedError) as refusal:
        flavor._load_pyfunc(str(logged / "data" / "artifact"))

    assert refusal.value.code == "NL-C004"


@pytest.mark.parametrize(
    ("column", "value"), [("age", 2**40), ("amount", 1e300), ("day", "tomorrow"), ("city", None)]
)
def test_a_value_that_does_not_fit_its_column_is_refused(column, value, usecase, tmp_path):
    sha256 = toy_artifact(tmp_path / "made", usecase)
    model = flavor.PlainModel(usecase, artifact.load(tmp_path / "made", usecase, sha256=sha256))
    records = flavor.plain(toy_records("1.00"), usecase)
    records[column] = [value]

    with pytest.raises(RefusedError) as refusal:
        model.predict(records)

    assert refusal.value.code == "NL-C005"


def test_a_missing_column_is_refused_by_name(usecase):
    with pytest.raises(RefusedError, match="'age' is missing"):
        flavor.typed(toy_records("1.00").drop(columns="age"), usecase)


def test_the_registry_gives_the_artifact_and_nothing_else_of_the_model(logged, database, usecase, tmp_path):
    book = MlflowClient(database)
    run = book.search_runs(
        [book.get_experiment_by_name("toy").experiment_id], f"tags.run = '{tmp_path.name}'"
    )[0]
    registry = Registry(database)
    tags = {"run": tmp_path.name}
    pinned = registry.add("toy", run.info.run_id, run.data.tags["model_uri"], run.data.tags["sha256"], tags)

    folder = registry.fetch(pinned, tmp_path / "night")

    assert sorted(path.name for path in folder.rglob("*")) == sorted(artifact.FILES)
    assert list(
        artifact.load(folder, usecase, sha256=pinned.sha256).label(toy_records("500.00"))["label"]
    ) == ["DEAR"]
