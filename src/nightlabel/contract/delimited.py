"""Delimited text without quoting: one header line, one record a line. Exactly as declared, never guessed.

A file is read in two ways that give the same records and faults: ``read`` takes one file and is plain, and
``split`` takes thousands at once by column, and hands whatever is odd to the plain way.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from nightlabel.contract import lines
from nightlabel.contract.headers import Header, Headers
from nightlabel.contract.lines import Lines
from nightlabel.contract.reading import Fault, Reading, Texts
from nightlabel.errors import QuarantineError

MAX_LINE = 64 * 1024
"""Longest line that is read, in bytes."""

MARK = b"\xef\xbb\xbf"
"""A byte order mark before the header, which says nothing in an encoding of single bytes."""

_SHOWN = 40  # characters of an offending value
_NAMED = 20  # columns in a message
_CHUNK = 65_536  # lines that are split at once, which bounds the memory of a large file
_TEXT = pd.StringDtype(na_value=float("nan"))


@dataclass(frozen=True)
class Delimited:
    """A declared format of lines and fields.

    A line that is empty or blank holds no record and is not counted; every other line after the header is
    one. Lines end with LF or CRLF; the header's names may stand in any order, and have blanks around them.

    Attributes:
        columns: Names of all columns, the label last; the others are required.
        encoding: Name of the encoding; every character is one byte.
        alphabet: The bytes that the format knows.
        separator: What stands between two fields, one byte.
        misplaced: Bytes of the alphabet where no text of this encoding has them; looks at most at one byte
            on each side.
    """

    columns: tuple[str, ...]
    encoding: str
    alphabet: bytes
    separator: bytes = b";"
    misplaced: re.Pattern[bytes] | None = None
    _outside: re.Pattern[bytes] = field(init=False)

    def __post_init__(self) -> None:
        inside = b"".join(re.escape(self.alphabet[i : i + 1]) for i in range(len(self.alphabet)))
        object.__setattr__(self, "_outside", re.compile(b"[^" + inside + b"]"))

    def read(self, payload: bytes, *, labelled: bool) -> Reading:
        """Split one file into text records.

        Args:
            payload: The bytes of the file, in the declared format.
            labelled: The label's column is required; else it is left out as an extra column.

        Returns:
            One row per line that has as many fields as the header; blank lines are no records. An empty
            file, one of blanks, and one that is a header only have none.

        Raises:
            QuarantineError: ``NL-A001`` the bytes are not in the declared encoding, ``NL-A004`` the header
                misses or repeats columns, ``NL-A008`` the header is too long.
        """
        marked = len(MARK) if payload.startswith(MARK) else 0
        payload = payload[marked:]
        if (at := self.foreign(payload)) is not None:
            raise self.undecodable(marked + at, payload[at])
        written = [line.removesuffix(b"\r") for line in payload.split(b"\n") if line.strip()]
        wanted = self._wanted(labelled=labelled)
        if not written:
            return Reading(self._frame([], wanted, wanted))
        header, records = self.header(written[0], labelled=labelled), written[1:]
        faults = {row: f for row, line in enumerate(records) if (f := self._fault(row, line, len(header)))}
        good = [line for row, line in enumerate(records) if row not in faults] if faults else records
        frame = self._frame(good, header, wanted)
        if faults:
            frame.index = pd.Index([row for row in range(len(records)) if row not in faults], dtype="int64")
        return Reading(frame, tuple(faults.values()), self._extra(header, wanted))

    def split(self, payloads: Sequence[bytes], *, labelled: bool) -> Texts:
        """Split many files at once.

        Args:
            payloads: The bytes of each file.
            labelled: As in ``read``.

        Returns:
            The records of all files whose header is sound and whose bytes are in the declared encoding, in
            the order of ``payloads``; of the other files their positions, which ``read`` answers for.
        """
        headers = Headers(self, labelled=labelled)
        taken, odd = headers.sort(payloads, decodable=self._decodable(payloads))
        parts = [self._records(header, payloads, files, labelled=labelled) for header, files in taken]
        return _joined(parts, odd) if parts else self._nothing(odd, labelled=labelled)

    def foreign(self, payload: bytes) -> int | None:
        """Give the position of the first byte that is no character of this format, if there is one."""
        outside = self.outside(payload)
        return self.misplaced_in(payload) if outside is None else outside

    def outside(self, payload: bytes) -> int | None:
        """Give the position of the first byte that is not in the alphabet."""
        if not payload.translate(None, self.alphabet):
            return None
        found = self._outside.search(payload)
        return found.start() if found else None

    def misplaced_in(self, payload: bytes) -> int | None:
        """Give the position of the first byte that stands where no text of the encoding has it."""
        found = self.misplaced.search(payload) if self.misplaced else None
        return found.start() if found else None

    def undecodable(self, at: int, byte: int) -> QuarantineError:
        """Give the fault of a file with a foreign byte at a position."""
        return QuarantineError(
            f"cannot decode as {self.encoding} at byte {at}: "
            f"0x{byte:02X} is no character of this format there",
            code="NL-A001",
            kept="the file as it is; none of its records is labelled, the other files go on",
            advice=f"export the file again in {self.encoding}, under a new key or over this one",
            byte=at,
        )

    def header(self, line: bytes, *, labelled: bool) -> list[str]:
        """Give the names of the columns.

        Raises:
            QuarantineError: As in ``read``.
        """
        wanted = self._wanted(labelled=labelled)
        if len(line) > MAX_LINE:
            raise self.long_header(len(line))
        header = [name.strip(" ") for name in line.decode(self.encoding).split(self.separator.decode())]
        found = ", ".join(shown(name)[1:-1] for name in header[:_NAMED])
        if missing := [name for name in wanted if name not in header]:
            raise self._refusal(f"the header misses [{', '.join(missing)}]; found [{found}]", missing=missing)
        if len(set(header)) < len(header):
            raise self._refusal(f"the header repeats a column; found [{found}]")
        return header

    def long_header(self, length: int) -> QuarantineError:
        """Give the fault of a file whose header has so many bytes."""
        return self._refusal(f"the header is {length} bytes long, over {MAX_LINE}", code="NL-A008")

    def long_line(self, row: int, length: int) -> Fault:
        """Give the fault of a line of so many bytes."""
        return Fault(row, "NL-A008", f"the line is {length} bytes long, over {MAX_LINE}")

    def _wanted(self, *, labelled: bool) -> list[str]:
        return list(self.columns if labelled else self.columns[:-1])

    def _extra(self, header: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
        return tuple(shown(name)[1:-1] for name in header if name not in wanted)

    def _refusal(self, sentence: str, *, code: str = "NL-A004", **facts: Any) -> QuarantineError:
        line = self.separator.decode().join(self.columns[:-1])
        return QuarantineError(
            sentence,
            code=code,
            kept="the file as it is; none of its records is labelled, the other files go on",
            advice=f"correct the header line: {line}, in any order",
            **facts,
        )

    def _fault(self, row: int, line: bytes, fields: int) -> Fault | None:
        if len(line) > MAX_LINE:
            return self.long_line(row, len(line))
        if (found := line.count(self.separator) + 1) != fields:
            return Fault(row, "NL-A005", f"the line has {found} fields, the header {fields}")
        if b"\r" in line:
            return Fault(row, "NL-A005", "the line has a carriage return inside")
        return None

    def _frame(self, records: list[bytes], header: list[str], wanted: list[str]) -> pd.DataFrame:
        chunks: dict[str, list[pa.Array]] = {name: [] for name in wanted}
        between = self.separator.decode()
        for start in range(0, len(records), _CHUNK):
            cells = self.separator.join(records[start : start + _CHUNK]).decode(self.encoding).split(between)
            for name in wanted:
                chunks[name].append(pa.array(cells[header.index(name) :: len(header)], pa.large_string()))
        columns = {name: pa.chunked_array(parts, pa.large_string()) for name, parts in chunks.items()}
        texts = {name: pd.array(column, dtype=_TEXT) for name, column in columns.items()}
        return pd.DataFrame(texts, copy=False)

    def _decodable(self, payloads: Sequence[bytes]) -> bool:
        together = b"\n".join(payloads)  # no pattern spans a line end, so files cannot disturb each other
        return self.foreign(together) is None

    def _nothing(self, odd: Sequence[int], *, labelled: bool) -> Texts:
        none = np.zeros(0, np.int64)
        return Texts(_schema(self._wanted(labelled=labelled)).empty_table(), none, none, odd=tuple(odd))

    def _records(
        self, header: Header, payloads: Sequence[bytes], files: Sequence[int], *, labelled: bool
    ) -> Texts:
        body, sizes = lines.bodies(payloads, files, header.size)
        found, faults = lines.find(body, sizes, self.separator), list[tuple[int, Fault]]()
        if (odd := found.odd(len(header.names), MAX_LINE)).any():
            found, faults = self._kept(found, body, odd, len(header.names))
            body = found.cut(body)
        wanted, owners = self._wanted(labelled=labelled), np.asarray(files, np.int64)
        return Texts(
            self._parsed(body, header.names, wanted),
            owners[found.file],
            found.row,
            tuple((int(owners[file]), fault) for file, fault in faults),
            dict.fromkeys(self._extra(header.names, wanted), len(files)),
        )

    def _kept(
        self, found: Lines, body: bytes, odd: NDArray[np.bool_], fields: int
    ) -> tuple[Lines, list[tuple[int, Fault]]]:
        """Take out the blank lines, which are no records, and the faulty ones, which keep their ordinals."""
        places = np.flatnonzero(odd).tolist()
        texts = {at: body[found.start[at] : found.end[at]] for at in places}
        blank, bad = np.zeros((2, len(odd)), np.bool_)
        blank[[at for at, text in texts.items() if not text.strip()]] = True
        found = found.numbered(~blank)
        faults = list[tuple[int, Fault]]()
        for at in np.flatnonzero(odd & ~blank).tolist():
            if fault := self._fault(int(found.row[at]), texts[at].removesuffix(b"\r"), fields):
                faults.append((int(found.file[at]), fault))
                bad[at] = True
        return found.only(~(blank | bad)), faults

    def _parsed(self, body: bytes, names: Sequence[str], wanted: list[str]) -> pa.Table:
        schema = _schema(wanted)
        if not body:
            return schema.empty_table()
        if not body.isascii():
            body = body.decode(self.encoding).encode()
        return csv.read_csv(
            pa.py_buffer(body),
            csv.ReadOptions(use_threads=False, block_size=len(body) + 1, column_names=names),
            csv.ParseOptions(
                delimiter=self.separator.decode(),
                quote_char=False,
                double_quote=False,
                escape_char=False,
                ignore_empty_lines=False,
            ),
            csv.ConvertOptions(
                check_utf8=False,
                include_columns=wanted,
                column_types=schema,
                null_values=[],
                strings_can_be_null=False,
            ),
        )


def shown(value: str) -> str:
    """Quote an offending value for a message, escaped and cut."""
    return repr(value[:_SHOWN]) + ("…" if len(value) > _SHOWN else "")


def _schema(names: Sequence[str]) -> pa.Schema:
    return pa.schema([(name, pa.dictionary(pa.int32(), pa.string())) for name in names])


def _joined(parts: Sequence[Texts], odd: Sequence[int]) -> Texts:
    if len(parts) == 1:
        (only,) = parts
        return replace(only, odd=tuple(odd))
    file, row = np.concatenate([p.file for p in parts]), np.concatenate([p.row for p in parts])
    order = np.argsort(file, kind="stable")
    table = pa.concat_tables(p.table for p in parts).unify_dictionaries().combine_chunks()
    extra = Counter[str]()
    for part in parts:
        extra.update(part.extra_columns)
    faults = tuple(fault for p in parts for fault in p.faults)
    return Texts(table.take(order), file[order], row[order], faults, extra, tuple(odd))
