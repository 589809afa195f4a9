"""What a candidate leaves in MLflow, over SQLite and over a real server."""

import json
import uuid
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient

from nightlabel import catalog
from nightlabel.errors import UnavailableError
from nightlabel.registry import flavor
from nightlabel.registry.artifact import digest
from nightlabel.registry.client import artifact_root
from nightlabel.train import pictures, tracking
from nightlabel.train.tracking import Logged, log_candidate
from tests.registry.candidates import USECASE, artifact, records

MD5 = "4437e3018e014324e8d9b20aedc5a90b"


@pytest.fixture(scope="module")
def database(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/home/mlflow.db"


@pytest.fixture(params=["database", "mlflow_server"])
def uri(request) -> str:
    return request.getfixturevalue(request.param)


@pytest.fixture
def told(tmp_path) -> dict:
    """All that a step tells of one candidate."""
    pictures.confusion_picture(np.array([0, 1]), np.array([0, 0]), ["A", "B"], tmp_path / "c.png")
    return {
        "params": {"kind": "network", "network": {"width": 64}},
        "seed": 7,
        "curves": [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.5}],
        "metrics": {"accuracy": 0.5, "log_loss": 1.6},
        "pictures": {"confusion.png": tmp_path / "c.png"},
        "tables": {"per_class.csv": pd.DataFrame({"class": ["A"], "recall": [1.0]})},
        "artifact_folder": artifact(tmp_path / "made"),
        "example": records(),
        "tags": {"run": f"r-{uuid.uuid4().hex}", "data_version": MD5, "commit": "abc123", "data": "k.csv"},
    }


def runs_of(uri: str, run: str) -> list:
    book = MlflowClient(uri)
    place = book.get_experiment_by_name(USECASE).experiment_id
    return book.search_runs([place], f"tags.run = '{run}'")


def model_folder(uri: str, logged: Logged, target: Path) -> Path:
    location = MlflowClient(uri).get_logged_model(logged.model_uri.removeprefix("models:/")).artifact_location
    return Path(mlflow.artifacts.download_artifacts(location, dst_path=str(target), tracking_uri=uri))


def test_a_run_holds_all_that_people_ask_for(uri, told):
    logged = log_candidate(uri, USECASE, "embeddings", **told)
    run = MlflowClient(uri).get_run(logged.run_id)

    assert run.info.status == "FINISHED"
    assert run.data.params == {"kind": "network", "network.width": "64", "seed": "7"}
    assert run.data.metrics == {"epoch/loss": 1.5, "accuracy": 0.5, "log_loss": 1.6}
    assert run.data.tags.items() >= {**told["tags"], "usecase": USECASE, "candidate": "embeddings"}.items()
    assert run.data.tags["sha256"] == digest(told["artifact_folder"])
    assert [(d.dataset.name, d.dataset.digest) for d in run.inputs.dataset_inputs] == [(USECASE, MD5)]


def test_a_run_holds_its_curves_pictures_and_tables(uri, told):
    logged = log_candidate(uri, USECASE, "embeddings", **told)
    book = MlflowClient(uri)

    curve = [(m.step, m.value) for m in book.get_metric_history(logged.run_id, "epoch/loss")]
    assert curve == [(1, 2.0), (2, 1.5)]
    assert {file.path for file in book.list_artifacts(logged.run_id)} == {"confusion.png", "per_class.csv"}


def test_the_model_is_one_object_without_code_or_pickle(uri, told, tmp_path):
    logged = log_candidate(uri, USECASE, "embeddings", **told)
    folder = model_folder(uri, logged, tmp_path / "got")
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}

    assert {f for f in files if f.startswith("data/")} == {
        "data/artifact/encoder.json",
        "data/artifact/model.json",
        "data/artifact/network.onnx",
    }
    assert not [f for f in files if f.startswith("code") or f.endswith((".pkl", ".py", ".lock"))]
    assert digest(folder / "data" / "artifact") == digest(told["artifact_folder"])


def test_a_model_says_nothing_of_the_machine_that_made_it(uri, told, tmp_path):
    folder = model_folder(uri, log_candidate(uri, USECASE, "embeddings", **told), tmp_path / "got")
    texts = [path.read_text() for path in folder.iterdir() if path.is_file()]

    assert len(texts) >= 5
    for private in (str(Path.home()), str(Path.cwd()), str(tmp_path.parent), "file://"):
        assert not [text for text in texts if private in text]


