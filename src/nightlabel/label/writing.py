"""From labelled records to data files of the table, which no reader sees before the commit."""

import hashlib
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nightlabel import validate
from nightlabel.contract import Labels, UseCase
from nightlabel.errors import RefusedError
from nightlabel.label import columns
from nightlabel.label.batch import Batch
from nightlabel.label.names import data_file, labels
from nightlabel.label.papers import DataFile, Outcome, Plan
from nightlabel.label.stages import Stages
from nightlabel.store import Store

FILE_BYTES = 16 * 1024 * 1024
"""Bytes from which a data file is full."""

_DETAIL = 500  # characters of a fault that are kept
_WAITING = 2  # row groups that wait to be written


def frame_of(batch: Batch) -> pd.DataFrame:
    """Give the valid records of a batch as a model takes them.

    Args:
        batch: The records.

    Returns:
        The columns of the schema's record and ``source``; the index counts from 0.
    """
    return validate.typed(batch.valid.append_column("source", _names(batch, "source")))


def checked_labels(batch: Batch, given: Labels) -> Labels:
    """Hold what a model gave against what a label is.

    Args:
        batch: The records that went in.
        given: What came out.

    Raises:
        RefusedError: ``NL-C005``, a record has no label, a foreign one, or no confidence in [0, 1].
    """
    order, shares = given.order, given.confidences
    rows = len(order) == len(shares) == len(batch.valid) and order.shape == shares.shape
    if rows and _within(order, 0, len(given.classes) - 1) and _within(shares, 0, 1 + 1e-6):
        return given
    raise RefusedError(
        "the model gives labels that do not fit its contract",
        code="NL-C005",
        kept="everything; the shard left no receipt",
        advice="nightlabel rollback, then look at the model",
        records=len(batch.valid),
    )


def labelled_rows(usecase: UseCase, plan: Plan, batch: Batch, given: Labels) -> pa.Table:
    """Make the table rows of labelled records.

    Args:
        usecase: Whose card names the carried columns and the threshold of ``abstain``.
        plan: The night's plan, with its model.
        batch: The records.
        given: Their labels, as of ``checked_labels``.
    """
    classes = pa.array(given.classes, pa.string())
    order, shares = given.order.astype(np.int32), given.confidences.astype(np.float32)
    offsets = np.arange(0, order.size + 1, order.shape[1], dtype=np.int32)
    known = {
        "source": _names(batch, "source"),
        "source_version": _names(batch, "version"),
        "row": batch.row,
        "label": pa.DictionaryArray.from_arrays(order[:, 0], classes),
        "confidence": shares[:, 0],
        "abstain": shares[:, 0] < np.float32(usecase.card.abstain_below),
        "top_labels": pa.ListArray.from_arrays(offsets, classes.take(pa.array(order.ravel()))),
        "top_confidences": pa.ListArray.from_arrays(offsets, shares.ravel()),
    }
    known |= {name: batch.valid.column(name) for name in usecase.card.carry}
    return _rows(usecase, plan, known, len(order))


def quarantined_rows(usecase: UseCase, plan: Plan, batch: Batch) -> pa.Table:
    """Make the table rows of the records, and whole files, that could not be labelled."""
    faults = [(batch.files[at], fault) for at, fault in batch.faults]
    known = {
        "source": [file.source for file, _ in faults],
        "source_version": [file.version for file, _ in faults],
        "row": [fault.row for _, fault in faults],
        "error_code": [fault.code for _, fault in faults],
        "error_detail": [fault.detail[:_DETAIL] for _, fault in faults],
    }
    return _rows(usecase, plan, known, len(faults))


def store(lake: Store, plan: Plan, rows: pa.Table, *, outcome: Outcome, name: str) -> DataFile:
    """Write one data file under a name of its own; nothing is ever overwritten.

    Args:
        lake: The lake.
        plan: The night's plan.
        rows: The rows, without the partition columns.
        outcome: The partition of the rows.
        name: Name of the file, unique by its attempt's UUID.
    """
    target = _Target(lake, plan, outcome, name)
    target.add(rows)
    return target.finish()


