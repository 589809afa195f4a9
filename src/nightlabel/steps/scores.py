"""What a model says of the holdout: measured, timed, kept in the run's folder, and read back as evidence."""

import time
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from nightlabel.gate import (
    Cost,
    Digests,
    Evidence,
    Metrics,
    Scored,
    aligned,
    all_classes,
    gather,
    intervals,
    measure,
    positions,
)
from nightlabel.registry.artifact import Labeller
from nightlabel.steps.experiment import Result, rows_of
from nightlabel.steps.folder import Experiment

TIMED_ROWS = 10_000
"""Records that are labelled to measure the speed of a model."""
PROBABILITIES = "probabilities.parquet"
Probabilities = NDArray[Any]


def measured(labeller: Labeller, rows: pd.DataFrame, label: str) -> Metrics:
    """Measure a model on rows with labels; a class that the model does not know counts as a miss."""
    truth, probabilities, classes = _matched(labeller.probabilities(rows), labeller.classes, rows[label])
    return measure(truth, probabilities, classes)


def scores(labeller: Labeller, rows: pd.DataFrame, label: str) -> tuple[Result, Probabilities]:
    """Measure a model on the holdout, with intervals.

    Returns:
        Metrics and intervals as JSON values; the probabilities, shape (rows, ``labeller.classes``).
    """
    said = labeller.probabilities(rows)
    truth, probabilities, classes = _matched(said, labeller.classes, rows[label])
    spread = intervals(truth, probabilities, classes)
    result = {
        "classes": list(labeller.classes),
        "metrics": measure(truth, probabilities, classes).to_json(),
        "intervals": {name: interval.model_dump() for name, interval in spread.items()},
    }
    return result, said


def seconds_per_100k(labeller: Labeller, rows: pd.DataFrame) -> float:
    """Time the labelling of records, as seconds for 100,000."""
    repeated = pd.concat([rows] * (TIMED_ROWS // len(rows) + 1), ignore_index=True).head(TIMED_ROWS)
    start = time.perf_counter()
    labeller.label(repeated)
    return (time.perf_counter() - start) * 100_000 / TIMED_ROWS


def keep(place: Experiment, rows: pd.DataFrame, said: dict[str, Probabilities]) -> None:
    """Keep what each model says of each holdout row, beside the row's ordinal."""
    columns = {name: pa.array(list(values.astype(np.float64))) for name, values in said.items()}
    place.write(PROBABILITIES, pa.table({"row": pa.array(rows["row"].to_numpy()), **columns}))


def kept(place: Experiment, model: str) -> Probabilities:
    """Read back what one model says of the holdout, shape (rows, its classes)."""
    column = place.read(PROBABILITIES)[model]
    return np.stack([np.asarray(row, dtype=np.float64) for row in column])


def evidence(place: Experiment) -> Evidence:
    """Put together what the gates look at, from the results of the steps before."""
    card, schema = place.usecase.card, place.usecase.schema
    evaluated = place.needed("evaluation.json", "evaluate")
    split = place.needed("split.json", "split")
    champion = evaluated["champion"]
    return gather(
        card.gates,
        label=schema.LABEL,
        time=card.split_time,
        fit=rows_of(place, "fit", "validation"),
        holdout=rows_of(place, "holdout"),
        candidate=_scored(place, "candidate", evaluated, _own(evaluated, split)),
        champion=None if champion is None else _scored(place, "champion", evaluated, champion),
        digests=Digests(measured=evaluated["measured_digest"], frozen=split["holdout_digest"]),
        cost=Cost(seconds_per_100k=evaluated["seconds_per_100k"], size_mb=evaluated["size_mb"]),
    )


def _own(evaluated: Result, split: Result) -> Result:
    return {
        "name": evaluated["candidate"],
        "sha256": evaluated["sha256"],
        "data_version": split["data_version"],
        "trained_until": split["roles"]["validation"]["to"],
    }


def _scored(place: Experiment, model: str, evaluated: Result, identity: Result) -> Scored:
    return Scored(
        name=identity["name"],
        sha256=identity["sha256"],
        data_version=identity["data_version"],
        trained_until=date.fromisoformat(identity["trained_until"]),
        classes=tuple(evaluated["models"][model]["classes"]),
        probabilities=kept(place, model),
    )


def _matched(
    said: NDArray[Any], known: tuple[str, ...], labels: "pd.Series[str]"
) -> tuple[NDArray[np.int64], Probabilities, tuple[str, ...]]:
    classes = all_classes(known, labels)
    return positions(labels, classes), aligned(said, known, classes), classes
