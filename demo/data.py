"""The demo's data: a labelled file for the experiment, and the inbox of the nights."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from demo.place import DemoError
from nightlabel.store import Store
from nightlabel.usecases.card_spending import lookalike

USECASE = "card_spending"
RECORDS = 4_000
SEED = 7
NIGHT_RECORDS = 500
"""Records of the demo's night: enough for a drift test, which a day of a dozen records is not."""
_UNDATED = date(1, 1, 1)


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


def deliver(lake: Store, path: Path | None) -> Delivered:
    """Put the labelled file and its nights into the lake; what is there already stays untouched.

    The newest days come in one late delivery, so that the night has enough records to test drift; all days
    before lie in their own partitions, for nights and backfills of your own.

    Args:
        lake: The lake.
        path: A labelled card file; nothing makes a look-alike.

    Raises:
        DemoError: There is no such file.
    """
    payload = _payload(path)
    key = f"{USECASE}/data/{path.name if path else 'cards.csv'}"
    _put(lake, key, payload)
    files = lookalike.inbox(payload, undated=_UNDATED)
    days = sorted({_day(name) for name in files} - {_UNDATED.isoformat()})
    if not days:
        raise DemoError(f"{path} holds no line with a date: nothing to label")
    late = _late(files, days)
    for name, content in files.items():
        _put(lake, f"{USECASE}/inbox/{_partition(name, days[-1], late)}", content)
    night = {name: content for name, content in files.items() if _day(name) in late}
    origin = str(path) if path else f"look-alike data, seed {SEED}"
    return Delivered(key, days[-1], sum(map(_lines, night.values())), len(night), len(late), origin)


def _payload(path: Path | None) -> bytes:
    if path is None:
        return lookalike.make(RECORDS, SEED)
    if not path.is_file():
        raise DemoError(f"there is no file {path}: set DATA to a labelled card file, or leave it out")
    return path.read_bytes()


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


def _day(name: str) -> str:
    return name.partition("/")[0].removeprefix("date=")


def _lines(content: bytes) -> int:
    return content.count(b"\n") - 1


def _put(lake: Store, key: str, content: bytes) -> None:
    if lake.head(key) is None or lake.get(key) != content:
        lake.put(key, content)
