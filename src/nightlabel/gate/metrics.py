"""How good probabilities are against the truth: one row each, then one number each."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, FiniteFloat
from sklearn.metrics import precision_recall_fscore_support

from nightlabel.errors import RefusedError

BINS = 15
"""Bins of the calibration error, of equal width on [0, 1]."""
COMMON_ROWS = 20
"""Holdout rows from which a class counts for ``macro_f1_common``."""
PROBABILITY_FLOOR = float(np.finfo(np.float32).eps)
"""Smallest probability in a log loss: a certain miss costs 15.9 nats, as in scikit-learn for float32."""
SUM_TOLERANCE = 1e-3
"""How far the probabilities of one row may be from adding up to 1."""


class _Numbers(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ClassMetrics(_Numbers):
    """One class on the holdout; what is undefined (never predicted, no rows) counts as 0.

    Attributes:
        name: The class.
        support: Holdout rows of the class.
        precision: Share of its predictions that are right.
        recall: Share of its rows that are found.
        f1: Harmonic mean of both.
    """

    name: str
    support: int
    precision: FiniteFloat
    recall: FiniteFloat
    f1: FiniteFloat


class Metrics(_Numbers):
    """One model on the holdout. No number of it can be NaN or infinite.

    Attributes:
        rows: Holdout rows.
        accuracy: Share of rows whose most probable class is the true one.
        log_loss: Mean of ``-log p(true class)``, nats.
        top3: Share of rows whose true class is among the three most probable.
        calibration_error: Expected calibration error of the largest probability.
        macro_f1: Mean F1 of the classes that occur in the truth or in the predictions.
        macro_f1_common: Mean F1 of the classes with at least 20 rows; ``None`` where there is none.
        largest_class: The class that is predicted most often.
        largest_class_share: Share of the predictions that name it.
        classes: Each class, in the order of the probabilities.
    """

    rows: int
    accuracy: FiniteFloat
    log_loss: FiniteFloat
    top3: FiniteFloat
    calibration_error: FiniteFloat
    macro_f1: FiniteFloat
    macro_f1_common: FiniteFloat | None
    largest_class: str
    largest_class_share: FiniteFloat
    classes: tuple[ClassMetrics, ...]

    def numbers(self) -> dict[str, float]:
        """Give the numbers of the whole holdout by name, for tracking and tables."""
        whole = self.model_dump(exclude={"classes", "largest_class"}, exclude_none=True)
        return {name: float(value) for name, value in whole.items()}

    def to_json(self) -> dict[str, Any]:
        """Give all of it as plain JSON values; ``Metrics.model_validate`` reads them back."""
        return self.model_dump(mode="json")


def measure(truth: NDArray[np.int64], probabilities: NDArray[Any], classes: Sequence[str]) -> Metrics:
    """Measure one model on the holdout.

    Args:
        truth: True class of each row, shape (rows,), a position in ``classes``.
        probabilities: Shape (rows, classes), each row adds up to 1.
        classes: Names of the classes, each once.

    Returns:
        The metrics; they do not depend on the order of the rows.

    Raises:
        RefusedError: No rows, other shapes, values that are no probabilities (``NL-J001``).

    Source:
        Calibration error: Naeini et al., Obtaining Well Calibrated Probabilities Using Bayesian Binning,
        AAAI 2015, with the 15 bins of Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
    """
    check_probabilities(truth, probabilities, classes)
    p = np.asarray(probabilities, dtype=np.float64)
    predicted = p.argmax(axis=1)
    named = np.bincount(predicted, minlength=len(classes))
    return Metrics(
        rows=len(truth),
        accuracy=float(hits(truth, p).mean()),
        log_loss=float(np.sort(losses(truth, p)).mean()),
        top3=float(top(truth, p, 3).mean()),
        calibration_error=calibration_error(p.max(axis=1), hits(truth, p)),
        largest_class=classes[int(named.argmax())],
        largest_class_share=float(named.max() / len(truth)),
        **_by_class(truth, predicted, classes),
    )


def check_probabilities(
    truth: NDArray[np.int64], probabilities: NDArray[Any], classes: Sequence[str]
) -> None:
    """Refuse what no metric can be computed from.

    Args:
        truth: As in ``measure``.
        probabilities: As in ``measure``.
        classes: As in ``measure``.

    Raises:
        RefusedError: Says what is wrong and in how many rows (``NL-J001``).
    """
    if reason := _fault(np.asarray(truth), np.asarray(probabilities), classes):
        raise RefusedError(
            reason,
            code="NL-J001",
            kept="the results of the run so far; nothing was judged",
            advice="run the step evaluate again",
        )


def losses(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give ``-log p(true class)`` of each row, nats, shape (rows,); p is at least ``PROBABILITY_FLOOR``."""
    own = probabilities[np.arange(len(truth)), truth]
    return -np.log(np.clip(own, PROBABILITY_FLOOR, 1.0))


