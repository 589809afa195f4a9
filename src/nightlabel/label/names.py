"""Where a night keeps what it writes; nothing that came from outside becomes a key unchecked."""

import re
from datetime import date as calendar_day

from nightlabel.errors import RefusedError

_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")
_SHOWN = 60  # characters of a refused value


def label_date(text: str) -> str:
    """Hold a label date against its only form, ``2026-01-31``.

    Raises:
        RefusedError: ``NL-H002``, it is anything else, or no day of the calendar.
    """
    try:
        if calendar_day.fromisoformat(text).isoformat() == text:
            return text
    except ValueError:
        pass
    raise RefusedError(
        f"{text[:_SHOWN]!r} is no label date: it is written as 2026-01-31",
        code="NL-H002",
        kept="everything",
        advice="give the date as YYYY-MM-DD",
    )


def run_name(text: str) -> str:
    """Hold the name of a run against what may stand in a key.

    Raises:
        RefusedError: ``NL-H002``, it has other characters, or is too long.
    """
    if _RUN.fullmatch(text):
        return text
    raise RefusedError(
        f"{text[:_SHOWN]!r} cannot name a run: letters, digits, - and _ only, 120 at most",
        code="NL-H002",
        kept="everything",
        advice="choose another name for the run",
    )


def inbox(usecase: str, date: str) -> str:
    """Give the prefix of a partition's inputs, without a trailing slash."""
    return f"{usecase}/inbox/date={label_date(date)}"


def labels(usecase: str) -> str:
    """Give the root of the labels table."""
    return f"{usecase}/labels"


def nights(usecase: str, date: str) -> str:
    """Give the folder of all nights of one date."""
    return f"{usecase}/nights/{label_date(date)}"


def night(usecase: str, date: str, run: str) -> str:
    """Give the folder of one night."""
    return f"{nights(usecase, date)}/{run_name(run)}"


def data_file(date: str, outcome: str, name: str) -> str:
    """Give the path of a data file below the table's root."""
    return f"date={date}/outcome={outcome}/{name}.parquet"


def printable(text: str, longest: int = 200) -> str:
    """Escape what a terminal or a log could obey, and cut.

    Args:
        text: Anything that came from outside.
        longest: Characters that are kept.
    """
    escaped = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return escaped if len(escaped) <= longest else f"{escaped[: longest - 1]}…"
