"""The statistics behind the card's methods, by the names that Evidently knows them under."""

from typing import Any

import numpy as np
import pandas as pd
from evidently.legacy.calculations.stattests.registry import (
    StatTest,
    get_registered_stattest,
    register_stattest,
)
from evidently.legacy.core import ColumnType
from numpy.typing import NDArray

from nightlabel.contract.card import DriftColumn

DECILES = "psi_deciles"
_FLOOR = 1e-4  # share of an empty bin, as in Evidently's own PSI


def statistic(rule: DriftColumn) -> str:
    """Give Evidently's name of a column's method; it never depends on the number of rows.

    PSI of a number is ours: Evidently cuts the range of both samples into bins of equal width, and
    nearly all amounts fall into the first.
    """
    return DECILES if rule.kind == "number" and rule.method == "psi" else rule.method


def measure(rule: DriftColumn, reference: pd.Series, current: pd.Series) -> float:
    """Give the value of a column's statistic; missing values are left out.

    Args:
        rule: Kind and method, from the card.
        reference: Values of the snapshot.
        current: Values of the window.
    """
    kind = ColumnType.Numerical if rule.kind == "number" else ColumnType.Categorical
    test = get_registered_stattest(statistic(rule), kind)
    return float(test(reference.dropna(), current.dropna(), kind, rule.threshold).drift_score)


def drifted(rule: DriftColumn, value: float) -> bool:
    """Whether a value of the statistic is beyond the card's threshold; ``ks`` gives a p-value."""
    return value <= rule.threshold if rule.method == "ks" else value >= rule.threshold


def psi_of_numbers(reference: NDArray[np.float64], current: NDArray[np.float64]) -> float:
    """Compare two samples of a number by the population stability index over the reference's deciles.

    Args:
        reference: Finite values, shape (n,), any unit.
        current: Finite values, shape (m,), the same unit.

    Returns:
        The index, no unit, >= 0; 0 for equal shares in every bin.

    Source:
        Siddiqi, Credit Risk Scorecards, 2006, ch. 8; bins and their floor: Yurdakul, Statistical
        Properties of Population Stability Index, 2018, sec. 1.1.
    """
    edges = np.unique(np.quantile(reference, np.arange(0.1, 1, 0.1)))
    before, now = (_shares(edges, side) for side in (reference, current))
    return float(((now - before) * np.log(now / before)).sum())


def _shares(edges: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.searchsorted(edges, values, side="right")
    shares: NDArray[np.float64] = np.bincount(bins, minlength=edges.size + 1) / values.size
    return np.where(shares == 0, _FLOOR, shares)


def _deciles(reference: pd.Series, current: pd.Series, _: Any, threshold: float) -> tuple[float, bool]:
    value = psi_of_numbers(reference.to_numpy("float64"), current.to_numpy("float64"))
    return value, value >= threshold


register_stattest(
    StatTest(DECILES, "PSI over the snapshot's deciles", [ColumnType.Numerical], default_threshold=0.2),
    _deciles,
)