def hits(truth: NDArray[np.int64], probabilities: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Mark the rows whose most probable class is the true one; of equals the first counts."""
    right: NDArray[np.bool_] = probabilities.argmax(axis=1) == truth
    return right


def top(truth: NDArray[np.int64], probabilities: NDArray[np.float64], k: int) -> NDArray[np.bool_]:
    """Mark the rows whose true class is among the ``k`` most probable; of equals the first count."""
    order = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    found: NDArray[np.bool_] = (order == truth[:, None]).any(axis=1)
    return found


def confidence_bins(confidence: NDArray[np.float64]) -> NDArray[np.int64]:
    """Give the bin of each confidence, 0 to 14; the bins are open to the left, so 1.0 is in the last."""
    inner = np.linspace(0, 1, BINS + 1)[1:-1]
    return np.digitize(confidence, inner, right=True).astype(np.int64)


def calibration_error(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Give the mean distance of confidence and accuracy over the bins, weighted by their rows.

    Args:
        confidence: Largest probability of each row, shape (rows,), in [0, 1].
        right: The row's prediction is right, shape (rows,).

    Source:
        See ``measure``.
    """
    bins = confidence_bins(confidence)
    gap = np.zeros(BINS)
    order = np.argsort(confidence, kind="stable")
    np.add.at(gap, bins[order], confidence[order])
    gap -= np.bincount(bins, weights=right, minlength=BINS)
    return float(np.abs(gap).sum() / len(right))


def _by_class(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str]
) -> dict[str, Any]:
    precision, recall, f1, support = precision_recall_fscore_support(
        truth, predicted, labels=np.arange(len(classes)), zero_division=0.0
    )
    present = (support > 0) | np.isin(np.arange(len(classes)), predicted)
    common = support >= COMMON_ROWS
    columns = zip(classes, support, precision, recall, f1, strict=True)
    return {
        "macro_f1": float(f1[present].mean()),
        "macro_f1_common": float(f1[common].mean()) if common.any() else None,
        "classes": tuple(
            ClassMetrics(name=name, support=int(n), precision=float(p), recall=float(r), f1=float(f))
            for name, n, p, r, f in columns
        ),
    }


def _fault(truth: NDArray[Any], probabilities: NDArray[Any], classes: Sequence[str]) -> str:
    return _shape_fault(truth, probabilities, classes) or _value_fault(probabilities)


def _shape_fault(truth: NDArray[Any], probabilities: NDArray[Any], classes: Sequence[str]) -> str:
    if not len(truth):
        return "there are no rows"
    if probabilities.shape != (len(truth), len(classes)):
        return f"probabilities have shape {probabilities.shape}, not ({len(truth)}, {len(classes)})"
    if len(set(classes)) != len(classes):
        return "a class is named twice"
    if truth.dtype.kind not in "iu" or truth.min() < 0 or truth.max() >= len(classes):
        return "the truth is not a position in the classes"
    return ""


def _value_fault(probabilities: NDArray[Any]) -> str:
    with np.errstate(invalid="ignore"):
        broken = {
            "have a probability that is no finite number": (~np.isfinite(probabilities)).any(axis=1),
            "have a probability outside 0 to 1": (
                (probabilities < 0) | (probabilities > 1 + SUM_TOLERANCE)
            ).any(axis=1),
            "do not add up to 1": np.abs(probabilities.sum(axis=1) - 1) > SUM_TOLERANCE,
        }
    found = {what: int(rows.sum()) for what, rows in broken.items() if rows.any()}
    return "; ".join(f"{rows} of {len(probabilities)} rows {what}" for what, rows in found.items())
