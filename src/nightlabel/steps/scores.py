"""What a model says of the holdout: measured, timed, kept in the run's folder, and read back as evidence."""

import gc
import timeit
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from nightlabel import gate
from nightlabel.gate import (
    Cost,
    Digests,
    Evidence,
    Metrics,
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
_TIMES = 3  # that they are labelled

PROBABILITIES = "probabilities.parquet"
Probabilities = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What a model says of rows with labels; a class that it does not know counts as a miss.

    Attributes:
        truth: True class of each row, shape (rows,), a position in ``classes``.
        probabilities: Shape (rows, ``classes``).
        classes: All classes, those of the model and those of the rows.
    """

    truth: NDArray[np.int64]
    probabilities: Probabilities
    classes: tuple[str, ...]

    @property
    def metrics(self) -> Metrics:
        """How good it is."""
        return measure(self.truth, self.probabilities, self.classes)


def predictions(said: Probabilities, known: tuple[str, ...], labels: "pd.Series[str]") -> Predictions:
    """Match what a model says with the labels, classes by name.

    Args:
        said: Probabilities, shape (rows, ``known``).
        known: The classes of the model, in the order of its outputs.
        labels: The labels of the rows.
    """
    classes = all_classes(known, labels)
    return Predictions(positions(labels, classes), aligned(said, known, classes), classes)


def scores(labeller: Labeller, rows: pd.DataFrame, label: str) -> tuple[Result, Probabilities]:
    """Measure a model on the holdout, with intervals.

    Returns:
        Metrics and intervals as JSON values; the probabilities, shape (rows, ``labeller.classes``).
    """
    said = labeller.probabilities(rows)
    found = predictions(said, labeller.classes, rows[label])
    spread = intervals(found.truth, found.probabilities, found.classes)
    result = {
        "classes": list(labeller.classes),
        "metrics": found.metrics.to_json(),
        "intervals": {name: interval.model_dump() for name, interval in spread.items()},
    }
    return result, said


def seconds_per_100k(labeller: Labeller, rows: pd.DataFrame) -> float:
    """Time the labelling of records, as seconds for 100,000: the shortest of several times."""
    repeated = pd.concat([rows] * (TIMED_ROWS // len(rows) + 1), ignore_index=True).head(TIMED_ROWS)
    took = timeit.repeat(lambda: labeller.label(repeated), gc.enable, repeat=_TIMES, number=1)
    return min(took) * 100_000 / TIMED_ROWS


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


def _scored(place: Experiment, model: str, evaluated: Result, identity: Result) -> gate.Scored:
    return gate.Scored(
        name=identity["name"],
        sha256=identity["sha256"],
        data_version=identity["data_version"],
        trained_until=date.fromisoformat(identity["trained_until"]),
        classes=tuple(evaluated["models"][model]["classes"]),
        probabilities=kept(place, model),
    )
