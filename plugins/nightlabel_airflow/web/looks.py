"""How pages look: the templates, how numbers are written, and the small drawings."""

from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

HERE = Path(__file__).parent / "templates"
MARKS = {"committed": "✓", "empty": "0", "partial": "◐", "late": "!", "at work": "…", "not run": "·"}
"""States of a day that are told apart without their colours too."""
NOTHING = "-"
WIDTH, _ROOM = 300.0, 1.05  # of a drawing, and what is left at its right
_MINUTE = 60


class Bar(NamedTuple):
    """A forecast as a drawing; all are positions from 0 to ``WIDTH``, nothing where it is not known."""

    low: float
    middle: float
    high: float
    took: float | None
    deadline: float


def templates() -> Environment:
    """Give the templates; whatever they are given is escaped."""
    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "share": share, "seconds": seconds, "moment": moment, "figure": figure}
    made.globals |= {"marks": MARKS, "width": WIDTH, "bar": bar, "weeks": weeks, "weekday": weekday}
    return made


def number(value: float | None) -> str:
    """Write a count."""
    return NOTHING if value is None else f"{value:,.0f}"


def figure(value: float | None) -> str:
    """Write a measured number with three decimals."""
    return NOTHING if value is None else f"{value:,.3f}"


def share(value: float | None) -> str:
    """Write a part of one as percent."""
    return NOTHING if value is None else f"{value:.1%}"


def seconds(value: float | None) -> str:
    """Write seconds as people say them."""
    if value is None:
        return NOTHING
    minutes, rest = divmod(round(value), _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {rest:02} s" if minutes else f"{value:.1f} s"


def moment(value: datetime | str | None) -> str:
    """Write a moment, UTC."""
    if not value:
        return NOTHING
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    return f"{at:%Y-%m-%d %H:%M} UTC"


def bar(forecast: Any, took: float | None, deadline: float) -> Bar:
    """Draw a forecast beside the truth.

    Args:
        forecast: With ``low``, ``middle`` and ``high``, seconds.
        took: Seconds in truth; nothing before the commit.
        deadline: Seconds from the plan.
    """
    whole: float = max(forecast.high, took or 0.0, deadline, 1.0) * _ROOM

    def at(value: float) -> float:
        return round(float(value / whole) * WIDTH, 1)

    truth = None if took is None else at(took)
    return Bar(at(forecast.low), at(forecast.middle), at(forecast.high), truth, at(deadline))


def weeks(days: list[Any]) -> list[list[Any]]:
    """Lay days out as weeks from Monday to Sunday, the oldest first; nothing where a day is not shown."""
    known = {date.fromisoformat(day.date): day for day in days}
    first, last = min(known), max(known)
    start, end = first.toordinal() - first.weekday(), last.toordinal() + 6 - last.weekday()
    cells = [known.get(date.fromordinal(at)) for at in range(start, end + 1)]
    return [cells[at : at + 7] for at in range(0, len(cells), 7)]


def weekday(day: str) -> str:
    """Name the day of the week."""
    return f"{date.fromisoformat(day):%a}"
