"""The demo's data: a labelled file for the experiment, and the inbox of the nights."""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo.place import DemoError
from nightlabel.errors import RefusedError
from nightlabel.store import Store
from nightlabel.usecases.card_spending import lookalike

USECASE = "card_spending"
RECORDS = 4_000
SEED = 7
NIGHT_RECORDS = 500
"""Records of the demo's night: enough for a drift test, which a day of a dozen records is not."""
_UNDATED = date(1, 1, 1)
_ADVICE = "set DATA to a labelled card file, or leave it out"


@dataclass(frozen=True, slots=True)
class Cards:
    """A labelled card file.

    Attributes:
        key: Where it goes in the lake.
        payload: Its bytes.
        nights: Its records without labels, as files of the inbox by key: one per account and day.
        origin: Where it comes from, for people.
    """

    key: str
    payload: bytes
    nights: dict[str, bytes]
    origin: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """What lies in the lake.

    Attributes:
        data: Key of the labelled file.
        night: The partition to label, ISO date.
        records: Lines of that partition.
        files: Files of that partition.
        days: Days that were delivered late, with that partition.
        origin: Where the data comes from, for people.
    """

    data: str
    night: str
    records: int
    files: int
    days: int
    origin: str


def read(path: Path | None) -> Cards:
    """Read a labelled card file, before anything is started for it.

    Args:
        path: The file; nothing makes a look-alike.

    Raises:
        DemoError: There is no such file, or it is no card file.
    """
    payload = _payload(path)
    try:
        nights = lookalike.inbox(payload, undated=_UNDATED)
    except RefusedError as error:
        raise DemoError(f"{path} is no labelled card file: {error.sentence}; {_ADVICE}") from None
    if not any(_dated(name) for name in nights):
        raise DemoError(f"{path} holds no line with a date, so there is nothing to label; {_ADVICE}")
    name = re.sub(r"[^A-Za-z0-9._-]", "-", path.name) if path else "cards.csv"
    return Cards(f"{USECASE}/data/{name}", payload, nights, str(path or f"look-alike data, seed {SEED}"))


def deliver(lake: Store, cards: Cards) -> Delivered:
    """Put a labelled file and its nights into the lake; what is there already stays untouched.

    The newest days come in one late delivery, so that the night has enough records to test drift; all days
    before lie in their own partitions, for nights and backfills of your own.
    """
    _put(lake, cards.key, cards.payload)
    days = sorted({_day(name) for name in cards.nights if _dated(name)})
    late = _late(cards.nights, days)
    for name, content in cards.nights.items():
        _put(lake, f"{USECASE}/inbox/{_partition(name, days[-1], late)}", content)
    night = [content for name, content in cards.nights.items() if _day(name) in late]
    return Delivered(cards.key, days[-1], sum(map(_lines, night)), len(night), len(late), cards.origin)


def _payload(path: Path | None) -> bytes:
    if path is None:
        return lookalike.make(RECORDS, SEED)
    try:
        return path.read_bytes()
    except OSError as error:
        raise DemoError(f"{path} cannot be read: {error.strerror}; {_ADVICE}") from None


def _late(files: dict[str, bytes], days: list[str]) -> set[str]:
    """Choose the newest days that make up the night, and the lines without a day."""
    lines = dict.fromkeys(days, 0)
    for name, content in files.items():
        if _day(name) in lines:
            lines[_day(name)] += _lines(content)
    chosen, records = {_UNDATED.isoformat()}, 0
    for day in reversed(days):
        if records >= NIGHT_RECORDS:
            break
        chosen.add(day)
        records += lines[day]
    return chosen


def _partition(name: str, night: str, late: set[str]) -> str:
    folder, _, file = name.partition("/")
    day = folder.removeprefix("date=")
    if day not in late or day == night:
        return name
    return f"date={night}/{file if day == _UNDATED.isoformat() else f'{day}-{file}'}"


def _dated(name: str) -> bool:
    return _day(name) != _UNDATED.isoformat()


def _day(name: str) -> str:
    return name.partition("/")[0].removeprefix("date=")


def _lines(content: bytes) -> int:
    return content.count(b"\n") - 1


def _put(lake: Store, key: str, content: bytes) -> None:
    if lake.head(key) is None or lake.get(key) != content:
        lake.put(key, content)
