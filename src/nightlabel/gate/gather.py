"""Makes the evidence from frames: classes matched by name, trivial models fitted, slices cut."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.contract import Gates
from nightlabel.errors import RefusedError
from nightlabel.gate.baselines import group_prior, majority
from nightlabel.gate.evidence import Contestant, Evidence, aligned

GROUP = "group"
MONTH = "month"


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A model and what it says of the holdout, its classes in its own order.

    Attributes:
        name: Name of the candidate, or version of the champion.
        sha256: Digest of its artifact.
        data_version: Version of the data that it was trained on.
        trained_until: Day of the last record that it was fitted or selected on.
        classes: Its classes, in the order of its outputs.
        probabilities: Shape (holdout rows, ``classes``), rows in the order of the holdout frame.
    """

    name: str
    sha256: str
    data_version: str
    trained_until: date
    classes: tuple[str, ...]
    probabilities: NDArray[Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """What labelling with the candidate costs: seconds for 100,000 records, and MB on disk."""

    seconds_per_100k: float
    size_mb: float


@dataclass(frozen=True, slots=True)
class Digests:
    """Digests of the holdout: of the rows that were measured on, and of those that the split froze."""

    measured: str
    frozen: str


def gather(
    gates: Gates,
    *,
    label: str,
    time: str,
    fit: pd.DataFrame,
    holdout: pd.DataFrame,
    candidate: Scored,
    champion: Scored | None,
    digests: Digests,
    cost: Cost,
) -> Evidence:
    """Make the evidence from frames.

    Args:
        gates: The rules; they name the group and the slices.
        label: Column of the label.
        time: Column that orders the records in time.
        fit: All rows that candidates may learn from, those of the validation included.
        holdout: The holdout rows.
        candidate: The selected candidate on the holdout rows.
        champion: The champion on the same rows, or ``None``.
        digests: Digests of the holdout.
        cost: Time and size of the candidate.

    Returns:
        The evidence; models are matched to the union of all classes by name.

    Raises:
        RefusedError: Classes cannot be matched (``NL-J003``), or a column is missing (``NL-J002``).
    """
    models = [candidate] if champion is None else [candidate, champion]
    classes = all_classes(fit[label], holdout[label], *(m.classes for m in models))
    return Evidence(
        truth=positions(holdout[label], classes),
        classes=classes,
        candidate=_contestant(candidate, classes),
        champion=None if champion is None else _contestant(champion, classes),
        majority=majority(fit[label], classes, len(holdout)),
        group_prior=group_prior(fit, fit[label], holdout, gates.group, classes),
        slices=slices_of(holdout, gates, time),
        fit_rows=_counts(fit[label]),
        holdout_from=pd.to_datetime(holdout[time]).min().date(),
        holdout_digest=digests.measured,
        frozen_digest=digests.frozen,
        seconds_per_100k=cost.seconds_per_100k,
        size_mb=cost.size_mb,
    )


def all_classes(*sources: Iterable[str]) -> tuple[str, ...]:
    """Give each class that occurs in any of the sources once, sorted."""
    return tuple(sorted({str(name) for source in sources for name in source}))


def positions(labels: "pd.Series[str]", classes: Sequence[str]) -> NDArray[np.int64]:
    """Give the position of each label in the classes, shape (rows,).

    Raises:
        RefusedError: A label is not among the classes (``NL-J003``).
    """
    places = pd.Index(classes).get_indexer(pd.Index(labels.astype(object)))
    if (places < 0).any():
        raise RefusedError(
            f"{int((places < 0).sum())} labels are no known class",
            code="NL-J003",
            kept="the results of the run so far; nothing was judged",
            advice="train again on this data, in a new run",
        )
    return places.astype(np.int64)


def slices_of(frame: pd.DataFrame, gates: Gates, time: str) -> pd.DataFrame:
    """Cut the slices: ``month`` from the time column, ``group`` from the columns of ``Gates.group``.

    Args:
        frame: Holdout rows.
        gates: The rules, which name the slices.
        time: Column that orders the records in time.

    Returns:
        One row per row of ``frame``, one column per slice, in its order.

    Raises:
        RefusedError: A column is missing (``NL-J002``).
    """
    if missing := [c for c in gates.slices if c not in frame.columns and c not in {GROUP, MONTH}]:
        raise RefusedError(
            f"the rows have no column {missing}",
            code="NL-J002",
            kept="the results of the run so far; nothing was judged",
            advice="correct the slices of the gates on the card: name columns of the records",
            missing=missing,
        )
    cut: dict[str, Any] = {}
    for name in gates.slices:
        if name == MONTH:
            cut[name] = pd.to_datetime(frame[time]).dt.strftime("%Y-%m").to_numpy()
        elif name == GROUP:
            cut[name] = frame.groupby(list(gates.group), dropna=False).ngroup().to_numpy()
        else:
            cut[name] = frame[name].to_numpy()
    return pd.DataFrame(cut, index=range(len(frame)))


def _contestant(model: Scored, classes: tuple[str, ...]) -> Contestant:
    return Contestant(
        name=model.name,
        sha256=model.sha256,
        data_version=model.data_version,
        trained_until=model.trained_until,
        known=model.classes,
        probabilities=aligned(model.probabilities, model.classes, classes),
    )


def _counts(labels: "pd.Series[str]") -> Mapping[str, int]:
    return {str(name): int(rows) for name, rows in labels.value_counts().items()}
