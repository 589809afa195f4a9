"""Shares files out among pods."""

import heapq

import numpy as np
from numpy.typing import NDArray

FILE_WEIGHT = 64 * 1024
"""What opening one file costs, in the bytes that could be read instead."""

SHARD_WEIGHT = 8 * 1024 * 1024
"""Work below which a further pod costs more than it saves, in bytes."""

_SLICE = 65_536  # files that are numbers of Python's at the same time

Numbers = NDArray[np.int64]


def weights(sizes: Numbers) -> Numbers:
    """Give the work of files, in bytes: their size and the cost of opening them.

    Args:
        sizes: Sizes in bytes, shape (files,).
    """
    return sizes + FILE_WEIGHT


def shards_for(work: Numbers, largest: int) -> int:
    """Decide the number of shards of a backlog.

    Args:
        work: Work of the files to label, in bytes, shape (files,).
        largest: Largest number of pods of the use case.

    Returns:
        At least 1, at most ``largest`` and one per file.
    """
    wanted = -(-int(work.sum()) // SHARD_WEIGHT)
    return max(1, min(wanted, largest, len(work)))


def share_out(work: Numbers, shards: int) -> Numbers:
    """Share files out, the longest first, each to the shard with the least work.

    Args:
        work: Work of the files, in bytes, shape (files,).
        shards: Number of shards, >= 1.

    Returns:
        The shard of each file, from 0, shape (files,). Two shards differ by no more work than the largest
        file.

    Source:
        Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 17(2), 1969 (LPT rule).
    """
    chosen = np.empty(len(work), np.int64)
    order = np.argsort(-work, kind="stable")
    loads = list(range(shards))  # work * shards + number of the shard: one number is compared faster than two
    for start in range(0, len(order), _SLICE):
        part = order[start : start + _SLICE]
        chosen[part] = [_least(loads, more, shards) for more in (work[part] * shards).tolist()]
    return chosen


def _least(loads: list[int], more: int, shards: int) -> int:
    """Add work to the shard with the least, and give its number."""
    return heapq.heapreplace(loads, loads[0] + more) % shards
