"""What an earlier run of the same night has done already: its finished shards are taken over.

A shard is taken over if it left a receipt that adds up, and all of its files are wanted still, in exactly
those versions, by the same model and the same code. A run that was asked for something else (a replay), or
that planned another generation, has nothing to give. A file that had changed when it was read is read again.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nightlabel.label import inputs, papers, receipts
from nightlabel.label.compare import Mask
from nightlabel.label.names import label_date
from nightlabel.label.papers import Origin, Plan, Receipt, Shard
from nightlabel.label.reads import side_by_side
from nightlabel.store import Store

CHANGED = "NL-B010"

Ours = Callable[[Plan], bool]


@dataclass(frozen=True, slots=True)
class Resumed:
    """What is taken over.

    Attributes:
        shards: The finished shards of earlier runs, under the names that they had there.
        left: Which of the wanted files are in none of them, shape (files,).
    """

    shards: tuple[Shard, ...]
    left: Mask


def plans(lake: Store, usecase: str, date: str) -> list[Plan]:
    """Give the plans of all runs of a date, the newest first.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        date: The label date.
    """
    listed = lake.list(f"{usecase}/nights/{label_date(date)}")
    keys = [entry.key for entry in listed if entry.key.endswith("/plan.json")]
    found = side_by_side(lambda key: papers.find(lake, key, Plan), keys)
    return sorted((plan for plan in found if plan), key=lambda plan: plan.created, reverse=True)


def resume(lake: Store, usecase: str, date: str, wanted: pa.Table, ours: Ours) -> Resumed:
    """Take over what earlier runs have done.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        date: The label date.
        wanted: ``key``, ``version`` and ``size`` of the files that are to be labelled.
        ours: Tells whether a plan was made for the same generation, by the same model and code.

    Raises:
        UnavailableError: ``NL-B007``, a plan, a receipt or a list of files is damaged.
    """
    shards, left = list[Shard](), np.ones(len(wanted), bool)
    earlier = (
        [plan for plan in plans(lake, usecase, date) if plan.shards and ours(plan)] if len(wanted) else []
    )
    sizes = receipts.data_sizes(lake, usecase, date) if earlier else {}
    for plan in earlier:
        for shard in _finished(lake, plan, sizes):
            rows = _rows(wanted, inputs.table(lake, plan, shard))
            if rows is not None and left[rows].all():
                left[rows] = False
                shards.append(shard)
    return Resumed(tuple(shards), left)


def _finished(lake: Store, plan: Plan, sizes: Mapping[str, int]) -> Iterator[Shard]:
    found = receipts.stored(lake, plan)
    for shard in plan.shards:
        receipt = found[shard.name]
        if receipt and _adds_up(plan, shard, receipt, sizes):
            origin = shard.origin or Origin(run=plan.run, shard=shard.name)
            yield shard.model_copy(update={"origin": origin})


def _adds_up(plan: Plan, shard: Shard, receipt: Receipt, sizes: Mapping[str, int]) -> bool:
    same = receipt.model_sha256 == plan.model.sha256 and CHANGED not in receipt.quarantined
    return same and not receipts.fault(shard, receipt, sizes)


def _rows(wanted: pa.Table, files: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]] | None:
    """Give the rows of files among those that are wanted; nothing where one is not, or in another version."""
    at = pc.index_in(files.column("source"), wanted.column("key").combine_chunks())
    if at.null_count:
        return None
    same = wanted.column("version").take(at).equals(files.column("source_version"))
    return at.combine_chunks().to_numpy() if same else None
