"""The deadline of a night: a moment that its plan names, at which it stops softly."""

from collections.abc import Callable
from datetime import UTC, datetime

from nightlabel.errors import RefusedError
from nightlabel.label.papers import Plan

STOPPED = "NL-N010"
"""The code of a shard that stopped at the deadline."""

Clock = Callable[[], datetime]


def now() -> datetime:
    """Give this moment, UTC."""
    return datetime.now(UTC)


def deadline(plan: Plan) -> datetime | None:
    """Give the moment when a night's labels must stand; nothing where its plan names none."""
    return datetime.fromisoformat(plan.forecast.deadline) if plan.forecast else None


def passed(plan: Plan, moment: datetime) -> bool:
    """Tell whether a night's deadline has passed."""
    due = deadline(plan)
    return due is not None and moment >= due


def stopped(plan: Plan, shard: str, files: int, of: int) -> RefusedError:
    """Make the error for a shard that stops at the deadline.

    Args:
        plan: The plan.
        shard: Name of the shard.
        files: Files that were labelled, and are not kept.
        of: Files of the shard.
    """
    return RefusedError(
        f"stopped at the deadline of {plan.date} after {files:,} of the {of:,} files of shard {shard}",
        code=STOPPED,
        kept="all receipts; nothing of this shard is visible",
        advice=f"nightlabel night --usecase {plan.usecase} --date {plan.date}: a new run resumes",
        shard=shard,
        files=files,
        of=of,
    )


def missed(plan: Plan, undone: list[str]) -> RefusedError:
    """Make the error for a night that is not published, because its deadline passed before it was done."""
    shards = len(plan.shards)
    return RefusedError(
        f"the deadline of {plan.date} passed with {shards - len(undone)} of {shards} shards done",
        code="NL-N011",
        kept="all receipts and data files; nothing was committed",
        advice=f"nightlabel night --usecase {plan.usecase} --date {plan.date}: a new run resumes",
        done=shards - len(undone),
        missing=undone,
    )
