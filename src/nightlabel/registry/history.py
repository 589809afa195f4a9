"""The history of the champion, as pure functions over its moves."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the champion: who moved it when, from which version (empty: from none), and why."""

    version: str
    origin: str
    by: str
    at: str
    reason: str


def made(told: Sequence[Move], champion: str) -> tuple[Move, ...]:
    """Leave out the moves that were announced but never made, because their process died between.

    Args:
        told: All moves as they were announced, oldest first.
        champion: The version that is champion now; empty for none.

    Returns:
        The moves whose version the next move, or today, found as champion.
    """
    found = [move.origin for move in told[1:]] + [champion]
    return tuple(move for move, then in zip(told, found, strict=False) if move.version == then)


def line_of(moves: Sequence[Move]) -> tuple[str, ...]:
    """Give the champions in line: a move back to an earlier one forgets those that came after it.

    So each rollback goes one release further back, and never to a version that was rolled back before.
    """
    line: list[str] = []
    for move in moves:
        line = line[: line.index(move.version)] if move.version in line else line
        line.append(move.version)
    return tuple(line)
