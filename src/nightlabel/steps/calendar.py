"""What pages show of nights: a calendar of days, and one night; read from the lake alone, and bounded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any, Literal

from nightlabel import catalog
from nightlabel.contract import Card
from nightlabel.errors import NightlabelError
from nightlabel.label import Summary, read_summary, resume, table
from nightlabel.label.names import label_date
from nightlabel.label.reads import side_by_side
from nightlabel.label.table import Commit
from nightlabel.monitor.ids import report_page
from nightlabel.monitor.lateness import last_due
from nightlabel.settings import settings
from nightlabel.store import Store, open_lake
from nightlabel.store.store import MissingError

State = Literal["committed", "empty", "partial", "late", "at work", "not run"]
MOST = 60
"""Days of one calendar, at most."""

_COMMITS = 400  # of the table's log that are looked through
_AT_ONCE = 16  # small objects that are read at the same time
_RUNS = 20  # runs of a date that are named


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the calendar.

    Attributes:
        date: ISO date.
        state: ``committed``; ``empty``, a day without records; ``partial``, published without what was not
            done; ``late``, due and not committed; ``at work``; or ``not run``.
        commit: Its newest generation.
        summary: What the run of that generation did; nothing where it left none.
        drift: Its drift as JSON; nothing where it was not watched.
        damaged: What could not be read of it, in one sentence.
    """

    date: str
    state: State
    commit: Commit | None = None
    summary: Summary | None = None
    drift: Mapping[str, Any] | None = None
    damaged: str = ""


def days(usecase: str, last: str, count: int, now: datetime | None = None) -> list[Day]:
    """Give the days up to one, the newest first.

    Args:
        usecase: Name of the use case.
        last: The newest day, ISO date; empty takes the local date of now.
        count: Number of days, 1 to ``MOST``.
        now: The moment, with a zone; now where nothing is given.

    Raises:
        RefusedError: ``NL-H002``, ``last`` is no date; ``NL-U001``, there is no such use case.
        UnavailableError: The store did not answer.
    """
    card, lake, now = catalog.load(usecase).card, open_lake(), now or datetime.now(UTC)
    newest = date.fromisoformat(label_date(last)) if last else now.astimezone(card.zone).date()
    wanted = [(newest - timedelta(days=back)).isoformat() for back in range(min(max(1, count), MOST))]
    heads, begun = _heads(lake, usecase, set(wanted))
    look = _Look(lake, card, heads, begun, now)
    return list(side_by_side(look.day, wanted, _AT_ONCE))


def night(usecase: str, day: str, now: datetime | None = None) -> dict[str, Any]:
    """Give all that a page says of one night; no value of a record is in it.

    Args:
        usecase: Name of the use case.
        day: ISO date.
        now: The moment, with a zone; now where nothing is given.

    Returns:
        ``day``, the ``runs`` of the date with their plans, and the ``page`` of its drift below the address of
        the drift dashboard, empty where it was not watched.

    Raises:
        RefusedError, UnavailableError: As ``days``.
    """
    [found] = days(usecase, day, 1, now)
    plans = resume.plans(open_lake(), usecase, label_date(day))[:_RUNS]
    runs = [
        {"run": p.run, "kind": p.kind, "reason": p.reason, "created": p.created, "image": p.image}
        | {"generation": p.generation, "files": p.files, "model_version": p.model.version}
        for p in plans
    ]
    forecast = next((p.forecast for p in plans if p.forecast), None)
    return {"day": found, "runs": runs, "forecast": forecast, "page": _page(usecase, found)}


@dataclass(frozen=True, slots=True)
class _Look:
    lake: Store
    card: Card
    heads: Mapping[str, Commit]
    begun: datetime | None
    now: datetime

    def day(self, day: str) -> Day:
        """Read what there is of one day; what is damaged is said and hides no other day."""
        commit = self.heads.get(day)
        try:
            if commit is None:
                return Day(day, self._without_labels(day))
            summary = read_summary(self.lake, self.card.name, day, commit.run)
            return Day(day, _state(commit), commit, summary, self._drift(day))
        except NightlabelError as error:
            return Day(day, _state(commit) if commit else "not run", commit, damaged=str(error))

    def _drift(self, day: str) -> Mapping[str, Any] | None:
        try:
            found: Mapping[str, Any] = self.lake.read_json(f"{self.card.name}/drift/{day}.json")
        except MissingError:
            return None
        return found

    def _without_labels(self, day: str) -> State:
        due = last_due(self.card, self.now)
        coming = last_due(self.card, self.now + self.card.deadline).date
        if day <= due.date and self._was_due(day):
            return "late"
        tonight = day in (coming, self.now.astimezone(self.card.zone).date().isoformat())
        if tonight and resume.plans(self.lake, self.card.name, day):
            return "at work"
        return "not run"

    def _was_due(self, day: str) -> bool:
        """Tell whether a night that is missing was noticed, or is the last one that was due."""
        if self.lake.head(f"{self.card.name}/nights/{day}/late.json") is not None:
            return True
        due = last_due(self.card, self.now)
        return day == due.date and self.begun is not None and due.deadline >= self.begun


def _heads(lake: Store, usecase: str, wanted: set[str]) -> tuple[dict[str, Commit], datetime | None]:
    """Give the newest commit of each wanted day, and when the table was made."""
    if (labels := table.find(lake, usecase)) is None:
        return {}, None
    found = dict[str, Commit]()
    for commit in islice(table.commits(labels), _COMMITS):
        if commit.date in wanted and found.get(commit.date, commit).generation <= commit.generation:
            found[commit.date] = commit
        if len(found) == len(wanted):
            break
    made = labels.metadata().created_time
    return found, datetime.fromtimestamp(made / 1000, UTC) if made else None


def _state(commit: Commit) -> State:
    if commit.facts.get("left_files"):
        return "partial"
    return "committed" if commit.facts["ids"]["count"] else "empty"


def _page(usecase: str, day: Day) -> str:
    """Give the address of a night's drift report; empty where there is none."""
    base = settings().evidently_url
    return f"{base}/{report_page(usecase, day.date)}" if base and day.drift else ""
