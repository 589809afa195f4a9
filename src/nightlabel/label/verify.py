"""Accounts for every record of a partition, from the inbox to the table.

Reads only. The rows of the table and the files of the inbox are read again, and both are held against the
papers of all committed generations. Files that wait for the next night are no difference.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from nightlabel.contract import UseCase
from nightlabel.label import history, papers, replace, table, tally
from nightlabel.label.inputs import Input
from nightlabel.label.names import label_date, labels, printable
from nightlabel.label.papers import Accounting, Receipt
from nightlabel.label.plan import listed, waiting
from nightlabel.label.reading import count, read_ahead
from nightlabel.label.receipts import receipt_key
from nightlabel.label.table import Commit, TableFile
from nightlabel.label.tally import WHOLE_FILE, Ordinals, Tally
from nightlabel.store import Store

_NAMED = 20  # differences, and notes, that are told one by one
_COLUMNS = [*replace.IDENTITY, "error_code"]

Standing = Mapping[str, Input]
Held = Mapping[tuple[str, str], Ordinals]


@dataclass(slots=True)
class _Found:
    """What does not add up, and what a person may want to know."""

    missing: int = 0
    unexpected: int = 0
    duplicates: int = 0
    read_again: int = 0
    differences: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def verify(usecase: UseCase, lake: Store, date: str) -> Accounting:
    """Account for every record of a partition.

    Args:
        usecase: The use case; its schema counts the records of the inbox again.
        lake: The lake.
        date: The label date.

    Returns:
        The accounting; ``ok`` if nothing differs.

    Raises:
        RefusedError: ``NL-H002``, the date is not allowed.
        UnavailableError: The store did not answer, or a plan is damaged.
    """
    name, found = usecase.name, _Found()
    entries = listed(usecase, lake, label_date(date))
    snapshot = table.find(lake, name)
    head = history.head(snapshot, name, date) if snapshot else None
    if snapshot is None or head is None:
        return _accounting(name, date, None, found, inbox_files=len(entries), waiting=len(entries))
    commits = sorted(table.commits(snapshot, date), key=lambda commit: commit.generation)
    receipts = {commit.generation: _receipts(lake, name, commit, found) for commit in commits}
    rows = _rows(lake, name, table.files(snapshot, date), receipts.values(), found)
    standing, held = history.inputs_of(lake, name, head), dict(replace.by_file(rows))
    _hold_against_papers(found, held, commits, receipts)
    _hold_against_plan(found, held, standing)
    late = {entry.key for entry in waiting(entries, standing)}
    here = [standing[e.key] for e in entries if e.key not in late]
    _hold_against_inbox(found, held, usecase, lake, here)
    facts = {"inbox_files": len(entries), "waiting": len(late), "gone": len(standing) - len(here)}
    return _accounting(name, date, head, found, **facts, files=len(standing), **_outcomes(rows))


def _receipts(lake: Store, usecase: str, commit: Commit, found: _Found) -> list[Receipt]:
    plan = history.plan_of(lake, usecase, commit)
    keys = [receipt_key(plan, shard.name) for shard in plan.shards]
    receipts = [receipt for key in keys if (receipt := papers.find(lake, key, Receipt))]
    if len(receipts) < len(keys):
        found.differences.append(
            f"generation {commit.generation}: {len(receipts)} of {len(keys)} receipts are left"
        )
    return receipts


def _rows(
    lake: Store,
    usecase: str,
    files: Sequence[TableFile],
    receipts: Iterable[Sequence[Receipt]],
    found: _Found,
) -> pa.Table:
    digests = {file.path: file.sha256 for group in receipts for r in group for file in r.data}
    parts = []
    for file in files:
        data = lake.get(f"{labels(usecase)}/{file.path}")
        if hashlib.sha256(data).hexdigest() != digests.get(file.path, hashlib.sha256(data).hexdigest()):
            found.differences.append(f"data file {file.path} is not the one of its receipt")
        part = replace.opened(data, _COLUMNS)
        if len(part) != file.rows:
            found.differences.append(f"data file {file.path} has {len(part)} rows, the log says {file.rows}")
        parts.append(part)
    empty = pa.schema([(n, pa.int64() if n == "row" else pa.string()) for n in _COLUMNS]).empty_table()
    return pa.concat_tables([empty, *parts])


def _hold_against_papers(
    found: _Found, held: Held, commits: Sequence[Commit], receipts: Mapping[int, Sequence[Receipt]]
) -> None:
    before = Tally()
    for commit in commits:
        new = tally.total(receipt.ids for receipt in receipts[commit.generation])
        after = before - Tally(**commit.facts["replaced"]) + new
        before = Tally(**commit.facts["ids"])
        if after != before:
            found.differences.append(
                f"generation {commit.generation}: its receipts come to {after.count} records, "
                f"its commit to {before.count}, or their ids differ"
            )
    there = tally.total(tally.of_records(*file, ordinals) for file, ordinals in held.items())
    if there != before:
        found.differences.append(
            f"the table holds {there.count} records, its newest commit {before.count}, or their ids differ"
        )


def _hold_against_plan(found: _Found, held: Held, standing: Standing) -> None:
    for (source, version), ordinals in held.items():
        distinct = np.unique(ordinals)
        if doubles := len(ordinals) - len(distinct):
            found.duplicates += doubles
            _tell(found, source, f"{doubles} records are in the table more than once")
        if source not in standing or standing[source].version != version:
            found.unexpected += len(distinct)
            _tell(found, source, f"{len(distinct)} records of a version that no plan of this state has")
        if gaps := _gaps(distinct):
            found.missing += gaps
            _tell(found, source, f"{gaps} records before its last one are missing")


def _gaps(distinct: Ordinals) -> int:
    if len(distinct) == 1 and distinct[0] == WHOLE_FILE:
        return 0
    return int(distinct[-1]) + 1 - int((distinct != WHOLE_FILE).sum())


def _hold_against_inbox(
    found: _Found, held: Held, usecase: UseCase, lake: Store, here: Sequence[Input]
) -> None:
    for file, payload in read_ahead(lake, here):
        records = count(usecase, payload)
        ordinals = held.get((file.source, file.version), np.array([], np.int64))
        found.read_again += 1
        if WHOLE_FILE in ordinals and records is not None:
            found.notes.append(
                f"{printable(file.source)}: quarantined as a whole, could be read now: replay it"
            )
            continue
        expected, there = 1 if records is None else records, int(ordinals.max(initial=-1)) + 1
        there = 1 if WHOLE_FILE in ordinals else there
        found.missing += max(0, expected - there)
        found.unexpected += max(0, there - expected)
        if expected != there:
            _tell(found, file.source, f"{expected} records in the inbox, {there} in the table")


def _tell(found: _Found, source: str, what: str) -> None:
    found.differences.append(f"{printable(source)}: {what}")


def _outcomes(rows: pa.Table) -> dict[str, object]:
    codes = Counter(rows.column("error_code").to_pylist())
    labelled = codes.pop(None, 0)
    return {"records": len(rows), "labelled": labelled, "quarantined": dict(sorted(codes.items()))}


def _accounting(usecase: str, date: str, head: Commit | None, found: _Found, **facts: object) -> Accounting:
    numbers = {"gone": 0, "files": 0, "records": 0, "labelled": 0, "quarantined": {}} | facts
    if head is None:
        found.notes.append(f"{date} was not run")
    return Accounting(
        usecase=usecase,
        date=date,
        state="not run" if head is None else "labelled" if numbers["records"] else "empty",
        generation=head.generation if head else 0,
        run=head.run if head else "",
        read_again=found.read_again,
        missing=found.missing,
        unexpected=found.unexpected,
        duplicates=found.duplicates,
        differences=tuple(_first(found.differences)),
        notes=tuple(_first(found.notes)),
        ok=head is not None and not found.differences,
        **numbers,
    )


def _first(sentences: Sequence[str]) -> list[str]:
    more = len(sentences) - _NAMED
    return [*sentences[:_NAMED], *([f"and {more} more"] if more > 0 else [])]
