"""Labelled files to valid records and faults, in partitions of Spark."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.contract.usecase import Schema
from nightlabel.errors import QuarantineError
from nightlabel.settings import Settings
from nightlabel.spread import longfile
from nightlabel.spread.longfile import Part
from nightlabel.spread.session import Answer, spread
from nightlabel.validate import Account, Source, Validated, held, refused, validated

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from nightlabel.contract.delimited import Delimited

PART = 32 * 1024 * 1024
"""Bytes of a partition's input, and of a part of a long file; an executor needs some twenty times as many."""

ANSWERS = "rows binary, faults binary, accounts string"
"""Columns of what a partition answers: two Arrow streams, and JSON."""

_SMALLEST = 256 * 1024  # bytes of input below which a partition costs more than it saves
_FEWEST_WAVES = 4  # partitions for each core, so that a slow one does not keep the others waiting
_MANY = 20_000  # files of one partition
_ROWS = 65_536  # records of one answer


def validate(
    spark: "SparkSession",
    usecase: UseCase,
    sources: Sequence[Source],
    place: Settings,
    *,
    alone: bool,
    part: int = PART,
) -> Iterator[Validated]:
    """Validate labelled files as ``validate.validated`` does, spread over partitions.

    Args:
        spark: The session.
        usecase: Gives the schema; its folder must be where the executors find it too.
        sources: The files, in order.
        place: The settings; no secret of them leaves this process.
        alone: As in ``validate.validated``.
        part: Bytes of one part.

    Returns:
        What came out, in the order of files and rows; a file in parts has one account for each.

    Raises:
        QuarantineError: The one file cannot be split into records, or a file changed while it was read.
        UnavailableError: The store did not answer.
    """
    told = place.without_secrets()
    parts = _parts(spark, usecase, sources, told, part, alone=alone)
    tasks = _tasks(parts, _goal(sources, spark.sparkContext.defaultParallelism, part))
    work = partial(_validate, usecase.name, told, alone)
    for row in spread(spark, tasks, work, ANSWERS):
        yield _received(row["rows"], row["faults"], row["accounts"])


def _parts(
    spark: "SparkSession",
    usecase: UseCase,
    sources: Sequence[Source],
    place: Settings,
    size: int,
    *,
    alone: bool,
) -> list[Part]:
    """Give all files as parts: most are one, long ones of declared text are several."""
    text: Delimited | None = getattr(usecase.schema, "TEXT", None)
    if text is None:
        return [Part(source, 0, source.size) for source in sources]
    long = [source for source in sources if source.size > size]
    looks = [longfile.looks(source, size) for source in long]
    work = partial(longfile.look, usecase.name, place)
    tasks = _tasks([part for parts in looks for part in parts], max(size, _SMALLEST))
    said = [row["looked"] for row in spread(spark, tasks, work, longfile.LOOKED)] if tasks else []
    cut = dict[str, list[Part]]()
    for source, parts in zip(long, looks, strict=True):
        looked, said = said[: len(parts)], said[len(parts) :]
        try:
            cut[source.name] = longfile.numbered(source, size, looked, text)
        except QuarantineError as fault:
            if alone:
                raise
            cut[source.name] = [
                Part(source, 0, 0, fault.facts["version"], fault=(fault.code, fault.sentence))
            ]
    return [part for source in sources for part in cut.get(source.name) or [Part(source, 0, source.size)]]


def _validate(usecase: str, place: Settings, alone: bool, task: str) -> Iterator[Answer]:  # noqa: FBT001 - a partial binds it by position
    """Validate the parts of one partition; runs on an executor."""
    schema = catalog.load(usecase, place.usecases).schema
    held_back, rows = list[Validated](), 0
    for told in json.loads(task):
        held_back.append(_one(schema, Part.from_json(told), place, alone=alone))
        rows += len(held_back[-1].rows)
        if rows >= _ROWS:
            yield _sent(held_back)
            held_back, rows = [], 0
    if held_back:
        yield _sent(held_back)


def _one(schema: Schema, part: Part, place: Settings, *, alone: bool) -> Validated:
    if part.fault:
        code, sentence = part.fault
        return refused(
            schema,
            QuarantineError(
                sentence,
                code=code,
                kept="the file as it is; the other files go on",
                advice="correct the file, then start a new experiment",
            ),
            part.source.name,
            part.version,
        )
    payload = part.payload(place)
    if not part.version:
        return validated(schema, payload, part.source.name, alone=alone)
    reading = schema.read(payload, labelled=True)
    return held(schema, reading, part.source.name, part.version, first=part.first)


def _goal(sources: Sequence[Source], cores: int, largest: int) -> int:
    total = sum(source.size for source in sources)
    return max(min(total // (cores * _FEWEST_WAVES), largest), _SMALLEST)


def _tasks(parts: list[Part], goal: int) -> list[str]:
    """Share consecutive parts out, by bytes."""
    tasks, task, size = list[str](), list[dict[str, Any]](), 0
    for part in parts:
        if task and (size + part.end - part.start > goal or len(task) >= _MANY):
            tasks.append(json.dumps(task))
            task, size = [], 0
        task.append(part.to_json())
        size += part.end - part.start
    return [*tasks, json.dumps(task)] if task else tasks


def _sent(some: list[Validated]) -> Answer:
    return {
        "rows": _stream(pa.concat_tables([v.rows for v in some])),
        "faults": _stream(pa.concat_tables([v.faults for v in some])),
        "accounts": json.dumps([asdict(account) for v in some for account in v.accounts]),
    }


def _received(rows: bytes, faults: bytes, accounts: str) -> Validated:
    known = [Account(**{**a, "extra_columns": tuple(a["extra_columns"])}) for a in json.loads(accounts)]
    return Validated(
        pa.ipc.open_stream(bytes(rows)).read_all(), pa.ipc.open_stream(bytes(faults)).read_all(), tuple(known)
    )


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
