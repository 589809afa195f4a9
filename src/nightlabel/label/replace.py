"""Takes the records of replaced files out of a partition: data files that hold them are written afresh."""

import io
import uuid
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from nightlabel.label import held, papers, tally, writing
from nightlabel.label.names import labels
from nightlabel.label.papers import DataFile, Plan
from nightlabel.label.reads import side_by_side
from nightlabel.label.table import TableFile
from nightlabel.label.tally import WHOLE_FILE, Tally
from nightlabel.store import Store

IDENTITY = ["source", "source_version", "row"]
_READS = 5  # reads of one data file whose pages are not those of their checksums
_AHEAD = 4  # data files that are read at once
_ROWS = 262_144  # rows of a data file that are open at the same time

Rows = TypeVar("Rows", pa.Table, pa.RecordBatch)


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes from a partition.

    Attributes:
        remove: Data files that leave the table.
        add: Data files with the records of ``remove`` that stay.
        ids: Tally of the records that go.
    """

    remove: tuple[TableFile, ...] = ()
    add: tuple[DataFile, ...] = ()
    ids: Tally = Tally()  # noqa: RUF009 - a Tally is frozen


def removal(lake: Store, plan: Plan, files: Sequence[TableFile], sources: AbstractSet[str]) -> Removal:
    """Take the records of some sources out of a partition.

    Args:
        lake: The lake.
        plan: The plan that replaces them.
        files: The partition's data files.
        sources: The files whose records go, in any version.

    Returns:
        The change; what stays is stored already, where no reader sees it before the commit.
    """
    attempt = uuid.uuid4().hex
    remove, add, ids = list[TableFile](), list[DataFile](), Tally()
    read_rows = side_by_side(lambda file: read(lake, plan.usecase, file), files, _AHEAD)
    for number, (file, rows) in enumerate(zip(files, read_rows, strict=True)):
        gone = [source for source in rows.column("source").unique().to_pylist() if source in sources]
        if not gone:
            continue
        goes = pc.is_in(rows.column("source"), value_set=pa.array(gone, pa.string()))
        remove.append(file)
        ids += tally_of(rows.filter(goes))
        if len(stay := rows.filter(pc.invert(goes))):
            name = f"{attempt}-{number:05d}"
            add.append(writing.store(lake, plan, stay, outcome=file.outcome, name=name))
    return Removal(tuple(remove), tuple(add), ids)


def read(lake: Store, usecase: str, file: TableFile) -> pa.Table:
    """Read one data file of the table, without the partition columns.

    The file may be ours or another engine's; pages are held against their checksums.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        file: The data file.

    Raises:
        UnavailableError: ``NL-B007``, its bytes are damaged each time.
    """
    key = f"{labels(usecase)}/{file.path}"
    for _ in range(_READS):
        data = lake.get(key)
        try:
            return plain(pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True).read())
        except (pa.ArrowInvalid, OSError) as error:
            fault = error
    raise papers.damaged(key, str(fault)) from fault


def batches(data: bytes, columns: list[str]) -> Iterator[pa.RecordBatch]:
    """Open the bytes of a data file, some rows at a time; pages are held against their checksums.

    Args:
        data: The bytes.
        columns: The columns to read; the names of files come dictionary-encoded.
    """
    opened = pq.ParquetFile(io.BytesIO(data), page_checksum_verification=True, read_dictionary=IDENTITY[:2])
    yield from opened.iter_batches(_ROWS, columns=columns)


def plain(rows: Rows) -> Rows:
    """Give rows with the types that we write: other engines keep views of text, and we dictionaries."""
    return rows.cast(pa.schema([field.with_type(_plain(field.type)) for field in rows.schema]))


def tally_of(rows: pa.Table) -> Tally:
    """Tally the record ids of table rows."""
    ids = Tally()
    for part in rows.select(IDENTITY).to_batches():
        seeds, file = held.by_file(part)
        ids += tally.of_rows(seeds, file, _ordinals(part.column("row")).to_numpy(zero_copy_only=False))
    return ids


def by_file(rows: pa.Table) -> Iterator[tuple[tuple[str, str], tally.Ordinals]]:
    """Give the row ordinals of each ``(source, source_version)`` of table rows, in no order.

    Args:
        rows: Rows with at least the columns of ``IDENTITY``.

    Yields:
        The file, and its ordinals, shape (records,), ``WHOLE_FILE`` for a file that is one id.
    """
    numbered = rows.set_column(rows.schema.get_field_index("row"), "row", _ordinals(rows.column("row")))
    grouped = numbered.group_by(IDENTITY[:2]).aggregate([("row", "list")])
    keys = zip(
        grouped.column("source").to_pylist(), grouped.column("source_version").to_pylist(), strict=True
    )
    for key, ordinals in zip(keys, grouped.column("row_list"), strict=True):
        yield key, ordinals.values.to_numpy(zero_copy_only=False)


def _ordinals(rows: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.fill_null(rows, WHOLE_FILE)


def _plain(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_dictionary(kind):
        return _plain(kind.value_type)
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    return pa.string() if pa.types.is_string_view(kind) or pa.types.is_large_string(kind) else kind
