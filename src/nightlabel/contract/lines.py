"""Where the lines of many joined files begin and end, found by array."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_NEWLINE, _RETURN = 10, 13

Positions = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the lines of joined files are.

    Attributes:
        start: Position of the first byte, shape (lines,).
        end: Position of the line feed.
        file: Position of the file.
        row: Ordinal in the file.
        separators: Number of separators.
        returns: Number of carriage returns before the one of the line's end.
        size: Bytes without the line's end.
    """

    start: Positions
    end: Positions
    file: Positions
    row: Positions
    separators: Positions
    returns: Positions
    size: Positions

    def odd(self, fields: int, longest: int) -> NDArray[np.bool_]:
        """Mark the lines that are not plainly a record of so many fields, of so many bytes at most."""
        found: NDArray[np.bool_] = self.separators != fields - 1
        found |= (self.returns > 0) | (self.size > longest)
        return found | (self.size == 0) if fields == 1 else found

    def numbered(self, records: NDArray[np.bool_]) -> "Lines":
        """Give each line its ordinal among the records of its file."""
        before: Positions = np.cumsum(records) - records
        first = np.searchsorted(self.file, self.file)
        return replace(self, row=before - before[first])

    def only(self, kept: NDArray[np.bool_]) -> "Lines":
        """Give some of the lines."""
        return Lines(*(getattr(self, name)[kept] for name in Lines.__slots__))

    def cut(self, body: bytes) -> bytes:
        """Give the bytes of the lines."""
        if not len(self.start):
            return b""
        breaks = np.flatnonzero(self.start[1:] != self.end[:-1] + 1)
        firsts = self.start[np.concatenate([[0], breaks + 1])].tolist()
        lasts = self.end[np.concatenate([breaks, [len(self.end) - 1]])].tolist()
        return b"".join(body[first : last + 1] for first, last in zip(firsts, lasts, strict=True))


def bodies(payloads: Sequence[bytes], files: Sequence[int], header: int) -> tuple[bytes, Positions]:
    """Join what follows the headers, each file ending with a line feed; give the sizes too."""
    bodies = [payloads[file][header:] for file in files]
    if not all(body.endswith(b"\n") for body in bodies if body):
        bodies = [body if not body or body.endswith(b"\n") else body + b"\n" for body in bodies]
    return b"".join(bodies), np.fromiter(map(len, bodies), np.int64, len(bodies))


def find(body: bytes, sizes: Positions, separator: bytes) -> Lines:
    """Find the lines of joined files.

    Args:
        body: The files, each ending with a line feed.
        sizes: Bytes of each file, shape (files,).
        separator: What stands between two fields, one byte.
    """
    found = np.frombuffer(body, np.uint8)
    end = np.flatnonzero(found == _NEWLINE)
    start = np.concatenate([[0], end[:-1] + 1]) if len(end) else end
    last = np.searchsorted(end, np.cumsum(sizes))
    lines = np.diff(last, prepend=0)
    tail = (end > start) & (found[end - 1] == _RETURN)
    return Lines(
        start=start,
        end=end,
        file=np.repeat(np.arange(len(sizes)), lines),
        row=np.arange(len(end)) - np.repeat(last - lines, lines),
        separators=_counted(found == separator[0], end),
        returns=_counted(found == _RETURN, end) - tail if b"\r" in body else np.zeros(len(end), np.int64),
        size=end - start - tail,
    )


def _counted(marked: NDArray[np.bool_], end: Positions) -> Positions:
    return np.diff(np.searchsorted(np.flatnonzero(marked), end), prepend=0)
