"""The figures as a picture: what each engine costs, and how much memory it takes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

from benchmarks.report import SMALL, Report

mpl.use("agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import LogLocator

_COLOURS = {"own": "#d1495b", "peer": "#30638e", "bound": "#8d99ae"}


def draw(report: Report, path: Path) -> None:
    """Draw the small files, the engine that costs least on top.

    Args:
        report: All figures.
        path: The picture, PNG.
    """
    entries = sorted(report["engines"].values(), key=lambda entry: -entry[SMALL]["median"])
    size = (11, 0.42 * len(entries) + 1.7)
    figure, (cost, memory) = plt.subplots(
        1, 2, figsize=size, sharey=True, layout="constrained", width_ratios=(3, 2)
    )
    _dots(cost, entries, SMALL, "CPU seconds per 10,000 files, logarithmic", "{:.2f}")
    cost.set_xscale("log")
    cost.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    cost.xaxis.set_major_formatter("{x:g}")
    cost.xaxis.set_minor_formatter("")
    _dots(memory, entries, "peak_mb", "Peak memory, MB", "{:,.0f}")
    memory.set_xlim(0, 1.25 * memory.get_xlim()[1])
    files, rounds = report["night"]["files"], report["rounds"]
    figure.suptitle(
        f"Labelling {files:,} small files over S3: median of {rounds} rounds, from lowest to highest"
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _dots(axes: Any, entries: Sequence[Report], name: str, meaning: str, shown: str) -> None:
    """Draw a dot for each median, with whiskers; a bar on a logarithmic axis would have no true length."""
    for entry in entries:
        values, colour = entry[name], _COLOURS[entry["kind"]]
        axes.plot([values["low"], values["high"]], [entry["title"]] * 2, color=colour, linewidth=2)
        axes.plot(values["median"], entry["title"], "o", color=colour)
        text = shown.format(values["median"])
        at = (values["high"], entry["title"])
        axes.annotate(text, at, xytext=(7, 0), textcoords="offset points", va="center", color=colour)
    axes.margins(x=0.25, y=0.08)
    axes.set_xlabel(meaning)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
