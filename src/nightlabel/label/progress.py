"""How far a night is, held against its forecast, and when it will be done if it goes on so."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nightlabel.label import due, marks, receipts
from nightlabel.label.forecast import nominal
from nightlabel.label.marks import PERIOD, Mark
from nightlabel.label.papers import Forecast, Plan, Receipt, Shard
from nightlabel.store import Store

_FIRST = 4 * PERIOD  # seconds behind the forecast start after which a shard without a mark has not begun


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a night is.

    Attributes:
        shards: Shards of the plan; ``done`` of them have left a receipt.
        files: Files of the plan; ``files_done`` are those of finished shards.
        share: Part of the work that is done, shards under way included.
        expected: Part that the forecast expects by now.
        finish: When the labels will stand if it goes on so.
        deadline: When they must.
        late: The finish lies behind the deadline.
    """

    shards: int
    done: int
    files: int
    files_done: int
    share: float
    expected: float
    finish: datetime
    deadline: datetime
    late: bool


def progress(lake: Store, plan: Plan, now: datetime) -> Progress | None:
    """Look how far a night is, by its receipts and the marks of its pods.

    Args:
        lake: The lake.
        plan: The night's plan.
        now: The moment.

    Returns:
        The progress; nothing for a night that labels nothing.
    """
    if plan.forecast is None:
        return None
    return measure(plan, plan.forecast, receipts.stored(lake, plan), marks.newest(lake, plan), now)


def measure(
    plan: Plan,
    forecast: Forecast,
    left: Mapping[str, Receipt | None],
    marked: Mapping[str, Mark],
    now: datetime,
) -> Progress:
    """Hold what is there against the forecast; see ``Progress``.

    Args:
        plan: The night's plan.
        forecast: Its forecast.
        left: Receipts by shard.
        marked: The newest marks by shard.
        now: The moment.
    """
    made = datetime.fromisoformat(plan.created)
    shares = {s.name: 1.0 if left.get(s.name) else _share(marked.get(s.name)) for s in plan.shards}
    total = sum(map(_work, plan.shards)) or 1.0
    finish = _finish(plan, forecast, left, marked, now)
    deadline = due.deadline(plan) or finish
    return Progress(
        shards=len(plan.shards),
        done=sum(1 for s in plan.shards if left.get(s.name)),
        files=plan.files,
        files_done=sum(s.files for s in plan.shards if left.get(s.name)),
        share=sum(_work(s) * shares[s.name] for s in plan.shards) / total,
        expected=_expected(forecast, (now - made).total_seconds()),
        finish=finish,
        deadline=deadline,
        late=finish > deadline,
    )


def _finish(
    plan: Plan,
    forecast: Forecast,
    left: Mapping[str, Receipt | None],
    marked: Mapping[str, Mark],
    now: datetime,
) -> datetime:
    """Foretell the end: of each pod by its own speed, of the rest by that of the forecast."""
    made = datetime.fromisoformat(plan.created)
    undone = [shard for shard in plan.shards if not left.get(shard.name)]
    if not undone:
        return now
    ends = [_end(marked[s.name], now) for s in undone if s.name in marked]
    waiting = sum(_work(s) for s in undone if s.name not in marked)
    foretold = made + timedelta(seconds=forecast.middle)
    if waiting and (now - made).total_seconds() > forecast.start + _FIRST:
        work = sum(_work(s) for s in plan.shards if s.origin is None) or 1.0
        ends.append(now + timedelta(seconds=(forecast.middle - forecast.start) * waiting / work))
    elif waiting:
        ends.append(foretold)
    return max(now, *ends)


def _end(mark: Mark, now: datetime) -> datetime:
    """Foretell the end of a pod; one that is silent for too long stands still."""
    pace = (mark.at - mark.started) / max(mark.share, 0.001)
    silent = now - mark.at - max(pace / 5, timedelta(seconds=4 * PERIOD))
    return mark.started + pace + max(silent, timedelta(0))


def _share(mark: Mark | None) -> float:
    return mark.share if mark else 0.0


def _work(shard: Shard) -> float:
    return nominal(shard.files, shard.bytes)


def _expected(forecast: Forecast, seconds: float) -> float:
    span = forecast.middle - forecast.start
    return min(1.0, max(0.0, (seconds - forecast.start) / span)) if span > 0 else 1.0
