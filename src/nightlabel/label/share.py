"""Shares files out among pods."""

import heapq
from collections.abc import Sequence

from nightlabel.store import Entry

FILE_WEIGHT = 64 * 1024
"""What opening one file costs, in the bytes that could be read instead."""

SHARD_WEIGHT = 8 * 1024 * 1024
"""Work below which a further pod costs more than it saves, in bytes."""


def weight(entry: Entry) -> int:
    """Give the work of one file, in bytes: its size and the cost of opening it."""
    return entry.size + FILE_WEIGHT


def shards_for(entries: Sequence[Entry], largest: int) -> int:
    """Decide the number of shards of a backlog.

    Args:
        entries: The files to label.
        largest: Largest number of pods of the use case.

    Returns:
        At least 1, at most ``largest`` and one per file.
    """
    wanted = -(-sum(map(weight, entries)) // SHARD_WEIGHT)
    return max(1, min(wanted, largest, len(entries)))


def share_out(entries: Sequence[Entry], shards: int) -> list[list[Entry]]:
    """Share files out, the longest first, each to the shard with the least work.

    Args:
        entries: The files, in any order; the result does not depend on it.
        shards: Number of shards, >= 1.

    Returns:
        One list per shard, in the order of keys. Two shards differ by no more work than the largest file.

    Source:
        Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 17(2), 1969 (LPT rule).
    """
    shared: list[list[Entry]] = [[] for _ in range(shards)]
    load = [(0, n) for n in range(shards)]
    for entry in sorted(entries, key=lambda e: (-weight(e), e.key)):
        work, n = heapq.heappop(load)
        shared[n].append(entry)
        heapq.heappush(load, (work + weight(entry), n))
    return [sorted(shard) for shard in shared]
