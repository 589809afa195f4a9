"""What MLflow gets of a trained candidate."""

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from nightlabel.gate import Metrics, positions
from nightlabel.registry.artifact import Labeller
from nightlabel.settings import settings
from nightlabel.steps.code import commit
from nightlabel.steps.experiment import rows_of
from nightlabel.steps.folder import Experiment
from nightlabel.train import tracking
from nightlabel.train.pictures import confusion_picture, reliability_picture


def track(
    place: Experiment,
    made: Mapping[str, Any],
    *,
    curves: Sequence[Mapping[str, float]],
    metrics: Metrics,
    labeller: Labeller,
    folder: Path,
) -> dict[str, str]:
    """Log a candidate with its curves, pictures, per-class table and model.

    Args:
        place: The folder of the run.
        made: ``candidate``, ``params``, ``seed``, ``sha256``.
        curves: One mapping per epoch.
        metrics: What it reached on the validation rows.
        labeller: The candidate as it will label.
        folder: Its artifact.

    Returns:
        ``run_id`` and ``model_uri``.
    """
    validation = rows_of(place, "validation")
    split = place.needed("split.json", "split")
    with tempfile.TemporaryDirectory() as scratch:
        logged = tracking.log_candidate(
            settings().tracking,
            place.usecase.name,
            made["candidate"],
            params=made["params"],
            seed=made["seed"],
            curves=curves,
            metrics=metrics.numbers(),
            pictures=_pictures(labeller, validation, place.usecase.schema.LABEL, Path(scratch)),
            tables={"per_class.csv": pd.DataFrame([c.model_dump() for c in metrics.classes])},
            artifact_folder=folder,
            example=validation.head(5),
            tags={
                "run": place.run,
                "data_version": split["data_version"],
                "data": place.request.data,
                "commit": commit(),
                "note": place.request.note,
            },
        )
    return {"run_id": logged.run_id, "model_uri": logged.model_uri}


def _pictures(labeller: Labeller, rows: pd.DataFrame, label: str, folder: Path) -> dict[str, Path]:
    probabilities = labeller.probabilities(rows)
    truth = positions(rows[label], labeller.classes)
    predicted = probabilities.argmax(axis=1)
    pictures = {"confusion.png": folder / "confusion.png", "reliability.png": folder / "reliability.png"}
    confusion_picture(truth, predicted, labeller.classes, pictures["confusion.png"])
    reliability_picture(probabilities.max(axis=1), predicted == truth, pictures["reliability.png"])
    return pictures