def test_a_model_takes_the_columns_of_a_record_and_not_its_label(uri, told, tmp_path):
    folder = model_folder(uri, log_candidate(uri, USECASE, "embeddings", **told), tmp_path / "got")
    model = mlflow.models.Model.load(str(folder))
    example = json.loads((folder / "input_example.json").read_text())
    schema = catalog.load(USECASE).schema

    columns = [*schema.Record.model_fields, "source"]
    assert model.signature.inputs.input_names() == columns == example["columns"]
    assert model.signature.outputs.input_names() == ["label", "confidence", "top_labels", "top_confidences"]
    assert model.metadata["sha256"] == digest(told["artifact_folder"])


def test_a_repeated_task_finds_its_run(uri, told):
    first = log_candidate(uri, USECASE, "embeddings", **told)

    assert log_candidate(uri, USECASE, "embeddings", **told) == first
    assert len(runs_of(uri, told["tags"]["run"])) == 1


def test_another_model_of_the_same_candidate_takes_the_place_of_the_first(uri, told, tmp_path):
    first = log_candidate(uri, USECASE, "embeddings", **told)
    told["artifact_folder"] = artifact(tmp_path / "again", network=b"other")
    second = log_candidate(uri, USECASE, "embeddings", **told)

    assert [run.info.run_id for run in runs_of(uri, told["tags"]["run"])] == [second.run_id]
    place = MlflowClient(uri).get_experiment_by_name(USECASE).experiment_id
    models = [m.model_id for m in MlflowClient(uri).search_logged_models([place], max_results=1000)]
    assert second.model_uri.removeprefix("models:/") in models
    assert first.model_uri.removeprefix("models:/") not in models


def test_an_attempt_that_broke_off_leaves_no_second_run(uri, told, monkeypatch):
    with monkeypatch.context() as broken:
        broken.setattr(tracking, "_log_files", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            log_candidate(uri, USECASE, "embeddings", **told)
    assert [run.info.status for run in runs_of(uri, told["tags"]["run"])] == ["FAILED"]

    logged = log_candidate(uri, USECASE, "embeddings", **told)

    assert [run.info.run_id for run in runs_of(uri, told["tags"]["run"])] == [logged.run_id]


def test_candidates_of_one_run_stand_beside_each_other(uri, told):
    for name in ("baseline", "embeddings"):
        log_candidate(uri, USECASE, name, **told)

    names = {run.info.run_name for run in runs_of(uri, told["tags"]["run"])}
    assert names == {f"{name} · {told['tags']['run']}" for name in ("baseline", "embeddings")}


def test_more_curve_points_than_mlflow_takes_at_once_are_all_kept(database, told):
    told["curves"] = [{"epoch": n, "loss": float(n)} for n in range(1200)]
    logged = log_candidate(database, USECASE, "embeddings", **told)

    assert len(MlflowClient(database).get_metric_history(logged.run_id, "epoch/loss")) == 1200


def test_a_server_that_is_down_is_unavailable_and_not_a_bug(told, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    with pytest.raises(UnavailableError) as gone:
        log_candidate("http://user:secret@127.0.0.1:9", USECASE, "embeddings", **told)

    assert gone.value.code == "NL-C006"
    assert "secret" not in str(gone.value) + str(gone.value.facts)


def test_artifacts_of_a_database_lie_beside_it_and_not_where_a_person_stands():
    assert artifact_root("sqlite:////lake/home/mlflow.db") == "file:///lake/home/mlflow-artifacts"
    assert artifact_root("http://mlflow:5000") is None


def test_plain_records_become_exact_again():
    usecase = catalog.load(USECASE)
    exact = records(3)
    again = flavor.typed(flavor.plain(exact, usecase), usecase)

    pd.testing.assert_frame_equal(again, exact[again.columns])


@given(st.integers(0, 10**12 - 1))
def test_amounts_survive_plain_floats_to_the_cent(cents):
    usecase = catalog.load(USECASE)
    frame = flavor.plain(records(1), usecase).assign(valor=float(f"{cents // 100}.{cents % 100:02}"))

    assert int(flavor.typed(frame, usecase)["valor"].iloc[0] * 100) == cents


@pytest.mark.parametrize("classes", [2, 22])
def test_a_confusion_picture_is_drawn_for_few_and_many_classes(classes, tmp_path):
    random = np.random.default_rng(1)
    truth, predicted = random.integers(0, classes, (2, 500))
    names = [f"CLASS $ {n} with a long name" for n in range(classes)]
    pictures.confusion_picture(truth, predicted, names, tmp_path / "c.png")
    pictures.reliability_picture(random.random(500, dtype=np.float32), truth == predicted, tmp_path / "r.png")

    assert (tmp_path / "c.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "r.png").read_bytes().startswith(b"\x89PNG")
