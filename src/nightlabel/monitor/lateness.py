"""When labels are due: from the card and the clock alone, whatever the orchestrator did."""

from dataclasses import dataclass
from datetime import UTC, datetime

from croniter import CroniterError, croniter  # type: ignore[import-untyped]  # it ships no types

from nightlabel.contract import Card
from nightlabel.errors import RefusedError


@dataclass(frozen=True, slots=True)
class Due:
    """The labels of one night, and when they must stand.

    Attributes:
        date: The partition, ISO date.
        deadline: The moment, UTC.
    """

    date: str
    deadline: datetime


def last_due(card: Card, now: datetime) -> Due:
    """Give the newest night whose deadline has passed.

    The schedule is read on the wall clock of the card's zone, as Airflow reads it: on the day when clocks are
    set back, a night in the repeated hour may be told an hour late.

    Args:
        card: Its schedule, zone and deadline.
        now: The moment, with a zone.

    Raises:
        RefusedError: ``NL-U002``, the schedule is no cron expression, or names no day of the calendar.
    """
    wall = (now - card.deadline).astimezone(card.zone).replace(tzinfo=None)
    try:
        start: datetime = croniter(card.schedule, wall).get_prev(datetime)
    except CroniterError as error:
        raise RefusedError(
            f"{card.name}/usecase.toml: schedule {card.schedule!r} gives no night: {error}",
            code="NL-U002",
            kept="everything: no night was called late",
            advice="correct the schedule on the card",
        ) from None
    return Due(start.date().isoformat(), start.replace(tzinfo=card.zone).astimezone(UTC) + card.deadline)
