"""The one door to Delta Lake: the labels table of a use case, its snapshots and its commits.

Its library is imported where it is used: a shard writes data files and opens no table.
"""

import contextlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from nightlabel.errors import NightlabelError, RefusedError, UnavailableError
from nightlabel.label import papers
from nightlabel.label.names import labels
from nightlabel.label.papers import DataFile, Outcome
from nightlabel.settings import settings
from nightlabel.store import Store, words
from nightlabel.store.store import s3_options

if TYPE_CHECKING:
    from deltalake import DeltaTable
    from deltalake.transaction import AddAction, RemoveAction

PARTITIONS = ["date", "outcome"]
METADATA = "nightlabel"
"""Name under which a commit's metadata holds ours, as JSON text."""

_LOOK_BACK = 32  # commits that are read at first when one is looked for
_PROPERTIES = {"delta.enableExpiredLogCleanup": "false"}  # the log is the account of all generations


class ConflictError(Exception):
    """Another commit was first; nothing was written."""


class AmbiguousError(Exception):
    """No clear answer came: the commit may have landed."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """One data file of a snapshot; ``path`` is below the table's root."""

    path: str
    outcome: Outcome
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class Commit:
    """One committed generation of a date, as the table's log tells it."""

    version: int
    at: datetime
    date: str
    generation: int
    run: str
    facts: Mapping[str, Any]


def find(lake: Store, usecase: str) -> "DeltaTable | None":
    """Open the labels table at its newest version, or give nothing where there is none yet.

    Raises:
        RefusedError: ``NL-B009``, the store refuses it.
        UnavailableError: ``NL-B001``, the store did not answer.
    """
    from deltalake import DeltaTable
    from deltalake.exceptions import TableNotFoundError

    with translated(), contextlib.suppress(TableNotFoundError):
        return DeltaTable(lake.at(labels(usecase)), storage_options=_options(lake))
    return None


def ensure(lake: Store, usecase: str, schema: pa.Schema) -> "DeltaTable":
    """Open the labels table; make it on first use, add columns that the card carries since.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        schema: All columns, the partition columns included.

    Raises:
        RefusedError: ``NL-B009``, the store refuses it.
        UnavailableError: ``NL-B001``, the store did not answer.
    """
    from deltalake import Schema
    from deltalake.exceptions import CommitFailedError

    table = find(lake, usecase) or _create(lake, usecase, schema)
    missing = [f for f in Schema.from_arrow(schema).fields if f.name not in _names(table)]
    if missing:
        with translated():
            with contextlib.suppress(CommitFailedError):  # whoever was first added the same columns
                table.alter.add_columns(missing)
            table.update_incremental()
    return table


def column_types(table: "DeltaTable") -> dict[str, pa.DataType]:
    """Give the storage type of each column of a table."""
    return {field.name: field.type for field in pa.schema(table.schema().to_arrow())}


def generation(table: "DeltaTable", usecase: str, date: str) -> int:
    """Give the newest generation of a date in a snapshot; 0 where the date was not committed."""
    with translated():
        return table.transaction_version(_application(usecase, date)) or 0


def commits(table: "DeltaTable", date: str = "") -> Iterator[Commit]:
    """Give the committed generations, the newest first; of one date, or of all."""
    seen, limit = 0, _LOOK_BACK
    while True:
        with translated():
            history = table.history(limit)
        for entry in history[seen:]:
            if (commit := _commit(entry)) and date in ("", commit.date):
                yield commit
        if len(history) < limit:
            return
        seen, limit = len(history), limit * 4


def committed(table: "DeltaTable", date: str, number: int) -> Commit | None:
    """Give one generation of a date."""
    return next((c for c in commits(table, date) if c.generation == number), None)


def files(table: "DeltaTable", date: str = "") -> list[TableFile]:
    """Give the data files of a snapshot, by path; of one date, or of all."""
    with translated():
        actions = pa.table(table.get_add_actions(flatten=True)).to_pydict()
    if not actions["path"]:
        return []
    names = ("path", "partition.outcome", "num_records", "size_bytes", "partition.date")
    rows = zip(*(actions[name] for name in names), strict=True)
    return sorted(
        (TableFile(path, outcome, n, size) for path, outcome, n, size, day in rows if date in ("", str(day))),
        key=lambda file: file.path,
    )


def dates(table: "DeltaTable") -> list[str]:
    """Give the dates that have records, in order."""
    with translated():
        return sorted({str(partition["date"]) for partition in table.partitions()})


