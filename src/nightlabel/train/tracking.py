"""One MLflow run per candidate: parameters, curves, metrics, pictures, tables, the model as one object."""

import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import pandas as pd
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, LoggedModelOutput, Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.models import Model

from nightlabel import catalog
from nightlabel.registry import flavor
from nightlabel.registry.artifact import digest
from nightlabel.registry.client import answered, artifact_root, connect
from nightlabel.registry.models import ARTIFACT

METRICS_AT_ONCE = 1000  # what MLflow takes in one request
PARAMS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Logged:
    """Where a candidate is found in MLflow: its run, and its model as ``models:/m-...``."""

    run_id: str
    model_uri: str


def log_candidate(
    tracking_uri: str,
    experiment: str,
    name: str,
    *,
    params: Mapping[str, Any],
    seed: int,
    curves: Sequence[Mapping[str, float]],
    metrics: Mapping[str, float],
    pictures: Mapping[str, Path],
    tables: Mapping[str, pd.DataFrame],
    artifact_folder: Path,
    example: pd.DataFrame,
    tags: Mapping[str, str],
) -> Logged:
    """Log one trained candidate; a repeated task leaves one finished run, not two.

    Args:
        tracking_uri: MLflow server or database.
        experiment: The MLflow experiment; equals the name of the use case.
        name: The candidate.
        params: Its parameters, nested as in TOML.
        seed: Its seed.
        curves: One mapping per epoch; ``epoch`` counts them, the others become metrics ``epoch/...``.
        metrics: Final metrics.
        pictures: Files by their name in MLflow, such as ``confusion.png``.
        tables: Tables by their name in MLflow, such as ``per_class.csv``.
        artifact_folder: What ``artifact.save`` wrote.
        example: A few records, typed as the schema, for the input example.
        tags: ``run``, ``data_version`` and ``data``, and what else people may look for, such as ``commit``.

    Returns:
        The run and the model; those of the earlier attempt where it logged the same bytes.

    Raises:
        UnavailableError: ``NL-C006``, MLflow did not answer.
    """
    labels = {**tags, "usecase": experiment, "candidate": name, "sha256": digest(artifact_folder)}
    with answered(f"log the candidate {name}", tracking_uri):
        book = connect(tracking_uri)
        place = _experiment(book, experiment, artifact_root(tracking_uri))
        if (whole := _earlier(book, place, labels)) is not None:
            return whole
        with _run(book, place, f"{name} · {labels['run']}", labels) as run_id:
            _log_params(book, run_id, {**_flat(params), "seed": seed})
            _log_metrics(book, run_id, curves, metrics)
            book.log_inputs(run_id, [_dataset(labels)])
            _log_files(book, run_id, pictures, tables)
            model_uri = _log_model(book, place, run_id, labels, (artifact_folder, example))
            book.set_tag(run_id, "model_uri", model_uri)
    return Logged(run_id, model_uri)


def _experiment(book: MlflowClient, name: str, root: str | None) -> str:
    if (found := book.get_experiment_by_name(name)) is not None:
        return str(found.experiment_id)
    try:
        return str(book.create_experiment(name, artifact_location=root and f"{root}/{name}"))
    except MlflowException:
        if (found := book.get_experiment_by_name(name)) is None:  # else another candidate was faster
            raise
        return str(found.experiment_id)


def _earlier(book: MlflowClient, place: str, labels: Mapping[str, str]) -> Logged | None:
    """Give the whole run of an earlier attempt, and remove those that are not whole or differ."""
    wanted = f"tags.run = '{labels['run']}' and tags.candidate = '{labels['candidate']}'"
    for run in book.search_runs([place], wanted, max_results=50):
        told = run.data.tags
        if run.info.status == "FINISHED" and told.get("sha256") == labels["sha256"] and "model_uri" in told:
            return Logged(run.info.run_id, told["model_uri"])
        for model in book.search_logged_models([place], f"source_run_id = '{run.info.run_id}'"):
            book.delete_logged_model(model.model_id)
        book.delete_run(run.info.run_id)
    return None


