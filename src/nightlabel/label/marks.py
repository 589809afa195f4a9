"""How far a shard is: small objects that its pod leaves on the way, at most one for each tenth.

Their names say all, so that one listing shows how far a whole night is. A shard that is done within half a
minute leaves none; a mark that cannot be written costs nothing but itself.
"""

import re
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nightlabel import log
from nightlabel.errors import NightlabelError
from nightlabel.label.names import night
from nightlabel.label.papers import Plan, Shard
from nightlabel.store import Store

PERIOD = 30.0
"""Seconds from the start to the first mark, and between two."""

_STEPS = 10
_NAME = re.compile(r"(.+)\.([0-9a-f]+)\.([0-9]+)\.([0-9]+)\.([0-9]+)")
"""What ends otherwise is no mark: a folder shows uploads that are under way, or that a killed pod left."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one attempt at a shard was.

    Attributes:
        shard: Name of the shard.
        attempt: UUID of the attempt.
        started: When the attempt began.
        at: When it was so far.
        share: Part of its files that were labelled.
    """

    shard: str
    attempt: str
    started: datetime
    at: datetime
    share: float


@dataclass(slots=True)
class Marks:
    """Leaves the marks of one attempt."""

    lake: Store
    plan: Plan
    shard: Shard
    attempt: str
    started: datetime
    _next: float = field(default_factory=lambda: time.monotonic() + PERIOD)
    _step: int = -1

    def note(self, files: int) -> None:
        """Note that files are labelled, if it is time for a mark."""
        share = files / max(1, self.shard.files)
        if time.monotonic() < self._next or (step := int(share * _STEPS)) <= self._step:
            return
        self._next, self._step = time.monotonic() + PERIOD, step
        moments = (int(moment.timestamp()) for moment in (self.started, datetime.now(UTC)))
        name = ".".join((self.shard.name, self.attempt, *map(str, moments), str(int(share * 1000))))
        try:
            self.lake.create(f"{_folder(self.plan)}/{name}", b"")
        except NightlabelError as error:
            log.get("label").warning("no mark was left", shard=self.shard.name, why=str(error)[:200])


def newest(lake: Store, plan: Plan) -> dict[str, Mark]:
    """Give the newest mark of each shard that has one."""
    found = dict[str, Mark]()
    for entry in lake.list(_folder(plan)):
        if not (told := _NAME.fullmatch(entry.key.rpartition("/")[2])):
            continue
        mark = _mark(*told.groups())
        if mark.shard not in found or _order(found[mark.shard]) <= _order(mark):
            found[mark.shard] = mark
    return found


def _order(mark: Mark) -> tuple[datetime, datetime, float]:
    return mark.at, mark.started, mark.share


def _mark(shard: str, attempt: str, *numbers: str) -> Mark:
    started, at, share = map(int, numbers)
    moment, begun = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(started, UTC)
    return Mark(shard, attempt, begun, moment, share / 1000)


def _folder(plan: Plan) -> str:
    return f"{night(plan.usecase, plan.date, plan.run)}/progress"
