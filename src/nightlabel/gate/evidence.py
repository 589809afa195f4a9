"""What the gates look at: candidate, champion and trivial models on the same holdout rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.errors import RefusedError
from nightlabel.gate.metrics import check_probabilities

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Contestant:
    """One trained model in front of the gates.

    Attributes:
        name: Name of the candidate, or version of the champion.
        sha256: Digest of its artifact.
        data_version: Version of the data that it was trained on.
        trained_until: Day of the last record that it was fitted or selected on.
        known: The classes that it has an output for.
        probabilities: Shape (holdout rows, ``Evidence.classes``); 0 for a class that it does not know.
    """

    name: str
    sha256: str
    data_version: str
    trained_until: date
    known: tuple[str, ...]
    probabilities: Probabilities


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """All that a verdict rests on; ``gather`` makes it from frames.

    Attributes:
        truth: True class of each holdout row, shape (rows,), a position in ``classes``.
        classes: All classes: those of the data, and those that a model knows.
        candidate: The candidate.
        champion: The champion, or ``None`` as long as there is none.
        majority: Class frequencies, shape (rows, classes).
        group_prior: Class frequencies of the row's group, shape (rows, classes).
        slices: One row per holdout row, one column per name in ``Gates.slices``.
        fit_rows: Training rows of each class in the frozen split, whatever the candidate was fitted on.
        holdout_from: Day of the first holdout row.
        holdout_digest: Digest of the holdout rows that the models were measured on.
        frozen_digest: Digest of the holdout rows that the data version froze.
        seconds_per_100k: Labelling time of 100,000 records by the candidate, seconds.
        size_mb: Size of the candidate's files, MB.
    """

    truth: NDArray[np.int64]
    classes: tuple[str, ...]
    candidate: Contestant
    champion: Contestant | None
    majority: Probabilities
    group_prior: Probabilities
    slices: pd.DataFrame
    fit_rows: Mapping[str, int]
    holdout_from: date
    holdout_digest: str
    frozen_digest: str
    seconds_per_100k: float
    size_mb: float


def aligned(probabilities: NDArray[Any], known: Sequence[str], classes: Sequence[str]) -> Probabilities:
    """Put the columns of a model into the order of other classes, by name.

    Args:
        probabilities: Shape (rows, ``known``).
        known: The classes of the model, in the order of its outputs.
        classes: The classes wanted, with all of ``known`` among them.

    Returns:
        Probabilities, shape (rows, ``classes``); 0 for a class that the model does not know.

    Raises:
        RefusedError: A class of the model is not wanted, one is named twice, or the number of columns
            is not that of its classes (``NL-J003``).
    """
    places = pd.Index(classes).get_indexer(pd.Index(known)) if len(set(classes)) == len(classes) else None
    columns = np.asarray(probabilities)
    if places is None or (places < 0).any() or len(set(known)) != len(known):
        lost = sorted(set(known) - set(classes))
        raise RefusedError(
            "the classes of the model cannot be matched by name",
            code="NL-J003",
            kept="the results of the run so far; nothing was judged",
            advice="train again on this data, in a new run",
            lost=lost,
        )
    if columns.ndim != 2 or columns.shape[1] != len(known):  # noqa: PLR2004 - rows and columns
        raise RefusedError(
            f"{len(known)} classes, but probabilities {columns.shape}",
            code="NL-J003",
            kept="the results of the run so far; nothing was judged",
            advice="train again on this data, in a new run",
        )
    whole = np.zeros((len(columns), len(classes)))
    whole[:, places] = columns
    return whole


def fault(evidence: Evidence) -> str:
    """Say why nothing can be computed from the evidence; empty where it can."""
    models: dict[str, Probabilities] = {
        "candidate": evidence.candidate.probabilities,
        "majority": evidence.majority,
        "group prior": evidence.group_prior,
    }
    if evidence.champion is not None:
        models["champion"] = evidence.champion.probabilities
    for name, probabilities in models.items():
        try:
            check_probabilities(evidence.truth, probabilities, evidence.classes)
        except RefusedError as error:
            return f"{name}: {error.sentence}"
    if len(evidence.slices) != len(evidence.truth):
        return f"slices: {len(evidence.slices)} rows, not {len(evidence.truth)}"
    return "" if evidence.candidate.sha256 else "candidate: it has no digest"
