"""The pinned inputs of a night, as tables: files are too many for JSON, and for objects of Python's."""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from nightlabel.label import papers, tally
from nightlabel.label.names import night
from nightlabel.label.papers import Plan, Shard
from nightlabel.label.reads import side_by_side
from nightlabel.label.tally import Tally
from nightlabel.store import Store

COLUMNS = pa.schema(
    [
        ("source", pa.string()),
        ("source_version", pa.string()),
        ("size", pa.int64()),
        ("model_sha256", pa.dictionary(pa.int32(), pa.string())),
    ]
)
_READS = 5  # attempts to read a part whose bytes do not have the digest of the plan
_PART = 250_000  # files of a generation that are in memory at the same time
_LISTS = 8  # lists of files that are read at once
_SLICE = 16_384  # files that are objects of Python's at the same time


class Input(NamedTuple):
    """One pinned file: key, version, size in bytes, and the model that labels or labelled it."""

    source: str
    version: str
    size: int
    model: str


def pinned(files: pa.Table, model: str) -> pa.Table:
    """Pin listed files, and the model that is to label them.

    Args:
        files: ``key``, ``version`` and ``size`` of the files.
        model: SHA-256 of the model.

    Returns:
        ``COLUMNS``.
    """
    models = pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), len(files)), [model])
    return pa.table([*files.columns, models], schema=COLUMNS)


def write(lake: Store, folder: str, name: str, parts: Iterable[pa.Table]) -> Shard:
    """Write a list of inputs as an object of its own, which nothing overwrites.

    Args:
        lake: The lake.
        folder: The night's folder.
        name: Name of the shard, or ``carried``.
        parts: The files, as ``COLUMNS``.

    Returns:
        The shard, with the digests of the list and of the object.
    """
    sink, files, size, ids = pa.BufferOutputStream(), 0, 0, Tally()
    with pq.ParquetWriter(sink, COLUMNS, compression="zstd") as writer:
        for part in parts:
            writer.write_table(part)
            files, size = files + len(part), size + (pc.sum(part.column("size")).as_py() or 0)
            ids = tally.total([ids, *(tally.of_files(names) for names in identities(part))])
    data = sink.getvalue().to_pybytes()
    key = f"plan/{name}-{uuid.uuid4().hex}.parquet"
    lake.create(f"{folder}/{key}", data)
    digest = hashlib.sha256(data).hexdigest()
    return Shard(name=name, files=files, bytes=size, part=key, part_sha256=digest, inputs=ids)


def table(lake: Store, plan: Plan, shard: Shard) -> pa.Table:
    """Read the inputs of one shard, or those that a plan carries over, as ``COLUMNS``.

    Raises:
        UnavailableError: ``NL-B007``, the part's bytes are not those of the plan.
    """
    return _part(lake, plan, shard).read().cast(COLUMNS)


def stream(lake: Store, plan: Plan, shard: Shard) -> Iterator[Input]:
    """Read the inputs of one shard one by one, never all at once; raises as ``table``."""
    for part in _part(lake, plan, shard).iter_batches(_SLICE):
        yield from rows(pa.table(part).cast(COLUMNS))


def _part(lake: Store, plan: Plan, shard: Shard) -> pq.ParquetFile:
    run = shard.origin.run if shard.origin else plan.run
    key = f"{night(plan.usecase, plan.date, run)}/{shard.part}"
    for _ in range(_READS):
        data = lake.get(key)
        if hashlib.sha256(data).hexdigest() == shard.part_sha256:
            return pq.ParquetFile(pa.BufferReader(data))
    raise papers.damaged(key, "its SHA-256 is not the plan's")


def tables(lake: Store, plan: Plan, shards: Sequence[Shard]) -> pa.Table:
    """Read the inputs of several shards, as one table; raises as ``table``."""
    parts = side_by_side(lambda shard: table(lake, plan, shard), shards)
    return pa.concat_tables([COLUMNS.empty_table(), *parts])


def rows(inputs: pa.Table) -> Iterator[Input]:
    """Give the files of a table one by one; only some of them are objects at the same time."""
    for part in inputs.to_batches(max_chunksize=_SLICE):
        yield from map(Input._make, zip(*(column.to_pylist() for column in part.columns), strict=True))


def identities(files: pa.Table) -> Iterator[Iterator[tuple[str, str]]]:
    """Give the files ``(source, source_version)`` of a table, some at a time."""
    for part in files.select([0, 1]).to_batches(max_chunksize=_SLICE):
        yield zip(*(column.to_pylist() for column in part.columns), strict=True)


def of_generation(lake: Store, plan: Plan) -> pa.Table:
    """Give all inputs of the generation that a plan makes, carried and planned, as ``COLUMNS``."""
    return pa.concat_tables([COLUMNS.empty_table(), *parts(lake, plan)])


def parts(lake: Store, plan: Plan | None) -> Iterator[pa.Table]:
    """Give what ``of_generation`` gives, in the same order, some at a time; nothing where there is no plan.

    Raises:
        UnavailableError: ``NL-B007``, the bytes of a list are not those of the plan.
    """
    if plan is None:
        return
    lists = [*([plan.carried] if plan.carried else []), *plan.shards]
    held, files = list[pa.Table](), 0
    for opened in side_by_side(lambda shard: _part(lake, plan, shard), lists, _LISTS):
        for batch in opened.iter_batches(_PART):
            held.append(pa.table(batch).cast(COLUMNS))
            files += len(batch)
            if files >= _PART:
                yield pa.concat_tables(held)
                held, files = [], 0
    if held:
        yield pa.concat_tables(held)


def some(lake: Store, plan: Plan | None, mask: NDArray[np.bool_]) -> Iterator[pa.Table]:
    """Give the files of ``parts`` that a mask keeps.

    Args:
        lake: The lake.
        plan: The plan of the generation.
        mask: What is kept, shape (files of the generation,).
    """
    start = 0
    for part in parts(lake, plan):
        yield part.filter(pa.array(mask[start : start + len(part)]))
        start += len(part)
