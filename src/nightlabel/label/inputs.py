"""The pinned inputs of a night, as tables: files are too many for JSON."""

import hashlib
import io
import uuid
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from nightlabel.label import papers, tally
from nightlabel.label.names import night
from nightlabel.label.papers import Plan, Shard
from nightlabel.store import Store

COLUMNS = pa.schema(
    [
        ("source", pa.string()),
        ("source_version", pa.string()),
        ("size", pa.int64()),
        ("model_sha256", pa.string()),
    ]
)
_READS = 5  # attempts to read a part whose bytes do not have the digest of the plan


class Input(NamedTuple):
    """One pinned file: key, version, size in bytes, and the model that labels or labelled it."""

    source: str
    version: str
    size: int
    model: str


def write(lake: Store, folder: str, name: str, inputs: Sequence[Input]) -> Shard:
    """Write a list of inputs as a part of its own, which nothing overwrites.

    Args:
        lake: The lake.
        folder: The night's folder.
        name: Name of the shard, or ``carried``.
        inputs: The files.

    Returns:
        The shard, with the digests of the list and of the part.
    """
    columns = zip(*inputs, strict=True) if inputs else ((),) * len(COLUMNS)
    table = pa.table([pa.array(c, f.type) for c, f in zip(columns, COLUMNS, strict=True)], schema=COLUMNS)
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    data = buffer.getvalue()
    part = f"plan/{name}-{uuid.uuid4().hex}.parquet"
    lake.create(f"{folder}/{part}", data)
    return Shard(
        name=name,
        files=len(inputs),
        bytes=sum(i.size for i in inputs),
        part=part,
        part_sha256=hashlib.sha256(data).hexdigest(),
        inputs=tally.of_files((i.source, i.version) for i in inputs),
    )


def read(lake: Store, plan: Plan, shard: Shard) -> list[Input]:
    """Read the inputs of one shard, or those that a plan carries over.

    Raises:
        UnavailableError: ``NL-B007``, the part's bytes are not those of the plan.
    """
    key = f"{night(plan.usecase, plan.date, plan.run)}/{shard.part}"
    for _ in range(_READS):
        data = lake.get(key)
        if hashlib.sha256(data).hexdigest() == shard.part_sha256:
            rows = pq.read_table(io.BytesIO(data)).to_pydict()
            return [Input(*row) for row in zip(*(rows[name] for name in COLUMNS.names), strict=True)]
    raise papers.damaged(key, "its SHA-256 is not the plan's")


def of_generation(lake: Store, plan: Plan) -> dict[str, Input]:
    """Give all inputs of the generation that a plan makes, by source: carried and planned."""
    parts: Iterable[Shard] = (*([plan.carried] if plan.carried else []), *plan.shards)
    return {i.source: i for part in parts for i in read(lake, plan, part)}
