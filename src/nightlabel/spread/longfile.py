"""Cuts a long file of declared text into parts that are independent, in two passes.

The first pass looks: a foreign byte anywhere refuses the whole file, and the records of a part are numbered
on from those of the parts before. A part owns the lines that begin in it.
"""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from nightlabel import catalog
from nightlabel.contract.delimited import MARK, MAX_LINE, Delimited
from nightlabel.errors import QuarantineError
from nightlabel.settings import Settings
from nightlabel.validate import Source

LOOKED = "looked string"
"""Columns of what a look answers."""


@dataclass(frozen=True, slots=True)
class Part:
    """A file, or a part of one.

    Attributes:
        source: The file.
        start: Position of the first byte.
        end: Position after the last one.
        version: MD5 of the whole file where this is a part of one; else empty.
        header: The header line where it stands in an earlier part, base 64.
        first: Ordinal of the part's first record.
        fault: Code and sentence of why the file cannot be split into records, where that is known.
    """

    source: Source
    start: int
    end: int
    version: str = ""
    header: str = ""
    first: int = 0
    fault: tuple[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, told: dict[str, Any]) -> "Part":
        return cls(Source(**told.pop("source")), **told)

    def payload(self, place: Settings) -> bytes:
        """Read the lines of the part, below the file's header."""
        _, lines = lines_of(self.source, place, self.start, self.end)
        return base64.b64decode(self.header) + b"\r\n" + lines if self.header else lines


def cut(source: Source, size: int) -> list[Part]:
    """Cut a file into parts of so many bytes."""
    return [Part(source, at, min(at + size, source.size)) for at in range(0, source.size, size)]


def lines_of(source: Source, place: Settings, start: int, end: int) -> tuple[int, bytes]:
    """Read the lines that begin between two positions, each whole; give the position of the first one too."""
    before = 1 if start else 0
    body = source.read(place, (start - before, end))
    begin = body.find(b"\n", 0, len(body) - 1) + 1 if before else 0
    if before and not begin:
        return start, b""
    rest = [body[begin:]]
    while end < source.size and not rest[-1].endswith(b"\n"):
        more = source.read(place, (end, min(end + MAX_LINE, source.size)))
        rest.append(more[: more.index(b"\n") + 1] if b"\n" in more else more)
        end += len(more)
    return start - before + begin, b"".join(rest)


def look(usecase: str, place: Settings, task: str) -> Iterator[dict[str, str]]:
    """Look at parts, and name whole files by their content; runs on an executor."""
    text: Delimited = getattr(catalog.load(usecase, place.usecases).schema, "TEXT")  # noqa: B009 - optional
    for part in map(Part.from_json, json.loads(task)):
        looked = {"version": part.source.digest(place)} if part.version else _look(part, text, place)
        yield {"looked": json.dumps(looked)}


def looks(source: Source, size: int) -> list[Part]:
    """Give what ``look`` has to look at of one file: its parts, then the whole for its name by content."""
    return [*cut(source, size), Part(source, 0, source.size, version="?")]


def _look(part: Part, text: Delimited, place: Settings) -> dict[str, Any]:
    begin, lines = lines_of(part.source, place, part.start, part.end)
    if part.start == 0 and lines.startswith(MARK):
        begin, lines = len(MARK), lines[len(MARK) :]
    written = [line.removesuffix(b"\r") for line in lines.split(b"\n") if line.strip()]
    foreign = {"outside": text.outside(lines), "misplaced": text.misplaced_in(lines)}
    found = {name: None if at is None else (begin + at, lines[at]) for name, at in foreign.items()}
    header = base64.b64encode(written[0]).decode() if written else ""
    return {**found, "lines": len(written), "header": header}


def numbered(source: Source, size: int, looked: Sequence[str], text: Delimited) -> list[Part]:
    """Give the parts that hold records, from what the looks at a file said.

    Raises:
        QuarantineError: As ``Delimited.read``, with the file's MD5 among the facts.
    """
    *told, named = map(json.loads, looked)
    version = named["version"]
    _require_sound(told, text, version)
    parts, header, first = list[Part](), "", 0
    for part, said in zip(cut(source, size), told, strict=True):
        if said["lines"] or part.start == 0:
            parts.append(Part(source, part.start, part.end, version, header, first))
        if said["lines"]:
            first += said["lines"] - (0 if header else 1)
            header = header or said["header"]
    return parts


def _require_sound(told: list[dict[str, Any]], text: Delimited, version: str) -> None:
    header = next((said["header"] for said in told if said["header"]), "")
    try:
        for kind in ("outside", "misplaced"):
            if found := next((said[kind] for said in told if said[kind]), None):
                raise text.undecodable(*found)
        if header:
            text.header(base64.b64decode(header), labelled=True)
    except QuarantineError as fault:
        fault.facts["version"] = version
        raise
