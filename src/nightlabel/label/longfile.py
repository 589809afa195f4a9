"""Works through a file that is too long to be held, part by part, in two passes.

The first pass looks: a foreign byte anywhere sends the whole file to quarantine, and no record of it may have
been labelled before. The second pass takes the records, cut at line ends.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from nightlabel.contract import Texts
from nightlabel.contract.delimited import MARK, MAX_LINE, Delimited
from nightlabel.errors import QuarantineError
from nightlabel.label.inputs import Input
from nightlabel.label.papers import damaged

Memory = dict[str, Any]
"""What an encoder remembers of the earlier parts of one file."""

_EDGE = 2  # bytes of the part before that the search for misplaced bytes looks at again
_STUMP = MAX_LINE + 2  # bytes that are kept of a line that is too long


class LongFile:
    """One long file of declared text: ``look`` at all of its parts in order, then ``take`` them.

    Attributes:
        file: The file.
        memory: Empty at first; belongs to the encoder.
    """

    def __init__(self, text: Delimited, file: Input) -> None:
        self.file = file
        self.memory: Memory = {}
        self._text = text
        self._begin()

    def _begin(self) -> None:
        self._fault: QuarantineError | None = None
        self._foreign = _Foreign(self._text)
        self._header: bytes | None = None
        self._header_fault: QuarantineError | None = None
        self._lines = _Lines()
        self._began = False
        self._rows = 0

    def look(self, start: int, part: bytes | QuarantineError) -> None:
        """Look at the part that begins at a position; the first one begins anew."""
        if not start:
            self._begin()
        if isinstance(part, QuarantineError):
            self._fault = self._fault or part
        if self._fault or isinstance(part, QuarantineError):
            return
        end = start + len(part)
        last, part = end == self.file.size, _unmarked(start, part)
        self._foreign.search(end - len(part), part)
        if self._header is None:
            self._find_header(part, last=last)
        if last:
            self._lines = _Lines()
            self._fault = self._foreign.fault() or self._header_fault

    def take(self, start: int, part: bytes | QuarantineError) -> Texts | QuarantineError | None:
        """Take the records of the part that begins at a position.

        Returns:
            The records; of a faulty file its fault with the first part, and nothing with the others.

        Raises:
            UnavailableError: ``NL-B007``, the file changed since it was looked at.
        """
        if self._fault:
            return None if start else self._fault
        if isinstance(part, QuarantineError):
            raise damaged(self.file.source, "it changed while it was read")
        last = start + len(part) == self.file.size
        lines, length = self._lines.feed(_unmarked(start, part), last=last)
        if not self._began:
            lines, length = self._after_header(lines), 0
        texts = self._records(lines, length)
        return replace(texts, extra_columns=self._extra_columns() if last else {})

    def _find_header(self, part: bytes, *, last: bool) -> None:
        lines, length = self._lines.feed(part, last=last)
        for line in lines.split(b"\n"):
            if line.strip():
                self._header = line.removesuffix(b"\r")
                self._header_fault = self._faulty_header(length)
                return
            length = 0

    def _faulty_header(self, length: int) -> QuarantineError | None:
        if length > MAX_LINE:
            return self._text.long_header(length)
        try:
            self._text.header(self._header or b"", labelled=False)
        except QuarantineError as fault:
            return fault
        return None

    def _after_header(self, lines: bytes) -> bytes:
        blank = len(lines) - len(lines.lstrip())
        self._began = blank < len(lines)
        return lines[blank:].partition(b"\n")[2]

    def _records(self, lines: bytes, length: int) -> Texts:
        if self._header is None or not lines:
            return self._text.split([], labelled=False)
        texts = self._split(lines)
        faults = [(0, replace(f, row=(f.row or 0) + self._rows)) for _, f in texts.faults]
        is_record = length > MAX_LINE and lines.partition(b"\n")[0].strip()
        if is_record and faults and faults[0][1].row == self._rows:
            faults[0] = (0, self._text.long_line(self._rows, length))
        row = texts.row + self._rows
        self._rows += len(texts.row) + len(faults)
        return replace(texts, row=row, faults=tuple(faults))

    def _extra_columns(self) -> Mapping[str, int]:
        return {} if self._header is None else self._split(b"").extra_columns

    def _split(self, lines: bytes) -> Texts:
        """Split lines below the header, which ends with CR LF: of two CRs one would be taken for its end.

        Raises:
            UnavailableError: ``NL-B007``, they are no such lines, though they were when they were looked at.
        """
        texts = self._text.split([(self._header or b"") + b"\r\n" + lines], labelled=False)
        if texts.odd:
            raise damaged(self.file.source, "it was sound when it was looked at, and is not")
        return texts


class _Foreign:
    """Finds the first byte of a file that is no character of its format."""

    def __init__(self, text: Delimited) -> None:
        self._text = text
        self._outside: tuple[int, int] | None = None
        self._misplaced: tuple[int, int] | None = None
        self._edge = b""

    def search(self, start: int, part: bytes) -> None:
        if self._outside is None and (at := self._text.outside(part)) is not None:
            self._outside = start + at, part[at]
        if self._misplaced is None:
            window = self._edge + part
            if (at := self._text.misplaced_in(window)) is not None:
                self._misplaced = start - len(self._edge) + at, window[at]
        self._edge = part[-_EDGE:]

    def fault(self) -> QuarantineError | None:
        found = self._outside or self._misplaced
        return self._text.undecodable(*found) if found else None


class _Lines:
    """Cuts parts at line ends; of a line that is too long it keeps a stump, and its length."""

    def __init__(self) -> None:
        self._kept = b""
        self._length = 0
        self._said_something = False
        self._ending = b""

    def feed(self, part: bytes, *, last: bool) -> tuple[bytes, int]:
        """Give the lines that end in a part, and the length of the first of them if it is a stump."""
        cut = len(part) if last else part.rfind(b"\n") + 1
        if not cut:
            self._keep(part)
            return b"", 0
        first = part.find(b"\n")
        first = cut if first < 0 else first
        self._keep(part[:first])
        head, length = self._stump()
        self._kept, self._length, self._said_something, self._ending = b"", 0, False, b""
        lines = head + part[first:cut]
        if cut < len(part):
            self._keep(part[cut:])
        return lines, length

    def _keep(self, part: bytes) -> None:
        together = self._kept + part[: max(0, _STUMP - len(self._kept))]
        dropped = part[len(together) - len(self._kept) :]
        self._said_something |= bool(dropped.strip())
        self._kept, self._length = together, self._length + len(part)
        self._ending = part[-1:] or self._ending

    def _stump(self) -> tuple[bytes, int]:
        if self._length <= _STUMP:
            return self._kept, 0
        if self._said_something and not self._kept.strip():
            self._kept = self._kept[:-1] + b"x"  # the line is not blank, only its beginning is
        return self._kept, self._length - (self._ending == b"\r")


def _unmarked(start: int, part: bytes) -> bytes:
    return part if start else part.removeprefix(MARK)