def commit(
    table: "DeltaTable",
    facts: Mapping[str, Any],
    *,
    add: Sequence[DataFile],
    remove: Sequence[TableFile],
) -> None:
    """Show one generation of a date in one transaction.

    Args:
        table: The snapshot that the change was made from.
        facts: Written into the commit's metadata; at least ``usecase``, ``date``, ``run`` and
            ``generation``, whose predecessor stands in ``table``.
        add: Data files that become visible.
        remove: Data files that go.

    Raises:
        ConflictError: Another commit was first.
        AmbiguousError: No clear answer came.
        RefusedError: ``NL-B009``, the store refuses it.
    """
    from deltalake import CommitProperties, Transaction
    from deltalake.exceptions import CommitFailedError, DeltaError

    date = facts["date"]
    properties = CommitProperties(
        custom_metadata={METADATA: json.dumps(dict(facts))},
        app_transactions=[Transaction(_application(facts["usecase"], date), facts["generation"])],
    )
    actions: list[AddAction | RemoveAction] = [
        *(_added(file, date) for file in add),
        *(_removed(file, date) for file in remove),
    ]
    try:
        table.create_write_transaction(
            actions, "append", table.schema(), partition_by=PARTITIONS, commit_properties=properties
        )
    except CommitFailedError as error:
        raise ConflictError(str(error)) from error
    except (DeltaError, OSError) as error:
        if words.refusal(str(error)):
            raise _failed(error) from error
        raise AmbiguousError(words.one_line(str(error))) from error


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what the table's library raises in the block into errors of ours.

    Raises:
        RefusedError: ``NL-B009``, the store refuses it.
        UnavailableError: ``NL-B001``, the store did not answer; ``NL-B007``, a data file is damaged.
    """
    from deltalake.exceptions import DeltaError

    try:
        yield
    except (DeltaError, OSError) as error:
        raise _failed(error) from error
    except pa.ArrowInvalid as error:
        raise papers.damaged("a data file of the labels table", words.one_line(str(error))) from error


def _create(lake: Store, usecase: str, schema: pa.Schema) -> "DeltaTable":
    from deltalake import CommitProperties, DeltaTable, Schema
    from deltalake.exceptions import DeltaError

    fault: Exception = OSError("the labels table could not be made")
    never_twice = CommitProperties(
        max_commit_retries=0
    )  # a retry would commit a second creation as version 1
    try:
        DeltaTable.create(
            lake.at(labels(usecase)),
            Schema.from_arrow(schema),
            mode="error",
            partition_by=PARTITIONS,
            configuration=_PROPERTIES,
            storage_options=_options(lake),
            commit_properties=never_twice,
        )
    except (DeltaError, OSError) as error:
        fault = error  # a race was lost, or an answer, and the table is there; or it is not
    if table := find(lake, usecase):
        return table
    raise _failed(fault) from fault


def _application(usecase: str, date: str) -> str:
    return f"{usecase}/{date}"


def _names(table: "DeltaTable") -> set[str]:
    return {field.name for field in table.schema().fields}


def _options(lake: Store) -> dict[str, str]:
    if not lake.uri.startswith("s3://"):
        return {}
    return {**s3_options(settings()), "aws_conditional_put": "etag"}


def _added(file: DataFile, date: str) -> "AddAction":
    from deltalake.transaction import AddAction

    partition = {"date": date, "outcome": file.outcome}
    stats = json.dumps({"numRecords": file.rows})
    return AddAction(file.path, file.size, partition, _now(), data_change=True, stats=stats)


def _removed(file: TableFile, date: str) -> "RemoveAction":
    from deltalake.transaction import RemoveAction

    partition: dict[str, str | None] = {"date": date, "outcome": file.outcome}
    return RemoveAction(file.path, True, _now(), file.size, partition)


def _now() -> int:
    return int(time.time() * 1000)


def _commit(entry: Mapping[str, Any]) -> Commit | None:
    if METADATA not in entry:
        return None  # the table's creation, or the upkeep of another engine
    facts = json.loads(entry[METADATA])
    return Commit(
        version=entry["version"],
        at=datetime.fromtimestamp(entry["timestamp"] / 1000, UTC),
        date=facts["date"],
        generation=facts["generation"],
        run=facts["run"],
        facts=facts,
    )


def _failed(error: Exception) -> NightlabelError:
    if why := words.refusal(str(error)):
        return RefusedError(
            f"the store refuses to read or write the labels table: {why}; {words.one_line(str(error), 160)}",
            code="NL-B009",
            kept="everything",
            advice="nightlabel doctor",
        )
    return UnavailableError(
        f"the labels table did not answer: {words.one_line(str(error))}",
        code="NL-B001",
        kept="everything",
        advice="run the step again: what is done is skipped",
    )
