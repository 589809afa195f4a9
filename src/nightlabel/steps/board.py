"""What a page shows of models: champion and challenger with their verdicts, the proposal, the history."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from nightlabel.label.reads import side_by_side
from nightlabel.registry import client
from nightlabel.registry.history import Move
from nightlabel.registry.models import CHALLENGER, CHAMPION, IMAGE, Pinned, Registry
from nightlabel.settings import settings
from nightlabel.steps import pages
from nightlabel.store import Store, open_lake
from nightlabel.store.store import MissingError

Paper = Mapping[str, Any]
_MOVES = 50
"""Moves of the champion that are shown, the newest."""


@dataclass(frozen=True, slots=True)
class Registered:
    """What the registry says of a use case.

    Attributes:
        champion: The model in production; nothing where there is none.
        challenger: The one that passed its gates last; nothing where there is none, or where it is champion.
        moves: Moves of the champion, the newest first.
        waits: The challenger was never champion, so its proposal waits for a person.
    """

    champion: Pinned | None
    challenger: Pinned | None
    moves: tuple[Move, ...]
    waits: bool


@dataclass(frozen=True, slots=True)
class Papers:
    """What the experiment of a model left in the lake; nothing for each paper that is not there.

    Attributes:
        verdict: What the gates said.
        evaluation: The figures on the holdout.
        proposal: The pull request.
    """

    verdict: Paper | None
    evaluation: Paper | None
    proposal: Paper | None


def registered(usecase: str) -> Registered:
    """Ask the registry for a use case's models.

    Raises:
        UnavailableError: ``NL-C006``, MLflow did not answer.
        RefusedError: ``NL-C008``, MLflow does not let us in.
    """
    tracking = settings().tracking
    if not client.has_database(tracking):
        return Registered(None, None, (), waits=False)
    registry = Registry(tracking)
    aliases, moves = registry.aliases(usecase), registry.moves(usecase)
    champion = registry.find(usecase, aliases[CHAMPION]) if CHAMPION in aliases else None
    other = aliases.get(CHALLENGER, "")
    challenger = registry.find(usecase, other) if other not in ("", aliases.get(CHAMPION)) else None
    waits = challenger is not None and challenger.version not in {move.version for move in moves}
    return Registered(champion, challenger, moves[::-1][:_MOVES], waits=waits)


def papers(usecase: str, runs: tuple[str, ...]) -> dict[str, Papers]:
    """Read what experiments left, by their runs.

    Args:
        usecase: Name of the use case.
        runs: Names of the experiments' runs; an empty one is left out.

    Raises:
        UnavailableError: ``NL-B001``, the store did not answer.
    """
    lake, known = open_lake(), [run for run in dict.fromkeys(runs) if run]
    keys = [f"{usecase}/experiments/{run}/{name}.json" for run in known for name in _NAMES]
    found = list(side_by_side(partial(_paper, lake), keys, len(keys))) if keys else []
    return {run: Papers(*found[at * 3 : at * 3 + 3]) for at, run in enumerate(known)}


def facts(pinned: Pinned) -> dict[str, str]:
    """Give what people ask of a version, by name."""
    tags = pinned.tags
    return {
        "version": pinned.version,
        "candidate": tags.get("candidate", ""),
        "run": tags.get("run", ""),
        "data": tags.get("data_version", ""),
        "trained until": tags.get("trained_until", ""),
        "SHA-256": pinned.sha256,
        "image": tags.get(IMAGE, ""),
        "page": pages.model_page(pinned),
    }


_NAMES = ("verdict", "evaluation", "proposal")


def _paper(lake: Store, key: str) -> Paper | None:
    try:
        found: Paper = lake.read_json(key)
    except MissingError:
        return None
    return found
