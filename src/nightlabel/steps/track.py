"""What MLflow gets of a trained candidate."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nightlabel.settings import settings
from nightlabel.steps.code import commit
from nightlabel.steps.experiment import rows_of
from nightlabel.steps.folder import Experiment
from nightlabel.steps.scores import Predictions
from nightlabel.train import tracking
from nightlabel.train.pictures import confusion_picture, reliability_picture


def track(
    place: Experiment,
    made: Mapping[str, Any],
    curves: Sequence[Mapping[str, float]],
    predictions: Predictions,
    folder: Path,
) -> dict[str, str]:
    """Log a candidate with its curves, pictures, per-class table and model.

    Args:
        place: The folder of the run.
        made: ``candidate``, ``params``, ``seed``, ``sha256``.
        curves: One mapping per epoch.
        predictions: What it says of the validation rows.
        folder: Its artifact.

    Returns:
        ``run_id`` and ``model_uri``.
    """
    metrics, split = predictions.metrics, place.needed("split.json", "split")
    with tempfile.TemporaryDirectory() as scratch:
        logged = tracking.log_candidate(
            settings().tracking,
            place.usecase.name,
            made["candidate"],
            params=made["params"],
            seed=made["seed"],
            curves=_per_epoch(curves),
            metrics=metrics.numbers(),
            pictures=_pictures(predictions, Path(scratch)),
            tables={"per_class.csv": pd.DataFrame([c.model_dump() for c in metrics.classes])},
            artifact_folder=folder,
            example=rows_of(place, "validation").head(5),
            tags={
                "run": place.run,
                "data_version": split["data_version"],
                "data": place.request.data,
                "commit": commit(),
                "note": place.request.note,
            },
        )
    return {"run_id": logged.run_id, "model_uri": logged.model_uri}


def _per_epoch(curves: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """Average the curves of the members, so that people see one line per metric."""
    means = pd.DataFrame(curves).drop(columns="member", errors="ignore").groupby("epoch").mean()
    points = means.reset_index().to_dict("records")
    return [{str(name): float(value) for name, value in point.items() if pd.notna(value)} for point in points]


def _pictures(predictions: Predictions, folder: Path) -> dict[str, Path]:
    predicted = predictions.probabilities.argmax(axis=1)
    pictures = {name: folder / name for name in ("confusion.png", "reliability.png")}
    confusion_picture(predictions.truth, predicted, predictions.classes, pictures["confusion.png"])
    sure, right = predictions.probabilities.max(axis=1), predicted == predictions.truth
    reliability_picture(sure, right, pictures["reliability.png"])
    return pictures
