"""A night that is not done at its deadline: nothing is published, or what is complete.

What is published in part has a plan of its own, ``part.json`` beside the night's: the shards that were done,
and all files of the generation before that none of them replaces. It is made once, so that every publisher
shows the same part; the files of the other shards are left as they were, and the next plan takes them.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from nightlabel.contract import Card
from nightlabel.label import due, history, inputs, papers, receipts
from nightlabel.label.names import night
from nightlabel.label.papers import Plan, Shard
from nightlabel.store import Store

if TYPE_CHECKING:
    from deltalake import DeltaTable


def standing(lake: Store, plan: Plan, moment: datetime) -> Plan:
    """Give the part of a plan that is published, where a part was made; else the plan."""
    if not due.passed(plan, moment):
        return plan
    return papers.find(lake, history.part_key(plan.usecase, plan.date, plan.run), Plan) or plan


def at_deadline(card: Card, lake: Store, plan: Plan, labels: "DeltaTable") -> Plan:
    """Decide what a night publishes whose deadline has passed.

    Args:
        card: Says whether a part is published.
        lake: The lake.
        plan: The night's plan.
        labels: The labels table, which stands before the plan's generation.

    Returns:
        The plan where all shards are done; else the part of it that is.

    Raises:
        RefusedError: ``NL-N011``, shards are not done, and no part is to be published, or there is none.
    """
    found = receipts.stored(lake, plan)
    undone = [name for name, receipt in found.items() if receipt is None]
    if not undone:
        return plan
    done = tuple(shard for shard in plan.shards if found[shard.name])
    if not (card.publish_partial and done):
        raise due.missed(plan, undone)
    key = history.part_key(plan.usecase, plan.date, plan.run)
    made = _part(lake, plan, labels, done)
    lake.create(key, made.sealed())
    return papers.find(lake, key, Plan) or made


def _part(lake: Store, plan: Plan, labels: "DeltaTable", done: tuple[Shard, ...]) -> Plan:
    head = history.head(labels, plan.usecase, plan.date)
    before = history.plan_of(lake, plan.usecase, head) if head else None
    taken = inputs.tables(lake, plan, done).column("source")
    masks = [pc.is_in(part.column("source"), taken).to_numpy() for part in inputs.parts(lake, before)]
    replaced = np.concatenate([np.empty(0, bool), *masks])
    folder, left = night(plan.usecase, plan.date, plan.run), len(plan.shards) - len(done)
    stays = inputs.some(lake, before, ~replaced)
    carried = inputs.write(lake, folder, "carried", stays) if (~replaced).any() else None
    files = sum(shard.files for shard in done)
    return plan.model_copy(
        update={
            "shards": done,
            "carried": carried,
            "replaces": int(replaced.sum()),
            "left_shards": left,
            "left_files": plan.files - files,
        }
    )
