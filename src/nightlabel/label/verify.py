"""Accounts for every record of a partition, from the inbox to the table.

Reads only. The rows of the table and the files of the inbox are read again, and both are held against the
papers of all committed generations. Files that wait for the next night are no difference.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from nightlabel.contract import UseCase
from nightlabel.label import held, history, inputs, replace, table, tally
from nightlabel.label import receipts as all_receipts
from nightlabel.label.compare import compare
from nightlabel.label.held import Held
from nightlabel.label.inputs import Input
from nightlabel.label.names import label_date, labels, printable
from nightlabel.label.papers import Accounting, Receipt
from nightlabel.label.plan import listed
from nightlabel.label.reading import counts
from nightlabel.label.reads import side_by_side
from nightlabel.label.table import Commit, TableFile
from nightlabel.label.tally import WHOLE_FILE, Ordinals, Tally
from nightlabel.store import Store
from nightlabel.store.store import MissingError

_NAMED = 20  # differences, and notes, that are told one by one
_COLUMNS = [*replace.IDENTITY, "error_code"]
_READS = 5  # reads of one data file whose bytes are not those of its receipt
_AHEAD = 4  # data files that are read at once
_SUSPECTS = 100_000  # files whose records are looked at one by one at the same time

Rows = Callable[[], Iterator[pa.RecordBatch]]
Tables = Callable[[], Iterator[pa.Table]]


@dataclass(slots=True)
class _Sentences:
    """The first sentences, and how many more there were."""

    first: list[str] = field(default_factory=list)
    more: int = 0

    def tell(self, sentence: str) -> None:
        if len(self.first) < _NAMED:
            self.first.append(sentence)
        else:
            self.more += 1

    def told(self) -> tuple[str, ...]:
        return (*self.first, *([f"and {self.more} more"] if self.more else []))


@dataclass(slots=True)
class _Found:
    """What does not add up, and what a person may want to know."""

    missing: int = 0
    unexpected: int = 0
    duplicates: int = 0
    read_again: int = 0
    differences: _Sentences = field(default_factory=_Sentences)
    notes: _Sentences = field(default_factory=_Sentences)


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
    files = listed(usecase, lake, label_date(date))
    snapshot = table.find(lake, name)
    head = history.head(snapshot, name, date) if snapshot else None
    if snapshot is None or head is None:
        return _accounting(name, date, None, found, inbox_files=len(files), waiting=len(files))
    commits = sorted(table.commits(snapshot, date), key=lambda commit: commit.generation)
    receipts = {commit.generation: _receipts(lake, name, commit, found) for commit in commits}
    plan = history.plan_of(lake, name, head)
    there = Held(inputs.parts(lake, plan))
    data = table.files(snapshot, date)
    for rows in _rows(lake, name, data, found, _digests(receipts)):
        there.add(rows)
    _hold_against_papers(found, there.ids, commits, receipts)
    pinned = partial(inputs.parts, lake, plan)
    _hold_against_plan(found, there, pinned, lambda: _rows(lake, name, data, _Found(), {}))
    compared = compare(files, pinned())
    facts = {"inbox_files": len(files), "waiting": int((~compared.same).sum())}
    here = ~compared.stays(compared.same)
    del files, compared
    again = (file for part in inputs.some(lake, plan, here) for file in inputs.rows(part))
    _hold_against_inbox(found, there, np.flatnonzero(here), counts(usecase, lake, again))
    facts |= {"gone": int((~here).sum()), "files": len(here)}
    if left := head.facts.get("left_files"):
        found.notes.tell(f"published in part: {left:,} files of its plan were not done at the deadline")
    return _accounting(name, date, head, found, **facts, **_outcomes(there))


def _receipts(lake: Store, usecase: str, commit: Commit, found: _Found) -> list[Receipt]:
    stored = all_receipts.stored(lake, history.plan_of(lake, usecase, commit))
    receipts = [receipt for receipt in stored.values() if receipt]
    if len(receipts) < len(stored):
        found.differences.tell(
            f"generation {commit.generation}: {len(receipts)} of {len(stored)} receipts are left"
        )
    return receipts


def _digests(receipts: Mapping[int, Sequence[Receipt]]) -> dict[str, str]:
    return {file.path: file.sha256 for group in receipts.values() for r in group for file in r.data}


def _rows(
    lake: Store, usecase: str, files: Sequence[TableFile], found: _Found, digests: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    """Read the rows of data files, and hold the files against the log and the receipts."""

    def read(file: TableFile) -> tuple[TableFile, bytes | None, str]:
        return file, *_data(lake, f"{labels(usecase)}/{file.path}", digests.get(file.path, ""))

    for file, data, digest in side_by_side(read, files, _AHEAD):
        if data is None:
            found.differences.tell(f"data file {file.path} is gone")
            continue
        if digest != digests.get(file.path, digest):
            found.differences.tell(f"data file {file.path} is not the one of its receipt")
        rows = 0
        try:
            for part in replace.batches(data, _COLUMNS):
                rows += len(part)
                yield part
        except (pa.ArrowInvalid, OSError) as error:
            found.differences.tell(f"data file {file.path} cannot be read: {printable(str(error), 80)}")
            continue
        if rows != file.rows:
            found.differences.tell(f"data file {file.path} has {rows} rows, the log says {file.rows}")


def _data(lake: Store, key: str, known: str) -> tuple[bytes | None, str]:
    """Give the bytes of a data file and their digest; bytes that changed on their way are read again."""
    for _ in range(_READS):
        try:
            data = lake.get(key)
        except MissingError:
            return None, ""
        digest = hashlib.sha256(data).hexdigest()
        if digest == (known or digest):
            break
    return data, digest


def _hold_against_papers(
    found: _Found, there: Tally, commits: Sequence[Commit], receipts: Mapping[int, Sequence[Receipt]]
) -> None:
    before = Tally()
    for commit in commits:
        new = tally.total(receipt.ids for receipt in receipts[commit.generation])
        after = before - Tally(**commit.facts["replaced"]) + new
        before = Tally(**commit.facts["ids"])
        if after != before:
            found.differences.tell(
                f"generation {commit.generation}: its receipts come to {after.count} records, "
                f"its commit to {before.count}, or their ids differ"
            )
    if there != before:
        found.differences.tell(
            f"the table holds {there.count} records, its newest commit {before.count}, or their ids differ"
        )


def _hold_against_plan(found: _Found, there: Held, pinned: Tables, rows: Rows) -> None:
    """Look at the records of suspects one by one."""
    suspects = np.unique(there.suspects(), axis=0)
    for start in range(0, len(suspects), _SUSPECTS):
        group = suspects[start : start + _SUSPECTS]
        theirs = pa.Table.from_batches([held.of(replace.plain(part), group) for part in rows()])
        versions = _versions(pinned(), theirs.column("source").unique())
        for (source, version), ordinals in replace.by_file(theirs):
            _hold_file(found, source, ordinals, known=versions.get(source) == version)


def _versions(pinned: Iterable[pa.Table], sources: pa.Array) -> dict[str, str]:
    found = [part.filter(pc.is_in(part.column("source"), sources)) for part in pinned]
    rows = pa.concat_tables([inputs.COLUMNS.empty_table(), *found])
    return dict(zip(*(rows.column(n).to_pylist() for n in ("source", "source_version")), strict=True))


def _hold_file(found: _Found, source: str, ordinals: Ordinals, *, known: bool) -> None:
    distinct = np.unique(ordinals)
    if doubles := len(ordinals) - len(distinct):
        found.duplicates += doubles
        _tell(found, source, f"{doubles} records are in the table more than once")
    if not known:
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
    found: _Found, there: Held, positions: Ordinals, counted: Iterable[tuple[Input, int | None]]
) -> None:
    """Hold files that were read again against the table.

    Args:
        found: Takes what differs.
        there: The table.
        positions: Position of each file in the table's account, shape (files,).
        counted: Each file, and its records; nothing for one that cannot be split into records.
    """
    whole, last = there.whole > 0, there.last
    for at, (file, records) in zip(positions.tolist(), counted, strict=True):
        found.read_again += 1
        if whole[at] and records is not None:
            name = printable(file.source)
            found.notes.tell(f"{name}: quarantined as a whole, could be read now: replay it")
            continue
        expected, stands = 1 if records is None else records, 1 if whole[at] else int(last[at]) + 1
        found.missing += max(0, expected - stands)
        found.unexpected += max(0, stands - expected)
        if expected != stands:
            _tell(found, file.source, f"{expected} records in the inbox, {stands} in the table")


def _tell(found: _Found, source: str, what: str) -> None:
    found.differences.tell(f"{printable(source)}: {what}")


def _outcomes(there: Held) -> dict[str, object]:
    quarantined = {code: n for code, n in there.codes.items() if code is not None}
    facts = {"records": there.ids.count, "labelled": there.codes[None]}
    return {**facts, "quarantined": dict(sorted(quarantined.items()))}


def _accounting(usecase: str, date: str, head: Commit | None, found: _Found, **facts: object) -> Accounting:
    numbers = {"gone": 0, "files": 0, "records": 0, "labelled": 0, "quarantined": {}} | facts
    if head is None:
        found.notes.tell(f"{date} was not run")
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
        differences=found.differences.told(),
        notes=found.notes.told(),
        ok=head is not None and not found.differences.first,
        **numbers,
    )
