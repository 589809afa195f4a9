"""Foretells when a night will be done, and decides on its pods.

The work of files is taken in nominal seconds, by the rates of the benchmark: so much for each file, so much
for each byte. Past nights say how many times slower pods were in truth, how long they took to start, and how
long the commit took::

    done = start + slowness * max(work / pods, work of the largest file) + publish

Each of the three is known as a spread: the middle of past nights, and a low and a high bound that lie the
wider apart the fewer nights there are. Without any the benchmark's rates stand in, and all pods are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nightlabel.label.flow import HIGHEST
from nightlabel.label.forecast_papers import Pace
from nightlabel.label.rates import Rates

RESERVE = 0.25
"""Part of the deadline that is kept for repeated attempts when pods are chosen."""

MOST_SHARDS = 128
"""Shards of a night, at most: the scheduler suffers from hundreds of mapped tasks."""

_WAIT = 0.03  # seconds until an answer to GET
_RECORD_BYTES = 100
_UNKNOWN = 2.0  # slowness that is supposed where no night was measured
_START, _PUBLISH = 62.5, 10.0  # seconds that are supposed
_WIDEST = 3.0  # factor of the bounds where no night was measured
_LOW, _HIGH = 0.1, 0.9
_PARTS = 4  # a shard takes so little of the deadline that a night that will miss it still gets on
_USUAL = Rates()
_OF_FILE = _USUAL.file_cpu_s / 10_000 + _WAIT / HIGHEST
_OF_BYTE = _USUAL.record_cpu_s / 1_000_000 / _RECORD_BYTES

Numbers = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """A number that is known from past nights: ``low <= middle <= high``."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Past:
    """What past nights say of the next one.

    Attributes:
        nights: Nights that were measured.
        slowness: Seconds of the slowest pod for each nominal second of its work.
        start: Seconds from the plan until the pods work.
        publish: Seconds from the last receipt to the commit.
    """

    nights: int
    slowness: Spread
    start: Spread
    publish: Spread


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is to be labelled: nominal seconds of all files, and of the one that takes longest."""

    total: float
    largest: float


def nominal(files: float, size: float) -> float:
    """Give the seconds that one pod takes for files by the rates of the benchmark.

    Args:
        files: Number of files.
        size: Their bytes.
    """
    return files * _OF_FILE + size * _OF_BYTE


def backlog(sizes: Numbers) -> Backlog:
    """Take the work of files by their sizes in bytes, shape (files,)."""
    total, largest = int(sizes.sum()), int(sizes.max(initial=0))
    return Backlog(nominal(len(sizes), total), nominal(min(1, len(sizes)), largest))


def past(paces: Sequence[Pace], cpu: float = 1.0) -> Past:
    """Learn from past nights.

    Large nights count for more in how slow pods are: what a shard costs apart from its files hides in small
    ones. One night that went wrong moves neither the middle nor the bounds of many.

    Args:
        paces: Of past nights, in any order; those without files say nothing.
        cpu: Cores of a pod, for what is supposed where no night was measured.

    Source:
        Kish, Survey Sampling, Wiley 1965, section 11.7 (effective number of weighted samples).
    """
    known = [pace for pace in paces if pace.files]
    if not known:
        slow, start, publish = _UNKNOWN / min(1.0, cpu), _START, _PUBLISH
        return Past(0, *(_wide(Spread(x, x, x), _WIDEST) for x in (slow, start, publish)))
    work = np.array([nominal(pace.files, pace.bytes) for pace in known])
    slowness = np.array([pace.seconds for pace in known]) / work
    even = np.ones(len(known))
    return Past(
        len(known),
        _spread(slowness, work),
        _spread(np.array([pace.start for pace in known]), even),
        _spread(np.array([pace.publish for pace in known]), even),
    )


def done(what: Backlog, known: Past, pods: int) -> Spread:
    """Foretell in how many seconds after its plan a night's labels stand.

    Args:
        what: The files.
        known: What past nights say.
        pods: Pods side by side, >= 1.

    Returns:
        Finite seconds, >= 0. More files are never earlier, more pods never later.
    """
    share = max(what.total / pods, what.largest)
    return Spread(
        *(
            getattr(known.start, bound)
            + getattr(known.slowness, bound) * share
            + getattr(known.publish, bound)
            for bound in ("low", "middle", "high")
        )
    )


def pods_for(what: Backlog, known: Past, most: int, deadline: float) -> int:
    """Choose the smallest number of pods that meets the deadline with its reserve, even if much goes ill.

    Args:
        what: The files.
        known: What past nights say; where they say nothing all pods are taken.
        most: Largest number that makes sense.
        deadline: Seconds from the plan.

    Returns:
        At least 1, at most ``most``. More files never get fewer pods.
    """
    if not known.nights:
        return most
    budget = deadline * (1 - RESERVE)
    return next((pods for pods in range(1, most) if done(what, known, pods).high <= budget), most)


def shards_for(what: Backlog, known: Past, pods: int, deadline: float) -> int:
    """Decide on the number of shards: one per pod, or more where the night will not make its deadline.

    Then shards are small, so that some are done at the deadline, and the next run has less to do.

    Args:
        what: The files.
        known: What past nights say.
        pods: Pods side by side.
        deadline: Seconds from the plan.
    """
    if done(what, known, pods).middle <= deadline:
        return pods
    small = np.ceil(known.slowness.high * what.total * _PARTS / max(deadline, 1.0))
    return max(pods, int(min(small, MOST_SHARDS)))


def _spread(values: Floats, weights: Floats) -> Spread:
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    at = np.searchsorted(sums, np.array([_LOW, 0.5, _HIGH]) * sums[-1])
    low, middle, high = values[order][at.clip(max=len(values) - 1)].tolist()
    nights = weights.sum() ** 2 / (weights**2).sum()
    return _wide(Spread(low, middle, high), _WIDEST ** (1 / (nights + 1)))


def _wide(spread: Spread, factor: float) -> Spread:
    return Spread(spread.low / factor, spread.middle, spread.high * factor)
