"""How fast the newest nights were: some small objects, read side by side."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from statistics import median
from typing import TYPE_CHECKING

from nightlabel import log
from nightlabel.errors import UnavailableError
from nightlabel.label import history, papers, table
from nightlabel.label.forecast_papers import LONGEST
from nightlabel.label.papers import Pace, Plan, Receipt, Summary
from nightlabel.label.reads import side_by_side
from nightlabel.label.table import Commit
from nightlabel.store import Store

if TYPE_CHECKING:
    from deltalake import DeltaTable

NIGHTS = 10
"""Nights that a forecast rests on, at most."""


def recent(lake: Store, usecase: str, labels: "DeltaTable") -> list[Pace]:
    """Give the paces of the newest committed nights that had pods.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        labels: The labels table, whose log names the nights.
    """

    def read(commit: Commit) -> Pace | None:
        try:
            summary = papers.find(lake, history.summary_key(usecase, commit.date, commit.run), Summary)
        except UnavailableError as error:  # a forecast is not worth a night
            log.get("label").warning("a past night is left out of the forecast", why=str(error)[:200])
            return None
        return summary.pace if summary else None

    newest = islice(table.commits(labels), NIGHTS)
    return [pace for pace in side_by_side(read, newest, NIGHTS) if pace]


def measured(plan: Plan, receipts: Sequence[Receipt], committed: datetime) -> Pace | None:
    """Take the pace of a night from its receipts.

    Args:
        plan: The plan.
        receipts: Those of its own pods, without what earlier runs left.
        committed: When its labels were shown.

    Returns:
        The pace; nothing where the night had no pods of its own.
    """
    if not receipts:
        return None
    made = _seconds(plan.created)
    starts = [_seconds(r.started) - made for r in receipts]
    ends = [start + r.seconds for start, r in zip(starts, receipts, strict=True)]
    longest = max(receipts, key=lambda r: r.seconds)
    return Pace(
        start=_within(median(start for start in starts if start <= min(ends))),
        seconds=_within(longest.seconds),
        files=longest.files,
        bytes=longest.bytes,
        pod_seconds=_within(sum(r.seconds for r in receipts)),
        publish=_within(committed.timestamp() - made - max(ends)),
    )


def _within(seconds: float) -> float:
    """Bound what clocks of several machines say."""
    return round(min(max(0.0, seconds), LONGEST), 3)


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