class Writer:
    """Writes data files beside the work, a row group at a time; a full file is stored, and a next one begins.

    Args:
        lake: The lake.
        plan: The night's plan.
        attempt: UUID of the attempt; the files are named by it.
        stages: Is told the processor time of writing.
    """

    def __init__(self, lake: Store, plan: Plan, attempt: str, stages: Stages) -> None:
        self._lake, self._plan, self._attempt, self._stages = lake, plan, attempt, stages
        self._thread = ThreadPoolExecutor(1)
        self._pending = list[Future[None]]()
        self._open = dict[Outcome, _Target]()
        self._done = list[DataFile]()

    def add(self, outcome: Outcome, rows: pa.Table) -> None:
        """Write rows; waits while others wait to be written, so that memory is bounded."""
        self._pending.append(self._thread.submit(self._add, outcome, rows))
        while len(self._pending) > _WAITING:
            self._pending.pop(0).result()

    def finish(self) -> tuple[DataFile, ...]:
        """Store what is open, and give all files, by outcome in the order of their rows."""
        for write in self._pending:
            write.result()
        self._thread.submit(self._close, list(self._open)).result()
        self._thread.shutdown()
        return tuple(sorted(self._done, key=lambda file: file.outcome))

    def drop(self) -> None:
        """Leave off: what was stored stays, and no receipt names it."""
        self._thread.shutdown(cancel_futures=True)

    def _add(self, outcome: Outcome, rows: pa.Table) -> None:
        with self._stages.of("write"):
            if outcome not in self._open:
                number = len(self._done) + len(self._open)
                name = f"{self._attempt}-{number:05d}"
                self._open[outcome] = _Target(self._lake, self._plan, outcome, name)
            self._open[outcome].add(rows)
            if self._open[outcome].size >= FILE_BYTES:
                self._done.append(self._open.pop(outcome).finish())

    def _close(self, outcomes: list[Outcome]) -> None:
        with self._stages.of("write"):
            self._done += [self._open.pop(outcome).finish() for outcome in outcomes]


class _Target:
    """One data file that is being made."""

    def __init__(self, lake: Store, plan: Plan, outcome: Outcome, name: str) -> None:
        self._lake, self._outcome = lake, outcome
        self._root, self._path = labels(plan.usecase), data_file(plan.date, outcome, name)
        self._buffer = pa.BufferOutputStream()
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0

    @property
    def size(self) -> int:
        """Bytes until now."""
        return int(self._buffer.tell())

    def add(self, rows: pa.Table) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._buffer,
                rows.schema,
                compression="zstd",
                write_page_checksum=True,
                store_schema=False,  # the encoding of text in memory is no business of the table's readers
            )
        self._writer.write_table(rows)
        self._rows += len(rows)

    def finish(self) -> DataFile:
        if self._writer is not None:
            self._writer.close()
        data = self._buffer.getvalue().to_pybytes()
        self._lake.create(f"{self._root}/{self._path}", data)
        sha256 = hashlib.sha256(data).hexdigest()
        return DataFile(
            path=self._path, outcome=self._outcome, rows=self._rows, size=len(data), sha256=sha256
        )


def _names(batch: Batch, what: str) -> pa.DictionaryArray:
    names = pa.array([getattr(file, what) for file in batch.files], pa.string())
    return pa.DictionaryArray.from_arrays(batch.file.astype(np.int32), names)


def _within(values: np.ndarray, lowest: float, highest: float) -> bool:
    return bool(((values >= lowest) & (values <= highest)).all())


def _rows(usecase: UseCase, plan: Plan, known: Mapping[str, object], n: int) -> pa.Table:
    constants = {"model": plan.model.name, "model_version": plan.model.version, "run": plan.run}
    arrays, fields = [], []
    for field in columns.file_schema(usecase):
        array = _column(known.get(field.name), constants.get(field.name), field.type, n)
        arrays.append(array)
        fields.append(field.with_type(array.type))
    return pa.table(arrays, schema=pa.schema(fields))


def _column(values: object, constant: str | None, kind: pa.DataType, n: int) -> pa.Array | pa.ChunkedArray:
    if values is None:
        if constant is None:
            return pa.nulls(n, kind)
        return pa.DictionaryArray.from_arrays(np.zeros(n, np.int32), pa.array([constant], kind))
    if not isinstance(values, pa.Array | pa.ChunkedArray):
        return pa.array(values, kind)
    same = values.type == kind or (pa.types.is_dictionary(values.type) and values.type.value_type == kind)
    return values if same else pc.cast(values, kind)
