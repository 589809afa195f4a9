"""Pictures of a candidate for MLflow and for the report."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

_INK, _QUIET = "#1b2a41", "#8a94a6"


def confusion_picture(
    truth: NDArray[np.int64], predicted: NDArray[np.int64], classes: Sequence[str], path: Path
) -> None:
    """Draw the confusion matrix: rows are the truth, the colour is the share of the row.

    Args:
        truth: True class of each record, positions in ``classes``, shape (rows,).
        predicted: The same as the model says, shape (rows,).
        classes: Names of the classes.
        path: The PNG file to write.
    """
    size = len(classes)
    counts = np.zeros((size, size), dtype=np.int64)
    np.add.at(counts, (truth, predicted), 1)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = max(4.0, 0.42 * size + 2.2)
    figure = Figure(figsize=(side + 0.8, side), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    figure.colorbar(image, ax=axes, fraction=0.04, pad=0.02, label="share of the true class")
    _name_axes(axes, classes, counts)
    _write_counts(axes, counts, shares)
    axes.set_title(f"{int(np.trace(counts)):,} of {len(truth):,} records right", loc="left", color=_INK)
    figure.savefig(path, format="png")


def reliability_picture(
    confidence: NDArray[np.float32], correct: NDArray[np.bool_], path: Path, bins: int = 15
) -> None:
    """Draw how often the model is right at each confidence, and how many records that is.

    Args:
        confidence: Probability of the predicted class, shape (rows,).
        correct: Whether it is the true one, shape (rows,).
        path: The PNG file to write.
        bins: Number of bins of equal width.
    """
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.digitize(confidence, edges[1:-1]), 0, bins - 1)
    rows = np.bincount(place, minlength=bins)
    right = np.bincount(place, weights=correct, minlength=bins) / np.maximum(rows, 1)
    figure = Figure(figsize=(5.2, 4.6), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color=_QUIET, linestyle="--", linewidth=1)
    middle = (edges[:-1] + edges[1:]) / 2
    axes.bar(middle[rows > 0], right[rows > 0], width=0.9 / bins, color="#3b7dd8")
    for x, y, count in zip(middle, right, rows, strict=True):
        if count:
            axes.text(x, y + 0.02, f"{count}", ha="center", fontsize=7, color=_INK)
    axes.set(xlim=(0, 1), ylim=(0, 1.08), xlabel="confidence", ylabel="share that is right")
    axes.set_title("Right at each confidence (number of records)", loc="left", color=_INK, fontsize=10)
    figure.savefig(path, format="png")


def _name_axes(axes: Any, classes: Sequence[str], counts: NDArray[np.int64]) -> None:
    places = range(len(classes))
    support = counts.sum(axis=1)
    axes.set_xticks(places, [_cut(name) for name in classes], rotation=60, ha="right", fontsize=8)
    axes.set_yticks(places, [f"{_cut(n)} ({s})" for n, s in zip(classes, support, strict=True)], fontsize=8)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true (number of records)")


def _write_counts(axes: Any, counts: NDArray[np.int64], shares: NDArray[np.float64]) -> None:
    for row, column in zip(*np.nonzero(counts), strict=True):
        colour = "white" if shares[row, column] > 0.5 else _INK  # noqa: PLR2004 - the middle of the colours
        axes.text(column, row, f"{counts[row, column]}", ha="center", va="center", fontsize=7, color=colour)


def _cut(name: str, length: int = 18) -> str:
    text = name.replace("$", r"\$")  # a dollar would start a formula
    return text if len(text) <= length else text[: length - 1] + "…"
