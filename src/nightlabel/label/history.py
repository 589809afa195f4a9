"""The committed generations of a date: which run made each, and what inputs it holds."""

from typing import TYPE_CHECKING

import pyarrow as pa

from nightlabel.errors import UnavailableError
from nightlabel.label import inputs, papers, table
from nightlabel.label.names import label_date, night
from nightlabel.label.papers import Plan
from nightlabel.label.table import Commit
from nightlabel.store import Store

if TYPE_CHECKING:
    from deltalake import DeltaTable


def plan_key(usecase: str, date: str, run: str) -> str:
    """Give the key of a night's plan."""
    return f"{night(usecase, date, run)}/plan.json"


def summary_key(usecase: str, date: str, run: str) -> str:
    """Give the key of a night's summary."""
    return f"{night(usecase, date, run)}/summary.json"


def part_key(usecase: str, date: str, run: str) -> str:
    """Give the key of what a night published in part, where it was not done at its deadline."""
    return f"{night(usecase, date, run)}/part.json"


def generations(lake: Store, usecase: str, date: str) -> list[Commit]:
    """Give the committed generations of a date, the first one first.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        date: The label date.

    Returns:
        One commit per generation; empty where the date was not run.
    """
    found = table.find(lake, usecase)
    return sorted(table.commits(found, label_date(date)), key=lambda c: c.generation) if found else []


def head(labels: "DeltaTable", usecase: str, date: str) -> Commit | None:
    """Give the newest generation of a date in a snapshot, or nothing where the date was not run."""
    number = table.generation(labels, usecase, date)
    return known(labels, usecase, date, number) if number else None


def known(labels: "DeltaTable", usecase: str, date: str, number: int) -> Commit:
    """Give one generation that the snapshot has.

    Raises:
        UnavailableError: ``NL-B003``, the table's log does not tell which run committed it.
    """
    if commit := table.committed(labels, date, number):
        return commit
    raise UnavailableError(
        f"the log of the labels table does not tell who committed generation {number} of {date}",
        code="NL-B003",
        kept="everything; nothing was deleted",
        advice="run the step again; if it stays, look whether the table's log was cleaned",
        usecase=usecase,
        date=date,
        generation=number,
    )


def inputs_of(lake: Store, usecase: str, commit: Commit | None) -> pa.Table:
    """Give the pinned inputs that a generation holds; none where there is no generation.

    Returns:
        ``inputs.COLUMNS``, one row per source.

    Raises:
        UnavailableError: ``NL-B007``, the plan of its run is damaged or gone.
    """
    if commit is None:
        return inputs.COLUMNS.empty_table()
    return inputs.of_generation(lake, plan_of(lake, usecase, commit))


def plan_of(lake: Store, usecase: str, commit: Commit) -> Plan:
    """Give the plan that a generation was made from, or the part of it that was published.

    Raises:
        UnavailableError: As ``inputs_of``.
    """
    key_of = part_key if commit.facts.get("left_files") else plan_key
    key = key_of(usecase, commit.date, commit.run)
    if plan := papers.find(lake, key, Plan):
        return plan
    raise papers.damaged(key, "it is gone, but a generation was committed from it")
