"""Intervals by resampling rows: of one model's metrics, and of the difference of two models."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat

from nightlabel.gate.metrics import BINS, check_probabilities, confidence_bins, hits, losses, top

RESAMPLES = 2000
"""Resamples of a bootstrap: the ends of a 95 % interval move by about 2 % of its width."""
_COUNTS_AT_ONCE = 4_000_000


class Interval(BaseModel):
    """A value with its interval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    value: FiniteFloat
    low: FiniteFloat
    high: FiniteFloat


class Comparison(BaseModel):
    """Candidate minus champion on the same rows.

    Attributes:
        log_loss: Difference of the log loss, nats; below 0 the candidate is better.
        accuracy: Difference of the accuracy; above 0 the candidate is better.
        identical: Both give the same probabilities to every row.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    log_loss: Interval
    accuracy: Interval
    identical: bool


def intervals(
    truth: NDArray[np.int64],
    probabilities: NDArray[Any],
    classes: Sequence[str],
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Interval]:
    """Give two-sided percentile intervals of the metrics of one model.

    The rows are resampled one by one. Rows of one client belong together, so that the intervals are
    rather too narrow; the calibration error is larger in a resample, so that its interval lies high.

    Args:
        truth: As in ``metrics.measure``.
        probabilities: As in ``metrics.measure``.
        classes: As in ``metrics.measure``.
        confidence: Share of the resamples inside, 0 to 1.
        seed: Seed of the resampling.
        resamples: Number of resamples.

    Returns:
        Interval of accuracy, log_loss, top3, calibration_error and macro_f1, whatever the rows' order.

    Raises:
        RefusedError: As ``metrics.measure``.

    Source:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13.
    """
    check_probabilities(truth, probabilities, classes)
    rows = _in_fixed_order(truth, np.asarray(probabilities, dtype=np.float64))
    measured = np.concatenate([_metrics(counts, rows) for counts in _resampled(len(truth), resamples, seed)])
    value = _metrics(np.ones((1, len(truth))), rows)[0]
    low, high = np.quantile(measured, [(1 - confidence) / 2, (1 + confidence) / 2], axis=0)
    names = ("accuracy", "log_loss", "top3", "calibration_error", "macro_f1")
    return {name: Interval(value=value[i], low=low[i], high=high[i]) for i, name in enumerate(names)}


def compare(
    truth: NDArray[np.int64],
    candidate: NDArray[np.float64],
    champion: NDArray[np.float64],
    *,
    confidence: float = 0.95,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Comparison:
    """Compare two models on the same rows by a paired bootstrap.

    Args:
        truth: True class of each row, shape (rows,).
        candidate: Probabilities, shape (rows, classes).
        champion: The same of the other model, the same rows and classes in the same order.
        confidence: Each end of an interval is a one-sided bound of this confidence.
        seed: Seed of the resampling.
        resamples: Number of resamples.

    Returns:
        The differences; they do not depend on the order of the rows, and change their sign when both
        models change places.

    Source:
        Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13, on differences by row.
    """
    difference = np.column_stack(
        [
            losses(truth, candidate) - losses(truth, champion),
            hits(truth, candidate).astype(np.float64) - hits(truth, champion),
        ]
    )
    size = np.abs(difference)
    difference = difference[np.lexsort((size[:, 1], size[:, 0]))]
    means = np.concatenate([c @ difference for c in _resampled(len(truth), resamples, seed)]) / len(truth)
    low, high = np.quantile(means, [1 - confidence, confidence], axis=0)
    value = difference.mean(axis=0)
    log_loss, accuracy = (Interval(value=value[i], low=low[i], high=high[i]) for i in (0, 1))
    return Comparison(
        log_loss=log_loss, accuracy=accuracy, identical=bool(np.array_equal(candidate, champion))
    )


def _resampled(rows: int, resamples: int, seed: int) -> Iterator[NDArray[np.float64]]:
    """Give how often each row is drawn, in parts of shape (resamples of the part, rows)."""
    random = np.random.default_rng(seed)
    part = max(1, _COUNTS_AT_ONCE // rows)
    for start in range(0, resamples, part):
        size = min(part, resamples - start)
        drawn = random.integers(rows, size=(size, rows)) + rows * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * rows)
        yield counts.reshape(size, rows).astype(np.float64)


class _Rows(NamedTuple):
    loss: NDArray[np.float64]
    sure: NDArray[np.float64]
    top3: NDArray[np.bool_]
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]


def _in_fixed_order(truth: NDArray[np.int64], p: NDArray[np.float64]) -> _Rows:
    loss, sure, top3, named = losses(truth, p), p.max(axis=1), top(truth, p, 3), p.argmax(axis=1)
    order = np.lexsort((loss, sure, top3, truth, named))
    return _Rows(loss[order], sure[order], top3[order], truth[order], named[order])


def _metrics(counts: NDArray[np.float64], rows: _Rows) -> NDArray[np.float64]:
    right = (rows.truth == rows.predicted).astype(np.float64)
    means = counts @ np.column_stack([right, rows.loss, rows.top3]) / len(right)
    gaps = counts @ _spread(confidence_bins(rows.sure), rows.sure - right, BINS)
    error = np.abs(gaps).sum(axis=1) / len(right)
    return np.column_stack([means, error, _macro_f1(counts, rows, right)])


def _macro_f1(counts: NDArray[np.float64], rows: _Rows, right: NDArray[np.float64]) -> NDArray[np.float64]:
    width = int(max(rows.truth.max(), rows.predicted.max())) + 1
    one = np.ones(len(right))
    found = counts @ _spread(rows.truth, right, width)
    total = counts @ (_spread(rows.truth, one, width) + _spread(rows.predicted, one, width))
    f1 = np.divide(2 * found, total, out=np.zeros_like(found), where=total > 0)
    mean: NDArray[np.float64] = f1.sum(axis=1) / (total > 0).sum(axis=1)
    return mean


def _spread(place: NDArray[np.int64], value: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    table = np.zeros((len(place), width))
    table[np.arange(len(place)), place] = value
    return table