@contextmanager
def _run(book: MlflowClient, place: str, title: str, labels: Mapping[str, str]) -> Iterator[str]:
    source = {"mlflow.source.name": "nightlabel train", "mlflow.source.git.commit": labels.get("commit", "")}
    run_id = str(book.create_run(place, tags={**source, **labels}, run_name=title).info.run_id)
    try:
        yield run_id
    except BaseException:
        book.set_terminated(run_id, "FAILED")
        raise
    book.set_terminated(run_id, "FINISHED")


def _flat(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Name nested parameters by their path, as people write them: ``network.width``."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, Mapping) else {f"{prefix}{key}": value}
    return flat


def _log_params(book: MlflowClient, run_id: str, params: Mapping[str, Any]) -> None:
    entries = [Param(key, str(value)) for key, value in params.items()]
    for start in range(0, len(entries), PARAMS_AT_ONCE):
        book.log_batch(run_id, params=entries[start : start + PARAMS_AT_ONCE])


def _log_metrics(
    book: MlflowClient, run_id: str, curves: Sequence[Mapping[str, float]], metrics: Mapping[str, float]
) -> None:
    now = int(time.time() * 1000)
    entries = [
        Metric(f"epoch/{key}", float(value), now, int(point.get("epoch", step)))
        for step, point in enumerate(curves)
        for key, value in point.items()
        if key != "epoch"
    ]
    entries += [Metric(key, float(value), now, 0) for key, value in metrics.items()]
    for start in range(0, len(entries), METRICS_AT_ONCE):
        book.log_batch(run_id, metrics=entries[start : start + METRICS_AT_ONCE])


def _dataset(labels: Mapping[str, str]) -> DatasetInput:
    md5 = labels["data_version"]
    data = Dataset(labels["usecase"], md5, "dvc", labels.get("data", md5))
    return DatasetInput(data, [InputTag("mlflow.data.context", "training"), InputTag("dvc_md5", md5)])


def _log_files(
    book: MlflowClient, run_id: str, pictures: Mapping[str, Path], tables: Mapping[str, pd.DataFrame]
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        for name, picture in pictures.items():
            shutil.copyfile(picture, Path(scratch) / name)
        for name, table in tables.items():
            table.to_csv(Path(scratch) / name, index=False)
        if pictures or tables:
            book.log_artifacts(run_id, scratch)


def _log_model(
    book: MlflowClient, place: str, run_id: str, labels: Mapping[str, str], made: tuple[Path, pd.DataFrame]
) -> str:
    model = book.create_logged_model(place, labels["candidate"], run_id, tags=dict(labels))
    about = {key: labels[key] for key in ("usecase", "candidate", "sha256", "data_version")}
    description = Model("model", run_id, model_id=model.model_id, model_uuid=model.model_id, metadata=about)
    with tempfile.TemporaryDirectory() as scratch:
        saved = _save_model(Path(scratch), labels["usecase"], description, *made)
        book.log_model_artifacts(model.model_id, str(saved))
    book.finalize_logged_model(model.model_id, "READY")
    book.log_outputs(run_id, [LoggedModelOutput(model.model_id, step=0)])
    return f"models:/{model.model_id}"


def _save_model(
    scratch: Path, name: str, description: Model, artifact_folder: Path, example: pd.DataFrame
) -> Path:
    """Write the model folder as MLflow stores it; nothing in it depends on this machine."""
    usecase = catalog.load(name)
    data = scratch / Path(ARTIFACT).name
    shutil.copytree(artifact_folder, data)
    mlflow.pyfunc.save_model(
        str(scratch / "model"),
        loader_module=flavor.LOADER,
        data_path=str(data),
        mlflow_model=description,
        signature=flavor.signature(usecase),
        input_example=flavor.plain(example, usecase),
        pip_requirements=[f"nightlabel=={version('nightlabel')}"],  # inferring them would load the model
    )
    return scratch / "model"
