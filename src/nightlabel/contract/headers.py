"""Knows the header lines of files: most files have the same one, which is parsed once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nightlabel.errors import QuarantineError

if TYPE_CHECKING:
    from nightlabel.contract.delimited import Delimited


@dataclass(frozen=True, slots=True)
class Header:
    """A header line: its names, and its length in bytes with the line end."""

    names: tuple[str, ...]
    size: int


class Headers:
    """Knows each header line that it has seen; most files have the same one."""

    def __init__(self, text: "Delimited", *, labelled: bool) -> None:
        self._text, self._labelled = text, labelled
        self._known = dict[bytes, Header | None]()

    def sort(
        self, payloads: Sequence[bytes], *, decodable: bool
    ) -> tuple[list[tuple[Header, list[int]]], list[int]]:
        """Give the files of each header line, and the odd files, by position.

        Args:
            payloads: The bytes of each file.
            decodable: No file has a foreign byte, so that none has to be searched for one.
        """
        taken, odd = dict[bytes, list[int]](), list[int]()
        last: bytes | tuple[()] = ()  # no payload starts with it
        files = list[int]()
        for at, payload in enumerate(payloads):
            if payload.startswith(last) and (decodable or self._text.foreign(payload) is None):
                files.append(at)
                continue
            line = payload[: payload.find(b"\n") + 1]
            if (decodable or self._text.foreign(payload) is None) and self._of(line) is not None:
                last, files = line, taken.setdefault(line, [])
                files.append(at)
            else:
                odd.append(at)
        return [(header, files) for line, files in taken.items() if (header := self._known[line])], odd

    def _of(self, line: bytes) -> Header | None:
        if line not in self._known:
            self._known[line] = self._parsed(line)
        return self._known[line]

    def _parsed(self, line: bytes) -> Header | None:
        text = line.removesuffix(b"\n").removesuffix(b"\r")
        if not text.strip():
            return None
        try:
            return Header(tuple(self._text.header(text, labelled=self._labelled)), len(line))
        except QuarantineError:
            return None
