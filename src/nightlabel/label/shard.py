"""Labels one shard: files in, data files and one receipt out. Any attempt may be killed or repeated."""

import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from nightlabel import log
from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.label import due, inputs, papers, tally, writing
from nightlabel.label.batch import Batch
from nightlabel.label.marks import Marks
from nightlabel.label.names import printable
from nightlabel.label.papers import DataFile, Plan, Receipt, Shard
from nightlabel.label.plan import read_plan
from nightlabel.label.reading import BATCH_BYTES, BATCH_FILES, batches
from nightlabel.label.receipts import receipt_key
from nightlabel.label.stages import Stages
from nightlabel.label.tally import Tally
from nightlabel.label.writing import Writer
from nightlabel.store import Store

if TYPE_CHECKING:
    from nightlabel.registry.artifact import Labeller

_NAMED = 500  # columns beyond the schema that a receipt names; a night of odd headers must not make it grow
_OTHERS = "(further columns)"

OnProgress = Callable[[int, int, int], None]
"""Is told of files done, files of the shard, and records done."""


@dataclass(slots=True)
class _Count:
    """What the batches of one attempt have come to."""

    files: int = 0
    labelled: int = 0
    unknown: int = 0
    ids: Tally = field(default_factory=Tally)
    inputs: Tally = field(default_factory=Tally)
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    clock: float = field(default_factory=time.monotonic)
    quarantined: Counter[str] = field(default_factory=Counter)
    extra_columns: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class _Attempt:
    usecase: UseCase
    lake: Store
    plan: Plan
    labeller: "Labeller"
    clock: due.Clock
    stages: Stages = field(default_factory=Stages)
    name: str = field(default_factory=lambda: uuid.uuid4().hex)


def label_shard(  # noqa: PLR0917 - a shard is named by all of these
    usecase: UseCase,
    lake: Store,
    date: str,
    run: str,
    shard: str,
    labeller: "Labeller",
    on_progress: OnProgress | None = None,
    *,
    batch_files: int = BATCH_FILES,
    batch_bytes: int = BATCH_BYTES,
    clock: due.Clock = due.now,
) -> Receipt:
    """Label the files of one shard; at the night's deadline, stop between two batches.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date.
        run: The run whose plan has the shard.
        shard: Name of the shard.
        labeller: The plan's model.
        on_progress: Is told after each batch.
        batch_files: Files that are labelled at once, at most.
        batch_bytes: Bytes of small files that are labelled at once.
        clock: Tells the moment.

    Returns:
        The shard's receipt. If another attempt was first it is that one's, marked ``superseded``.

    Raises:
        RefusedError: ``NL-N001`` no plan, ``NL-N002`` no such shard, ``NL-C001`` another model than the
            plan's, ``NL-C005`` labels that break the model's contract, ``NL-N006`` faulty ordinals,
            ``NL-N010`` the deadline has come; no receipt was left.
        UnavailableError: The store did not answer; no receipt was left.
    """
    plan = read_plan(lake, usecase.name, date, run)
    planned = _planned(plan, shard)
    key = receipt_key(plan, shard)
    if standing := papers.find(lake, key, Receipt):
        return standing.model_copy(update={"superseded": True})
    _require_model(plan, labeller)
    attempt = _Attempt(usecase, lake, plan, labeller, clock)
    with log.about(use_case=plan.usecase, date=date, run=run, shard=shard, attempt=attempt.name):
        _require_time(attempt, planned, 0)
        receipt = _work(attempt, planned, on_progress, batch_files=batch_files, batch_bytes=batch_bytes)
        return _left(lake, key, receipt)


def _left(lake: Store, key: str, receipt: Receipt) -> Receipt:
    """Leave the receipt, or give the one of the attempt that was first."""
    if lake.create(key, receipt.sealed()):
        told = {"records": receipt.records, "labelled": receipt.labelled, "quarantined": receipt.quarantined}
        log.get("label").info("the shard is done", **told, seconds=receipt.seconds)
        return receipt
    first = papers.find(lake, key, Receipt) or receipt
    log.get("label").info("superseded: another attempt was first", first=first.attempt)
    return first.model_copy(update={"superseded": True})


def _work(attempt: _Attempt, shard: Shard, on_progress: OnProgress | None, **bounds: int) -> Receipt:
    count, stages = _Count(), attempt.stages
    writer = Writer(attempt.lake, attempt.plan, attempt.name, stages)
    files = inputs.stream(attempt.lake, attempt.plan, shard)
    marks = Marks(attempt.lake, attempt.plan, shard, attempt.name, count.started)
    try:
        for at, batch in enumerate(batches(attempt.usecase, attempt.lake, files, stages=stages, **bounds)):
            _label(attempt, batch, writer, count)
            _add(count, batch)
            if on_progress:
                on_progress(count.files, shard.files, count.ids.count)
            marks.note(count.files)
            if at == 0:  # a log that is opened before the first file would cost its start
                log.get("label").info("the shard is at work", files=shard.files)
            _require_time(attempt, shard, count.files)
        return _receipt(attempt, shard, count, writer.finish())
    finally:
        writer.drop()


def _label(attempt: _Attempt, batch: Batch, writer: Writer, count: _Count) -> None:
    usecase, plan, labeller, stages = attempt.usecase, attempt.plan, attempt.labeller, attempt.stages
    if len(batch.valid):
        with stages.of("encode"):
            encoded = labeller.encode(writing.frame_of(batch), batch.memory)
        with stages.of("predict"):
            labels = writing.checked_labels(batch, labeller.predict(encoded))
        count.unknown += int(encoded.unknown.sum())
        with stages.of("write"):
            rows = writing.labelled_rows(usecase, plan, batch, labels)
        writer.add("labelled", rows)
    if batch.faults:
        writer.add("quarantined", writing.quarantined_rows(usecase, plan, batch))


def _add(count: _Count, batch: Batch) -> None:
    count.files += batch.ended
    count.labelled += len(batch.valid)
    seeds = tally.seeds((file.source, file.version) for file in batch.files)
    count.ids += tally.of_rows(seeds, *batch.ids)
    if batch.ended:
        count.inputs += tally.of_seeds(seeds)
    count.quarantined.update(fault.code for _, fault in batch.faults)
    for name, files in batch.extra_columns.items():
        told = printable(name, 60)
        known = told in count.extra_columns or len(count.extra_columns) < _NAMED
        count.extra_columns[told if known else _OTHERS] += files


def _receipt(attempt: _Attempt, shard: Shard, count: _Count, data: tuple[DataFile, ...]) -> Receipt:
    plan = attempt.plan
    return Receipt(
        usecase=plan.usecase,
        date=plan.date,
        run=plan.run,
        shard=shard.name,
        attempt=attempt.name,
        files=count.files,
        bytes=shard.bytes,
        records=count.ids.count,
        labelled=count.labelled,
        quarantined=dict(sorted(count.quarantined.items())),
        extra_columns=dict(sorted(count.extra_columns.items())),
        unknown=count.unknown,
        model_sha256=attempt.labeller.sha256,
        inputs=count.inputs,
        ids=count.ids,
        data=data,
        seconds=round(time.monotonic() - count.clock, 3),
        started=count.started.isoformat(),
        cpu=attempt.stages.seconds(),
    )


def _require_time(attempt: _Attempt, shard: Shard, files: int) -> None:
    """Stop at the deadline; a shard whose last file is labelled is finished all the same."""
    if files < shard.files and due.passed(attempt.plan, attempt.clock()):
        raise due.stopped(attempt.plan, shard.name, files, shard.files)


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
