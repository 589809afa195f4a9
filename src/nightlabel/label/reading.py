"""From pinned files to batches of records: read ahead, split, validated; what cannot be is a fault.

Files of a declared text format are split and validated thousands at a time, by column. Whatever is odd, and
every file of another format, is read and validated by itself: slower, and obviously right.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from nightlabel import log, validate
from nightlabel.contract import Fault, Reading, Texts, UseCase
from nightlabel.contract.delimited import Delimited
from nightlabel.errors import NightlabelError, QuarantineError, RefusedError
from nightlabel.label import dense
from nightlabel.label.again import Again
from nightlabel.label.batch import Batch
from nightlabel.label.fetch import fetch
from nightlabel.label.inputs import Input
from nightlabel.label.longfile import LongFile
from nightlabel.label.requests import Answer, Request
from nightlabel.label.stages import Stages
from nightlabel.label.tally import WHOLE_FILE, Ordinals
from nightlabel.label.together import Together, together
from nightlabel.store import Store

BATCH_FILES = 2048
"""Files that are read, validated and labelled together, at most."""

BATCH_BYTES = 2 * 1024 * 1024
"""Bytes of small files that are read, validated and labelled together."""

_NAMED = 50  # unknown columns of one file that are counted by name


def batches(
    usecase: UseCase,
    lake: Store,
    files: Iterable[Input],
    *,
    batch_files: int = BATCH_FILES,
    batch_bytes: int = BATCH_BYTES,
    stages: Stages | None = None,
) -> Iterator[Batch]:
    """Read files in their order, and join them into batches.

    Args:
        usecase: Whose schema reads the files.
        lake: The lake.
        files: The pinned files; each is read in its pinned version or not at all.
        batch_files: Files of one batch, at most.
        batch_bytes: Bytes of one batch of small files; a much longer file of declared text is cut.
        stages: Is told the processor time of parsing and validating.

    Yields:
        Whole files, at least one, or a part of one.

    Raises:
        UnavailableError: ``NL-B001`` the store did not answer, ``NL-B007`` the bytes of a file are not those
            of its version.
        RefusedError: ``NL-N006``, the schema does not number the records of a file from 0.
    """
    reader = _Reader(usecase, Again(lake), stages or Stages())
    plan, asked = together(files, reader.text, batch_files, batch_bytes), deque[Together]()

    def requests() -> Iterator[Sequence[Request]]:
        for group in plan:
            asked.append(group)
            yield group.requests

    for answers in fetch(lake, requests()):
        yield from reader.batches(asked.popleft(), answers)


def counts(usecase: UseCase, lake: Store, files: Iterable[Input]) -> Iterator[tuple[Input, int | None]]:
    """Count the records of each file, valid or not; nothing where it cannot be split into records.

    Args:
        usecase: Whose schema reads the files.
        lake: The lake.
        files: The pinned files.

    Raises:
        UnavailableError: The store did not answer.
    """
    before = 0
    for batch in batches(usecase, lake, files):
        position, row = batch.ids
        whole = set(position[row == WHOLE_FILE].tolist())
        found = np.bincount(position, minlength=len(batch.files)).tolist()
        if batch.memory is not None:
            before += found[0]
            found = [before]
        if batch.ended:
            yield from ((file, None if at in whole else found[at]) for at, file in enumerate(batch.files))
            before = 0


def _text(usecase: UseCase) -> Delimited | None:
    """Give the declared format of a use case whose files are delimited text."""
    text: Delimited | None = getattr(usecase.schema, "TEXT", None)
    return text


class _Reader:
    def __init__(self, usecase: UseCase, again: Again, stages: Stages) -> None:
        self._usecase, self._again, self._stages = usecase, again, stages
        self.text = _text(usecase)
        record, columns = usecase.schema.Record, usecase.schema.COLUMNS
        self._schema = pa.schema([columns.field(name) for name in record.model_fields])

    def batches(self, group: Together, answers: Sequence[Answer]) -> Iterator[Batch]:
        """Make batches of the answers of a group; a first look at a long file makes none."""
        if not group.long:
            yield from self._of_files([request.file for request in group.requests], answers)
        elif group.take:
            (request,) = group.requests
            yield from self._of_part(group.long, request, self._again.taken(request, answers[0]))
        else:
            with self._stages.of("parse"):
                self._again.look(group.long, group.requests[0], answers[0])

    def _of_files(self, files: Sequence[Input], answers: Sequence[Answer]) -> Iterator[Batch]:
        if self.text is None or not dense.is_dense(answers):
            yield self._whole_files(files, answers)
            return
        for share in dense.shares(answers):
            if dense.is_dense(answers[share]):
                yield from self._cut(self.text, files[share.start], answers[share.start])
            else:
                yield self._whole_files(files[share], answers[share])

    def _whole_files(self, files: Sequence[Input], answers: Sequence[Answer]) -> Batch:
        return replace(self._joined(files, self._parts(files, answers)), ended=len(files))

    def _cut(self, text: Delimited, file: Input, answer: Answer) -> Iterator[Batch]:
        """Work through a file of many lines as through a long one, though it is here as a whole."""
        long, whole = LongFile(text, file), Request(file, 0, file.size)
        with self._stages.of("parse"):
            for request, piece in dense.pieces(whole, answer):
                long.look(request.start, piece)
        yield from self._of_part(long, whole, answer)

    def _of_part(self, long: LongFile, request: Request, answer: Answer) -> Iterator[Batch]:
        for piece in dense.pieces(request, answer):
            if (batch := self._taken(long, *piece)) is not None:
                yield batch

    def _taken(self, long: LongFile, request: Request, answer: Answer) -> Batch | None:
        with self._stages.of("parse"):
            found = long.take(request.start, answer)
        if found is None:
            return None
        if isinstance(found, QuarantineError):
            return replace(self._joined([long.file], [_whole(0, found.code, found.sentence)]), ended=1)
        batch = self._joined([long.file], self._checked(found))
        return replace(batch, memory=long.memory, ended=int(request.end == long.file.size))

    def _parts(self, files: Sequence[Input], answers: Sequence[Answer]) -> "list[_Part]":
        read = [at for at, answer in enumerate(answers) if isinstance(answer, bytes)]
        parts = [_whole(at, a.code, a.sentence) for at, a in enumerate(answers) if not isinstance(a, bytes)]
        payloads = [answer for answer in answers if isinstance(answer, bytes)]
        if self.text is None:
            return [*parts, *self._one_by_one(files, read, payloads)]
        try:
            with self._stages.of("parse"):
                texts = self.text.split(payloads, labelled=False)
            together = [_moved(part, read) for part in self._checked(texts)]
        except (NightlabelError, OSError, MemoryError):
            raise
        except Exception:  # noqa: BLE001 - what breaks many files at once is found file by file
            log.get("label").exception("reading many files at once failed: each is read by itself")
            return [*parts, *self._one_by_one(files, read, payloads)]
        odd = self._one_by_one(files, [read[i] for i in texts.odd], [payloads[i] for i in texts.odd])
        return [*parts, *together, *odd]

    def _checked(self, texts: Texts) -> "list[_Part]":
        """Validate records by column, and those that do not pass one by one."""
        with self._stages.of("validate"):
            schema = self._usecase.schema
            accepted = validate.accept(texts.table, schema.Record, schema.COLUMNS)
            sound, extra = accepted.sound, Counter(texts.extra_columns)
            if sound.all():
                return [_Part(accepted.table, texts.file, texts.row, texts.faults, extra)]
            table = accepted.table.filter(sound) if len(accepted.table) else accepted.table
            part = _Part(table, texts.file[sound], texts.row[sound], texts.faults, extra)
            return [part, self._suspicious(texts, np.flatnonzero(~sound))]

    def _suspicious(self, texts: Texts, at: Ordinals) -> "_Part":
        frame = validate.typed(texts.table.take(at))
        frame.index = pd.Index(at)
        checked = self._check(Reading(frame))
        kept = checked.frame.index.to_numpy(np.int64)
        faults = ((int(texts.file[f.row]), replace(f, row=int(texts.row[f.row]))) for f in checked.faults)
        return _Part(self._table(checked.frame), texts.file[kept], texts.row[kept], tuple(faults))

    def _one_by_one(
        self, files: Sequence[Input], positions: Sequence[int], payloads: Sequence[bytes]
    ) -> "list[_Part]":
        with self._stages.of("validate"):
            return [self._alone(at, files[at], p) for at, p in zip(positions, payloads, strict=True)]

    def _alone(self, at: int, file: Input, payload: bytes) -> "_Part":
        try:
            reading = self._usecase.schema.read(payload, labelled=False)
            checked = self._check(reading)
        except QuarantineError as fault:
            return _whole(at, fault.code, fault.sentence)
        except (NightlabelError, OSError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - one poisoned file must not keep the others from their labels
            log.get("label").exception("a file broke the reading of its use case", source=file.source)
            return _whole(at, "NL-A000", f"reading this file failed: {type(error).__name__}")
        if whole := [fault for fault in checked.faults if fault.row is None]:
            return _whole(at, whole[0].code, whole[0].detail)
        row = checked.frame.index.to_numpy(np.int64)
        _require_ordinals(file, [*row.tolist(), *(fault.row for fault in checked.faults)])
        faults = tuple((at, fault) for fault in checked.faults)
        extra = Counter(reading.extra_columns[:_NAMED])
        return _Part(self._table(checked.frame), np.full(len(row), at), row, faults, extra)

    def _check(self, reading: Reading) -> validate.Checked:
        return validate.check(reading, self._usecase.schema.Record, self._usecase.schema.COLUMNS)

    def _table(self, frame: pd.DataFrame) -> pa.Table:
        return pa.Table.from_pandas(frame, self._schema, preserve_index=False)

    def _joined(self, files: Sequence[Input], parts: "Sequence[_Part]") -> Batch:
        """Put the records of all parts in the order of files and rows."""
        filled = [part for part in parts if part.table is not None and len(part.table)]
        faults = sorted((f for p in parts for f in p.faults), key=lambda fault: (fault[0], fault[1].row or 0))
        extra = Counter[str]()
        for part in parts:
            extra.update(part.extra_columns)
        if len(filled) == 1 and filled[0].table is not None:
            (only,) = filled
            return Batch(files, only.table, only.file, only.row, tuple(faults), extra)
        file = np.concatenate([np.zeros(0, np.int64), *(part.file for part in filled)])
        row = np.concatenate([np.zeros(0, np.int64), *(part.row for part in filled)])
        order = np.lexsort((row, file))
        tables = [_plain(part.table, self._schema) for part in filled if part.table is not None]
        table = pa.concat_tables([self._schema.empty_table(), *tables]).combine_chunks().take(order)
        return Batch(files, table, file[order], row[order], tuple(faults), extra)


@dataclass(frozen=True, slots=True)
class _Part:
    """Records that were read in one way, with the positions of their files."""

    table: pa.Table | None
    file: Ordinals
    row: Ordinals
    faults: tuple[tuple[int, Fault], ...] = ()
    extra_columns: Counter[str] = field(default_factory=Counter)


def _whole(at: int, code: str, detail: str) -> _Part:
    none = np.zeros(0, np.int64)
    return _Part(None, none, none, ((at, Fault(None, code, detail)),))


def _moved(part: _Part, positions: Sequence[int]) -> _Part:
    """Give a part the positions that its files have among all files of the batch."""
    places = np.asarray(positions, np.int64)
    faults = tuple((int(places[at]), fault) for at, fault in part.faults)
    return replace(part, file=places[part.file], faults=faults)


def _plain(table: pa.Table, schema: pa.Schema) -> pa.Table:
    return table.cast(schema) if table.schema != schema else table


def _require_ordinals(file: Input, rows: Sequence[int | None]) -> None:
    if sorted(row for row in rows if row is not None) != list(range(len(rows))):
        raise RefusedError(
            f"the records of {file.source!r} are not numbered from 0 without gaps",
            code="NL-N006",
            kept="everything; the shard left no receipt",
            advice="correct read() in schema.py: every physical record has its ordinal",
            source=file.source,
        )
