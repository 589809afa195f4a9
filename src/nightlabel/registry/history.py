"""The history of production, as pure functions over its moves.

What is in production is a release: a version of the model, and the image that labels with it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Any, NamedTuple

from nightlabel.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Move:
    """One move of the champion: who moved it when, from which version (empty: from none), and why.

    Of a move that brought a new image alone, ``version`` and ``origin`` are the same. The images are empty
    where a release names none.
    """

    version: str
    origin: str
    by: str
    at: str
    reason: str
    image: str = ""
    origin_image: str = ""


_known = {field.name for field in fields(Move)}
_needed = {field.name for field in fields(Move) if field.default is MISSING}


class Release(NamedTuple):
    """What is, or was, in production."""

    version: str
    image: str = ""


def read(model: str, tag: str, text: str) -> Move:
    """Read a move from a tag of a registered model, which anybody with access to MLflow may have written.

    Raises:
        RefusedError: ``NL-C014``, it is no move of ours: without it the history would be guessed.
    """
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and _needed <= found.keys() <= _known and _are_words(found.values()):
        return Move(**found)
    raise RefusedError(
        f"the tag {tag[:60]!r} of the registered model {model} is no move of the champion",
        code="NL-C014",
        kept="the champion and all tags",
        advice="find out who wrote it, delete the tag in MLflow, then run the command again",
        model=model,
        tag=tag,
    )


def made(told: Sequence[Move], champion: str, image: str = "") -> tuple[Move, ...]:
    """Leave out the moves that were announced but never made, because their process died between.

    Args:
        told: All moves as they were announced, oldest first.
        champion: The version that is champion now; empty for none.
        image: The image of that version now; empty for none.

    Returns:
        The moves whose release the next move, or today, found in production.
    """
    found = [Release(move.origin, move.origin_image) for move in told[1:]] + [Release(champion, image)]
    return tuple(move for move, then in zip(told, found, strict=False) if _is(move, then))


def releases_of(moves: Sequence[Move]) -> tuple[Release, ...]:
    """Give the releases in line: a move back to an earlier one forgets those that came after it.

    So each rollback goes one release further back, and never to a release that was rolled back before. The
    first image of a version takes the place of the version without one: that cannot be returned to.
    """
    line: list[Release] = []
    for move in moves:
        release = Release(move.version, move.image)
        line = line[: line.index(release)] if release in line else line
        if line and line[-1] == Release(move.version):
            line.pop()
        line.append(release)
    return tuple(line)


def line_of(moves: Sequence[Move]) -> tuple[str, ...]:
    """Give the versions of the releases in line, each once."""
    return tuple(dict.fromkeys(release.version for release in releases_of(moves)))


def _are_words(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _is(move: Move, then: Release) -> bool:
    same_image = move.image == then.image or not (move.image and then.image)
    return move.version == then.version and same_image
