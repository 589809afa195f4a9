"""The night for people and monitors, and for the forecasts of later nights; written after its commit."""

from collections.abc import Sequence
from datetime import datetime

from nightlabel.label import paces, papers
from nightlabel.label import receipts as all_receipts
from nightlabel.label.history import summary_key
from nightlabel.label.papers import Plan, Receipt, Summary
from nightlabel.label.receipts import counted, unknown_share
from nightlabel.label.table import Commit
from nightlabel.store import Store


def read_summary(lake: Store, usecase: str, date: str, run: str) -> Summary | None:
    """Give the summary of a night, or nothing where it was not committed."""
    return papers.find(lake, summary_key(usecase, date, run), Summary)


def summarise(lake: Store, plan: Plan, commit: Commit, checked: Sequence[Receipt]) -> None:
    """Write the summary of a committed night, where it is not there yet.

    Args:
        lake: The lake.
        plan: The plan.
        commit: What was committed from it.
        checked: All of its receipts; none where they have to be read again.
    """
    if read_summary(lake, plan.usecase, plan.date, plan.run) is None:
        checked = checked or all_receipts.complete(lake, plan)
        key = summary_key(plan.usecase, plan.date, plan.run)
        lake.create(key, summary(plan, checked, commit).sealed())


def summary(plan: Plan, receipts: Sequence[Receipt], commit: Commit) -> Summary:
    """Give the night for people and monitors.

    Args:
        plan: The plan.
        receipts: All of its
        commit: What was committed from them.
    """
    own = [r for r in receipts if r.run == plan.run]
    records, seconds = sum(r.records for r in receipts), _seconds(own)
    return Summary(
        usecase=plan.usecase,
        date=plan.date,
        run=plan.run,
        generation=commit.generation,
        table_version=commit.version,
        model=plan.model,
        files=plan.files,
        bytes=sum(r.bytes for r in receipts),
        records=records,
        labelled=sum(r.labelled for r in receipts),
        quarantined=counted(r.quarantined for r in receipts),
        unknown_share=unknown_share(receipts),
        extra_columns=counted(r.extra_columns for r in receipts),
        partition_records=commit.facts["ids"]["count"],
        carried_files=plan.carried.files if plan.carried else 0,
        replaced_files=plan.replaces,
        shards=len(receipts),
        empty=commit.facts["ids"]["count"] == 0,
        seconds=seconds,
        records_per_second=round(sum(r.records for r in own) / seconds, 1) if seconds else 0.0,
        forecast=plan.forecast,
        took=round(max(0.0, (commit.at - datetime.fromisoformat(plan.created)).total_seconds()), 3),
        pace=paces.measured(plan, own, commit.at),
        left_files=plan.left_files,
        complete=plan.files / max(1, plan.files + plan.left_files) if plan.left_files else 1.0,
    )


def _seconds(receipts: Sequence[Receipt]) -> float:
    if not receipts:
        return 0.0
    starts = [datetime.fromisoformat(r.started).timestamp() for r in receipts]
    ends = [start + r.seconds for start, r in zip(starts, receipts, strict=True)]
    return round(max(ends) - min(starts), 3)
