"""Valid records to the network's inputs, in partitions of Spark: a fitted encoder travels as its state."""

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightlabel import catalog
from nightlabel.contract import Encoder, UseCase
from nightlabel.settings import Settings
from nightlabel.spread.session import Answer, spread
from nightlabel.validate import Source, typed

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ANSWERS = "inputs binary"
"""Columns of what a partition answers: the arrays in NumPy's own format."""

Inputs = dict[str, NDArray[Any]]
_IDENTITY = ["source", "row"]


def encode(
    spark: "SparkSession",
    usecase: UseCase,
    encoder: Encoder,
    *,
    rows: Source,
    wanted: pd.DataFrame,
    place: Settings,
) -> Iterator[Inputs]:
    """Encode stored records as ``encoder.encode`` does, spread over partitions.

    The rows of one file stay together, because features may use the whole file.

    Args:
        spark: The session.
        usecase: Restores the encoder on the executors.
        encoder: A fitted encoder.
        rows: ``rows.parquet`` of a run.
        wanted: ``source`` and ``row`` of the records to encode, in the order of ``rows``.
        place: The settings; no secret of them leaves this process.

    Returns:
        Arrays by input name, each of shape (rows of the part, ...), in the order of ``wanted``.
    """
    told = place.without_secrets()
    tasks = [
        _task(rows, groups, wanted.iloc[first:last]) for groups, first, last in _shares(rows, wanted, place)
    ]
    work = partial(_encode, usecase.name, told, json.dumps(encoder.state()))
    for row in spread(spark, tasks, work, ANSWERS):
        with np.load(io.BytesIO(bytes(row["inputs"])), allow_pickle=False) as arrays:
            yield {name: arrays[name] for name in arrays.files}


def joined(parts: Iterator[Inputs]) -> Inputs:
    """Join the arrays of all parts."""
    known = list(parts)
    return {name: np.concatenate([part[name] for part in known]) for name in known[0]}


def _encode(usecase: str, place: Settings, state: str, task: str) -> Iterator[Answer]:
    """Encode the wanted records of some row groups; runs on an executor."""
    case, asked = catalog.load(usecase, place.usecases), json.loads(task)
    stored = pq.ParquetFile(_Ranges(Source(**asked["rows"]), place)).read_row_groups(asked["groups"])
    wanted = pa.ipc.open_stream(base64.b64decode(asked["wanted"])).read_all().to_pandas()
    frame = typed(stored)
    known = pd.MultiIndex.from_frame(frame[_IDENTITY].astype({"source": str}))
    frame = frame[known.isin(pd.MultiIndex.from_frame(wanted.astype({"source": str})))].reset_index(drop=True)
    inputs = case.prepare.restore(json.loads(state)).encode(frame.drop(columns=case.schema.LABEL))
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **inputs)
    yield {"inputs": buffer.getvalue()}


def _task(rows: Source, groups: list[int], wanted: pd.DataFrame) -> str:
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(wanted[_IDENTITY], preserve_index=False)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    ids = base64.b64encode(sink.getvalue()).decode()
    return json.dumps({"rows": asdict(rows), "groups": groups, "wanted": ids})


def _shares(rows: Source, wanted: pd.DataFrame, place: Settings) -> list[tuple[list[int], int, int]]:
    """Share the row groups out by whole files; with each share the span of its wanted records."""
    bounds = _bounds(pq.ParquetFile(_Ranges(rows, place)).metadata)
    shares = list[list[int]]()
    for at, (lowest, _) in enumerate(bounds):
        if shares and bounds[at - 1][1] == lowest:
            shares[-1].append(at)
        else:
            shares.append([at])
    sources = wanted["source"].astype(str).to_numpy(object)
    spans = [
        (
            groups,
            int(np.searchsorted(sources, bounds[groups[0]][0], "left")),
            int(np.searchsorted(sources, bounds[groups[-1]][1], "right")),
        )
        for groups in shares
    ]
    return [share for share in spans if share[1] < share[2]]


def _bounds(metadata: Any) -> list[tuple[str, str]]:
    """Give the first and the last file of each row group."""
    column = metadata.schema.to_arrow_schema().get_field_index("source")
    statistics = [metadata.row_group(at).column(column).statistics for at in range(metadata.num_row_groups)]
    return [(str(known.min), str(known.max)) for known in statistics]


class _Ranges(io.RawIOBase):
    """An object of the store as a file: what is read is what is fetched."""

    def __init__(self, source: Source, place: Settings) -> None:
        self._source, self._place, self._at = source, place, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._source.size}[whence]
        self._at = origin + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        end = min(self._at + len(buffer), self._source.size)
        part = self._source.read(self._place, (self._at, end)) if end > self._at else b""
        buffer[: len(part)] = part
        self._at = end if part else self._at
        return len(part)
