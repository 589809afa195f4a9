"""How much each training row counts."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nightlabel.errors import RefusedError

if TYPE_CHECKING:
    import pandas as pd


def class_weights(rows: NDArray[np.int64], beta: float = 0.999) -> NDArray[np.float32]:
    """Weigh rare classes up by their effective number of rows.

    Args:
        rows: Training rows per class, shape (classes,), each >= 1.
        beta: Overlap between rows, no unit, 0 <= beta < 1; 0 weighs all classes the same.

    Returns:
        Weight per class, shape (classes,), no unit, mean 1, in the order of ``rows``.

    Raises:
        RefusedError: ``NL-T002`` a class has no rows, so no network could learn it; ``NL-T001`` ``beta``
            is out of range.

    Source:
        Cui et al., Class-Balanced Loss Based on Effective Number of Samples, CVPR 2019, eq. 2.
    """
    if not 0 <= beta < 1:
        raise RefusedError(
            f"beta must be in [0, 1), not {beta}",
            code="NL-T001",
            kept="everything: this candidate was not trained",
            advice="correct beta where the weights are asked for",
            beta=beta,
        )
    if (empty := np.flatnonzero(rows < 1)).size:
        raise RefusedError(
            f"{empty.size} classes have no rows",
            code="NL-T002",
            kept="everything: this candidate was not trained",
            advice="give more data, or split it at other months",
            classes=empty.tolist(),
        )
    weight = (1 - beta) / (1 - beta ** rows.astype(np.float64))
    scaled: NDArray[np.float32] = (weight / weight.mean()).astype(np.float32)
    return scaled


def recency_weights(times: "pd.Series[pd.Timestamp]", half_life_days: float) -> NDArray[np.float64]:
    """Weigh old rows down: a row counts half as much for each half-life before the newest row.

    Args:
        times: When each row happened, shape (rows,).
        half_life_days: Days, >= 0; 0 weighs all rows the same.

    Returns:
        Weight per row, shape (rows,), no unit, mean 1.
    """
    if not half_life_days:
        return np.ones(len(times))
    age = (times.max() - times).dt.days.to_numpy(dtype=np.float64)
    weight: NDArray[np.float64] = 0.5 ** (age / half_life_days)
    scaled: NDArray[np.float64] = weight / weight.mean()
    return scaled


def row_weights(
    target: NDArray[np.int64], times: "pd.Series[pd.Timestamp]", *, beta: float, half_life_days: float
) -> NDArray[np.float32]:
    """Join the weights of class and age.

    Args:
        target: Index of each row's class, shape (rows,).
        times: When each row happened, shape (rows,).
        beta: As in ``class_weights``.
        half_life_days: As in ``recency_weights``.

    Returns:
        Weight per row, shape (rows,), no unit, mean 1.
    """
    _, index, counts = np.unique(target, return_inverse=True, return_counts=True)
    weight = class_weights(counts, beta)[index] * recency_weights(times, half_life_days)
    scaled: NDArray[np.float32] = (weight / weight.mean()).astype(np.float32)
    return scaled
