"""Labels one shard: files in, data files and one receipt out. Any attempt may be killed or repeated."""

import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pyarrow as pa

from nightlabel import log
from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.label import inputs, papers, tally, writing
from nightlabel.label.inputs import Input
from nightlabel.label.names import printable
from nightlabel.label.papers import DataFile, Plan, Receipt, Shard
from nightlabel.label.plan import read_plan
from nightlabel.label.reading import BATCH_ROWS, FileRecords, batches
from nightlabel.label.receipts import receipt_key
from nightlabel.label.tally import Tally
from nightlabel.store import Store

if TYPE_CHECKING:
    from nightlabel.registry.artifact import Labeller

Progress = Callable[[int, int, int], None]
"""Is told of files done, files of the shard, and records done."""


@dataclass(slots=True)
class _Count:
    """What the batches of one attempt have come to."""

    files: int = 0
    labelled: int = 0
    unknown: int = 0
    ids: Tally = field(default_factory=Tally)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    quarantined: Counter[str] = field(default_factory=Counter)
    extra_columns: Counter[str] = field(default_factory=Counter)
    data: list[DataFile] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Attempt:
    usecase: UseCase
    lake: Store
    plan: Plan
    labeller: "Labeller"
    name: str = field(default_factory=lambda: uuid.uuid4().hex)


def label_shard(  # noqa: PLR0917 - a shard is named by all of these
    usecase: UseCase,
    lake: Store,
    date: str,
    run: str,
    shard: str,
    labeller: "Labeller",
    on_progress: Progress | None = None,
    *,
    batch_rows: int = BATCH_ROWS,
) -> Receipt:
    """Label the files of one shard.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date.
        run: The run whose plan has the shard.
        shard: Name of the shard.
        labeller: The plan's model.
        on_progress: Is told after each batch.
        batch_rows: Records that are labelled at once; whole files, so one file may exceed it.

    Returns:
        The shard's receipt. If another attempt was first it is that one's, marked ``superseded``.

    Raises:
        RefusedError: ``NL-N001`` no plan, ``NL-N002`` no such shard, ``NL-C001`` another model than the
            plan's, ``NL-C005`` labels that break the model's contract, ``NL-N006`` faulty ordinals.
        UnavailableError: The store did not answer; no receipt was left.
    """
    plan = read_plan(lake, usecase.name, date, run)
    planned = _planned(plan, shard)
    key = receipt_key(plan, shard)
    if standing := papers.find(lake, key, Receipt):
        return standing.model_copy(update={"superseded": True})
    _require_model(plan, labeller)
    attempt = _Attempt(usecase, lake, plan, labeller)
    receipt = _work(attempt, planned, on_progress, batch_rows)
    if lake.create(key, receipt.sealed()):
        return receipt
    log.get("label").info("superseded: another attempt was first", run=run, shard=shard)
    first = papers.find(lake, key, Receipt)
    return (first or receipt).model_copy(update={"superseded": True})


def _work(attempt: _Attempt, shard: Shard, on_progress: Progress | None, batch_rows: int) -> Receipt:
    count = _Count()
    files = inputs.read(attempt.lake, attempt.plan, shard)
    for number, batch in enumerate(batches(attempt.usecase, attempt.lake, files, batch_rows)):
        _label(attempt, batch, number, count)
        if on_progress:
            on_progress(count.files, len(files), count.ids.count)
    return _receipt(attempt, shard, files, count)


def _label(attempt: _Attempt, batch: Sequence[FileRecords], number: int, count: _Count) -> None:
    frame = writing.frame_of(batch)
    if len(frame):
        seen = frame.drop(columns=["source_version", "row"])
        labels = writing.checked_labels(frame, attempt.labeller.label(seen), attempt.labeller.classes)
        rows = writing.labelled_rows(attempt.usecase, attempt.plan, frame, labels)
        count.data.append(_store(attempt, "labelled", number, rows))
        count.unknown += int(attempt.labeller.unknown(seen).sum())
    if any(file.faults for file in batch):
        rows = writing.quarantined_rows(attempt.usecase, attempt.plan, batch)
        count.data.append(_store(attempt, "quarantined", number, rows))
    count.files += len(batch)
    count.labelled += len(frame)
    for file in batch:
        count.ids += tally.of_records(file.file.source, file.file.version, file.rows)
        count.quarantined.update(fault.code for fault in file.faults)
        count.extra_columns.update(printable(name, 60) for name in file.extra_columns)


def _store(attempt: _Attempt, outcome: papers.Outcome, number: int, rows: pa.Table) -> DataFile:
    plan, name = attempt.plan, f"{attempt.name}-{number:05d}"
    return writing.store(attempt.lake, plan, rows, outcome=outcome, name=name)


def _receipt(attempt: _Attempt, shard: Shard, files: Sequence[Input], count: _Count) -> Receipt:
    plan = attempt.plan
    return Receipt(
        usecase=plan.usecase,
        date=plan.date,
        run=plan.run,
        shard=shard.name,
        attempt=attempt.name,
        files=count.files,
        bytes=sum(file.size for file in files),
        records=count.ids.count,
        labelled=count.labelled,
        quarantined=dict(sorted(count.quarantined.items())),
        extra_columns=dict(sorted(count.extra_columns.items())),
        unknown=count.unknown,
        model_sha256=attempt.labeller.sha256,
        inputs=tally.of_files((file.source, file.version) for file in files),
        ids=count.ids,
        data=tuple(count.data),
        seconds=round(time.monotonic() - count.clock, 3),
        started=count.started.isoformat(),
    )


def _require_model(plan: Plan, labeller: "Labeller") -> None:
    if labeller.sha256 != plan.model.sha256:
        raise RefusedError(
            f"the plan pins version {plan.model.version} of {plan.model.name!r}, another model was loaded",
            code="NL-C001",
            kept="everything; the shard left no receipt",
            advice="load the model that the plan pins",
            planned=plan.model.sha256,
            loaded=labeller.sha256,
        )


def _planned(plan: Plan, name: str) -> Shard:
    if shard := plan.shard(name):
        return shard
    raise RefusedError(
        f"the plan of run {plan.run!r} has no shard {name[:60]!r}",
        code="NL-N002",
        kept="everything",
        advice=f"name one of its {len(plan.shards)} shards: {', '.join(s.name for s in plan.shards[:8])}",
        shards=[s.name for s in plan.shards],
    )
