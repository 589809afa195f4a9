"""Holds the receipts of a night against its plan: they decide, not the colour of a task or a pod."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nightlabel.contract import Card
from nightlabel.errors import RefusedError
from nightlabel.label import papers, tally
from nightlabel.label.names import labels, night
from nightlabel.label.papers import Plan, Receipt, Shard
from nightlabel.label.reads import side_by_side
from nightlabel.label.tally import Tally
from nightlabel.store import Store

UNKNOWN_AT_LEAST = 5
"""Records with an unknown category below which a night goes on: one in twelve says nothing yet."""

_AGAIN = "nightlabel night --usecase {usecase} --date {date}: a new run labels again"


def receipt_key(plan: Plan, shard: str) -> str:
    """Give the key of a shard's receipt; one that is taken over has it in the folder of its run."""
    planned = plan.shard(shard)
    origin = planned.origin if planned else None
    run, name = (origin.run, origin.shard) if origin else (plan.run, shard)
    return f"{night(plan.usecase, plan.date, run)}/receipts/{name}.json"


def stored(lake: Store, plan: Plan) -> dict[str, Receipt | None]:
    """Give what receipts there are of a plan, by the names of all of its shards, in their order.

    Raises:
        UnavailableError: ``NL-B007``, a receipt is damaged.
    """
    names = [shard.name for shard in plan.shards]
    found = side_by_side(lambda name: papers.find(lake, receipt_key(plan, name), Receipt), names)
    return dict(zip(names, found, strict=True))


def complete(lake: Store, plan: Plan) -> list[Receipt]:
    """Give all receipts of a plan, in the order of its shards.

    Args:
        lake: The lake.
        plan: The plan.

    Raises:
        RefusedError: ``NL-D006``, shards left no receipt.
        UnavailableError: ``NL-B007``, a receipt is damaged.
    """
    found = stored(lake, plan)
    if missing := [name for name, receipt in found.items() if receipt is None]:
        raise RefusedError(
            f"{len(found) - len(missing)} of {len(found)} receipts although labelling is said to be done",
            code="NL-D006",
            kept="all receipts and data files; nothing was committed",
            advice=f"run the label step again for shard {', '.join(missing[:8])}",
            missing=missing,
        )
    return [receipt for receipt in found.values() if receipt]


def add_up(lake: Store, plan: Plan, receipts: Sequence[Receipt]) -> None:
    """Hold receipts against the plan's model, its inputs, and the data files in the store.

    Args:
        lake: The lake.
        plan: The plan.
        receipts: Its receipts, in the order of its shards.

    Raises:
        RefusedError: ``NL-C001`` a shard was labelled by another model; ``NL-N004`` a receipt does not
            add up, or a data file is missing or has another size.
    """
    if foreign := [r.shard for r in receipts if r.model_sha256 != plan.model.sha256]:
        raise RefusedError(
            f"{len(foreign)} of {len(receipts)} shards were labelled by another model than the plan's",
            code="NL-C001",
            kept="all receipts and data files; nothing was committed",
            advice=_AGAIN.format(usecase=plan.usecase, date=plan.date),
            shards=foreign,
        )
    sizes = data_sizes(lake, plan.usecase, plan.date) if plan.shards else {}
    for shard, receipt in zip(plan.shards, receipts, strict=True):
        if found := fault(shard, receipt, sizes):
            raise RefusedError(
                f"the receipt of shard {shard.name} does not add up: {found}",
                code="NL-N004",
                kept="all receipts and data files; nothing was committed",
                advice=_AGAIN.format(usecase=plan.usecase, date=plan.date),
                shard=shard.name,
            )


def require_known(card: Card, receipts: Sequence[Receipt]) -> None:
    """Stop a night whose records look too little like those of the training.

    Args:
        card: Whose ``unknown_share_at_most`` is the bound.
        receipts: The night's receipts.

    Raises:
        RefusedError: ``NL-A010``, the share of records with an unknown category is above the bound.
    """
    bound, share = card.monitoring.unknown_share_at_most, unknown_share(receipts)
    if share > bound and sum(r.unknown for r in receipts) >= UNKNOWN_AT_LEAST:
        raise RefusedError(
            f"unknown share {share:.0%} > {bound:.0%}",
            code="NL-A010",
            kept="all receipts and data files; nothing was committed",
            advice="look at the inbox, or train on newer data; to accept it, raise unknown_share_at_most",
            share=share,
        )


def unknown_share(receipts: Sequence[Receipt]) -> float:
    """Give the share of labelled records with a category that training never saw."""
    return sum(r.unknown for r in receipts) / max(1, sum(r.labelled for r in receipts))


def ids(receipts: Sequence[Receipt]) -> Tally:
    """Tally the record ids of all receipts."""
    return tally.total(receipt.ids for receipt in receipts)


def counted(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add counts up by name."""
    total = Counter[str]()
    for part in parts:
        total.update(part)
    return dict(sorted(total.items()))


def data_sizes(lake: Store, usecase: str, date: str) -> dict[str, int]:
    """Give the sizes of a date's data files, committed or not, by their path below the table's root."""
    root = labels(usecase)
    return {entry.key.removeprefix(f"{root}/"): entry.size for entry in lake.list(f"{root}/date={date}")}


def fault(shard: Shard, receipt: Receipt, sizes: Mapping[str, int]) -> str:
    """Tell what does not add up in a receipt; empty where all does.

    Args:
        shard: As planned.
        receipt: Its receipt.
        sizes: As of ``data_sizes``.
    """
    rows = Counter[str]()
    for file in receipt.data:
        rows[file.outcome] += file.rows
    quarantined = sum(receipt.quarantined.values())
    if receipt.inputs != shard.inputs:
        return "its files are not those of the plan"
    if receipt.records != receipt.labelled + quarantined or receipt.records != receipt.ids.count:
        return f"{receipt.records} records are not {receipt.labelled} labelled and {quarantined} quarantined"
    if (rows["labelled"], rows["quarantined"]) != (receipt.labelled, quarantined):
        return "its data files have other numbers of records"
    wrong = [file.path for file in receipt.data if sizes.get(file.path) != file.size]
    return f"{len(wrong)} data files are missing or have another size, first {wrong[0]}" if wrong else ""
