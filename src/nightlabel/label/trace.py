"""Follows one file from its key in the inbox to its labels, by the ids that stand in the log.

The run stands in every row of the table; the run's plan lists the files of each shard; the shard's receipt
names the attempt whose rows were published. Run, shard and attempt stand on every line of that attempt's log.
"""

from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from nightlabel.errors import RefusedError
from nightlabel.label import history, inputs, papers, table
from nightlabel.label.names import label_date
from nightlabel.label.papers import Plan, Receipt, Shard
from nightlabel.label.reads import side_by_side
from nightlabel.label.receipts import receipt_key
from nightlabel.store import Store

_SHOWN = 120  # characters of a key


@dataclass(frozen=True, slots=True)
class Trace:
    """Where one file was labelled.

    Attributes:
        source: Key of the file.
        source_version: The version that was labelled.
        run: The run whose attempt labelled it; it stands in its rows of the table.
        shard: The shard of that run.
        attempt: UUID of the attempt; every line of its log and the names of its data files have it.
        model_version: The model.
        generation: The newest generation of the date; it holds the file.
        files: Files of the shard.
        records: Records of the shard.
    """

    source: str
    source_version: str
    run: str
    shard: str
    attempt: str
    model_version: str
    generation: int
    files: int
    records: int


def trace(lake: Store, usecase: str, date: str, source: str) -> Trace:
    """Follow a file of a committed night.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        date: The label date.
        source: Key of the file, as it stands in the table.

    Raises:
        RefusedError: ``NL-N013``, the newest generation of the date does not hold the file.
        UnavailableError: The store did not answer, or a plan is damaged.
    """
    labels = table.find(lake, usecase)
    head = history.head(labels, usecase, label_date(date)) if labels else None
    if head is None:
        raise _unknown(usecase, date, source, "the date was not committed")
    for commit in history.generations(lake, usecase, date)[::-1]:
        plan = history.plan_of(lake, usecase, commit)
        if (found := _shard(lake, plan, source)) is not None:
            shard, version = found
            return Trace(source, version, generation=head.generation, **_attempt(lake, plan, shard))
    raise _unknown(usecase, date, source, "no committed generation has it")


def _shard(lake: Store, plan: Plan, source: str) -> tuple[Shard, str] | None:
    """Give the shard of a plan that has a file, and the file's version."""

    def version(shard: Shard) -> str | None:
        files = inputs.table(lake, plan, shard)
        at = pc.index(files.column("source"), source).as_py()
        return None if at < 0 else str(files.column("source_version")[at].as_py())

    found = zip(plan.shards, side_by_side(version, plan.shards), strict=True)
    return next(((shard, text) for shard, text in found if text is not None), None)


def _attempt(lake: Store, plan: Plan, shard: Shard) -> dict[str, Any]:
    key = receipt_key(plan, shard.name)
    if (receipt := papers.find(lake, key, Receipt)) is None:
        raise papers.damaged(key, "it is gone, but a generation was committed from it")
    told = receipt.model_dump(include={"run", "shard", "attempt", "files", "records"})
    return {**told, "model_version": plan.model.version}


def _unknown(usecase: str, date: str, source: str, why: str) -> RefusedError:
    return RefusedError(
        f"{source[:_SHOWN]!r} is in no labels of {date}: {why}",
        code="NL-N013",
        kept="everything; a trace only reads",
        advice=f"nightlabel verify {date} -u {usecase}, which names what waits for the next night",
        source=source,
    )
