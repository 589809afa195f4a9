"""Reads the labels table: one snapshot, so a generation is seen whole or not at all."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds

from nightlabel.label import table
from nightlabel.label.names import label_date
from nightlabel.store import Store

if TYPE_CHECKING:
    from deltalake import DeltaTable

_TYPES = {
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=float("nan")),
}


def read_labels(
    lake: Store, usecase_name: str, date: str | None = None, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Read labels and quarantine, one row per input record.

    Args:
        lake: The lake.
        usecase_name: Name of the use case.
        date: One label date; ``None`` for all.
        columns: The columns to read; ``None`` for all.

    Returns:
        The rows of the newest snapshot, in no order; no columns where nothing was ever committed.

    Raises:
        UnavailableError: ``NL-B001``, the store did not answer.
    """
    if (found := table.find(lake, usecase_name)) is None:
        return pd.DataFrame()
    wanted = None if date is None else ds.field("date") == pa.scalar(label_date(date)).cast(pa.date32())
    with table.translated():
        rows = found.to_pyarrow_dataset().to_table(columns=list(columns) if columns else None, filter=wanted)
    frame: pd.DataFrame = rows.to_pandas(types_mapper=_storage_type)
    return frame


def last_night(lake: Store, usecase_name: str) -> str | None:
    """Give the newest label date that has records, such as ``2026-01-31``."""
    found = table.find(lake, usecase_name)
    dates = table.dates(found) if found else []
    return dates[-1] if dates else None


def quarantined_sources(labels: "DeltaTable", date: str, code: str = "") -> pa.Array:
    """Give the files of a date with records in quarantine.

    Args:
        labels: The snapshot.
        date: The label date.
        code: Only records with this code; empty for all.
    """
    day = pa.scalar(date).cast(pa.date32())
    wanted = (ds.field("date") == day) & (ds.field("outcome") == "quarantined")
    if code:
        wanted &= ds.field("error_code") == code
    with table.translated():
        rows = labels.to_pyarrow_dataset().to_table(columns=["source"], filter=wanted)
    return rows.column("source").unique().cast(pa.string())


def _storage_type(kind: pa.DataType) -> object:
    if pa.types.is_decimal(kind) or pa.types.is_date(kind):
        return pd.ArrowDtype(kind)
    return _TYPES.get(kind)
