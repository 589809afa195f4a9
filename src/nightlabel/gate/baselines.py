"""The trivial models that every candidate must beat: class frequencies, overall and by group."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.errors import RefusedError

PRIOR_ROWS = 20.0
"""Rows that the overall frequencies count for in a group: rare groups lean on them, new ones use them."""


def frequencies(labels: "pd.Series[str]", classes: Sequence[str]) -> NDArray[np.float64]:
    """Give the share of each class in the training rows, shape (classes,), adding up to 1.

    Raises:
        RefusedError: No rows, or a label that is not among the classes (``NL-J002``).
    """
    counts = np.bincount(_positions(labels, classes), minlength=len(classes))
    shares: NDArray[np.float64] = counts / counts.sum()
    return shares


def majority(labels: "pd.Series[str]", classes: Sequence[str], rows: int) -> NDArray[np.float64]:
    """Give every row the class frequencies; its most probable class is the most frequent one.

    Args:
        labels: Labels of the training rows.
        classes: Names of the classes.
        rows: Number of holdout rows.

    Returns:
        Probabilities, shape (rows, classes).

    Raises:
        RefusedError: As ``frequencies``.
    """
    return np.tile(frequencies(labels, classes), (rows, 1))


def group_prior(
    fit: pd.DataFrame,
    labels: "pd.Series[str]",
    holdout: pd.DataFrame,
    group: Sequence[str],
    classes: Sequence[str],
) -> NDArray[np.float64]:
    """Give every row the class frequencies of its group, such as the client.

    Args:
        fit: Training rows with the columns of ``group``.
        labels: One label per training row.
        holdout: Holdout rows with the columns of ``group``.
        group: Columns that make a group; a missing value is a value of its own.
        classes: Names of the classes.

    Returns:
        Probabilities, shape (holdout rows, classes); a group that training never saw gets the overall
        frequencies.

    Raises:
        RefusedError: As ``frequencies``, or a column of ``group`` is missing (``NL-J002``).
    """
    if missing := [c for c in group if c not in fit.columns or c not in holdout.columns]:
        raise RefusedError(
            f"the rows have no column {missing}",
            code="NL-J002",
            kept="the results of the run so far; nothing was judged",
            advice="correct the gates on the card: name columns of the records",
            missing=missing,
        )
    both = pd.concat([fit[list(group)], holdout[list(group)]], ignore_index=True)
    groups = both.groupby(list(group), dropna=False, sort=False).ngroup().to_numpy()
    counts = np.zeros((int(groups.max()) + 1, len(classes)))
    np.add.at(counts, (groups[: len(fit)], _positions(labels, classes)), 1.0)
    weighed = counts + PRIOR_ROWS * frequencies(labels, classes)
    table: NDArray[np.float64] = weighed / weighed.sum(axis=1, keepdims=True)
    return table[groups[len(fit) :]]


def _positions(labels: "pd.Series[str]", classes: Sequence[str]) -> NDArray[np.int64]:
    places = pd.Index(classes).get_indexer(pd.Index(labels.astype(object)))
    if not len(places) or (places < 0).any():
        raise RefusedError(
            f"{int((places < 0).sum())} of {len(places)} training rows have no known class",
            code="NL-J002",
            kept="the results of the run so far; nothing was judged",
            advice="train again on this data, in a new run",
        )
    return places.astype(np.int64)
