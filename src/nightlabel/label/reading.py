"""From pinned files to batches of records: read ahead, split, validated; what cannot be is a fault."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from nightlabel import log, validate
from nightlabel.contract import Fault, UseCase
from nightlabel.errors import NightlabelError, QuarantineError, RefusedError
from nightlabel.label.inputs import Input
from nightlabel.label.papers import damaged
from nightlabel.label.tally import WHOLE_FILE, Ordinals
from nightlabel.store import Store

BATCH_ROWS = 100_000
"""Records that are labelled at once, unless one file has more: files are never cut."""

WORKERS = 16
"""Reads in flight: a request to an object store waits far longer than it works."""

AHEAD_BYTES = 64 * 1024 * 1024
"""Bytes that are read ahead of the batch in work, unless one file has more."""

_READS = 5  # attempts to read a file whose size is not the listed one
_NAMED = 50  # unknown columns of one file that are counted by name


@dataclass(frozen=True, slots=True)
class FileRecords:
    """One file: each of its records is in ``valid`` or in ``faults``.

    Attributes:
        valid: Typed records; the index is the row ordinal.
        faults: One per record, or a single one with row ``None`` for the whole file.
    """

    file: Input
    valid: pd.DataFrame
    faults: tuple[Fault, ...]
    extra_columns: tuple[str, ...] = ()

    @property
    def rows(self) -> Ordinals:
        """The row ordinals of all records, shape (records,); ``WHOLE_FILE`` for a whole file."""
        faulty = [WHOLE_FILE if f.row is None else f.row for f in self.faults]
        return np.concatenate([self.valid.index.to_numpy(np.int64), np.array(faulty, np.int64)])


def batches(
    usecase: UseCase, lake: Store, files: Sequence[Input], rows: int = BATCH_ROWS
) -> Iterator[list[FileRecords]]:
    """Read files in their order, and join them into batches.

    Args:
        usecase: Whose schema reads the files.
        lake: The lake.
        files: The pinned files; each is read in its pinned version or not at all.
        rows: Records from which a batch is full.

    Yields:
        Whole files, at least one.

    Raises:
        UnavailableError: The store did not answer.
        RefusedError: ``NL-N006``, the schema does not number the records of a file from 0.
    """
    batch: list[FileRecords] = []
    held = 0
    for file, payload in read_ahead(lake, files):
        batch.append(records(usecase, file, payload))
        held += max(1, len(batch[-1].rows))
        if held >= rows:
            yield batch
            batch, held = [], 0
    if batch:
        yield batch


def records(usecase: UseCase, file: Input, payload: bytes | QuarantineError) -> FileRecords:
    """Split one file into valid records and faults; raises as ``batches``."""
    if isinstance(payload, QuarantineError):
        return _whole(file, payload.code, payload.sentence)
    try:
        reading = usecase.schema.read(payload, labelled=False)
        checked = validate.check(reading, usecase.schema.Record, usecase.schema.COLUMNS)
    except QuarantineError as fault:
        return _whole(file, fault.code, fault.sentence)
    except (NightlabelError, OSError, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001 - one poisoned file must not keep the others from their labels
        log.get("label").exception("a file broke the reading of its use case", source=file.source)
        return _whole(file, "NL-A000", f"reading this file failed: {type(error).__name__}")
    if whole := [fault for fault in checked.faults if fault.row is None]:
        return _whole(file, whole[0].code, whole[0].detail)
    found = FileRecords(file, checked.frame, checked.faults, reading.extra_columns[:_NAMED])
    return _numbered(found)


def count(usecase: UseCase, payload: bytes | QuarantineError) -> int | None:
    """Count the records of one file, valid or not; nothing where it cannot be split into records."""
    if isinstance(payload, QuarantineError):
        return None
    try:
        reading = usecase.schema.read(payload, labelled=False)
    except (OSError, MemoryError):
        raise
    except Exception:  # noqa: BLE001 - labelling takes such a file for one id as well
        return None
    return None if any(fault.row is None for fault in reading.faults) else reading.records


def read_ahead(lake: Store, files: Sequence[Input]) -> Iterator[tuple[Input, bytes | QuarantineError]]:
    """Read files in their order, several at once, within a bound of bytes.

    Args:
        lake: The lake.
        files: The pinned files.

    Yields:
        Each file with its bytes, or with the fault of one that changed or vanished.

    Raises:
        UnavailableError: The store did not answer.
    """
    waiting, ahead = deque(files), deque[tuple[Input, Future[bytes | QuarantineError]]]()
    held = 0
    with ThreadPoolExecutor(WORKERS) as pool:
        try:
            while waiting or ahead:
                while waiting and (not ahead or _room(held, len(ahead), waiting[0])):
                    file = waiting.popleft()
                    ahead.append((file, pool.submit(_read, lake, file)))
                    held += file.size
                file, reading = ahead.popleft()
                yield file, reading.result()
                held -= file.size
        finally:
            pool.shutdown(cancel_futures=True)


def _whole(file: Input, code: str, detail: str) -> FileRecords:
    return FileRecords(file, pd.DataFrame(), (Fault(None, code, detail),))


def _numbered(found: FileRecords) -> FileRecords:
    rows = found.rows
    if not np.array_equal(np.sort(rows), np.arange(len(rows))):
        raise RefusedError(
            f"the records of {found.file.source!r} are not numbered from 0 without gaps",
            code="NL-N006",
            kept="everything; the shard left no receipt",
            advice="correct read() in schema.py: every physical record has its ordinal",
            source=found.file.source,
        )
    return found


def _room(held: int, reads: int, file: Input) -> bool:
    return reads < 2 * WORKERS and held + file.size <= AHEAD_BYTES


def _read(lake: Store, file: Input) -> bytes | QuarantineError:
    for _ in range(_READS):
        try:
            payload = lake.get(file.source, version=file.version)
        except QuarantineError as fault:
            return fault
        if len(payload) == file.size:
            return payload
    raise damaged(file.source, f"{len(payload)} bytes came of {file.size}")
