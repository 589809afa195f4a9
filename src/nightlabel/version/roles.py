"""Roles of the records by calendar month: the past trains, the next months select, the last months judge."""

import hashlib
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.errors import RefusedError

ROLES = ("fit", "validation", "holdout")


def split(times: "pd.Series[Any]", *, holdout_months: int, validation_months: int) -> "pd.Series[str]":
    """Give each record its role, by calendar months counted back from the month of the last record.

    The month of the last record counts as a whole month, however few of its days have records. Every fit
    record is earlier than every validation record, and that earlier than every holdout record.

    Args:
        times: Dates or timestamps without gaps, any order.
        holdout_months: Months at the end that are the holdout, >= 1.
        validation_months: Months before them that are the validation, >= 1.

    Returns:
        ``fit``, ``validation`` or ``holdout`` per record, with the index of ``times``.

    Raises:
        RefusedError: ``NL-V002``, a time is missing, or a role has no records.
    """
    months = _months(times)
    back = (int(months.max()) if len(months) else 0) - months
    is_holdout, is_fit = back < holdout_months, back >= holdout_months + validation_months
    roles = np.select([is_holdout, is_fit], ["holdout", "fit"], "validation")
    rows = {role: int((roles == role).sum()) for role in ROLES}
    if empty := [role for role, count in rows.items() if not count]:
        raise RefusedError(
            f"a split by time leaves no records for {' and '.join(empty)}: the data spans"
            f" {_span(months)} months, {holdout_months + validation_months + 1} with records are needed",
            code="NL-V002",
            kept="the validated records",
            advice="give data that spans more months, or lower holdout_months in usecase.toml",
            rows=rows,
        )
    return pd.Series(roles, index=times.index, dtype="str", name="role")


def holdout_digest(ids: pd.DataFrame) -> str:
    """Name the frozen holdout by its records, in whatever order they stand.

    Args:
        ids: Columns that identify a record, such as ``source_version`` and ``row``.

    Returns:
        SHA-256 in hex over the sorted identities.
    """
    columns = sorted(ids.columns)
    lines = sorted("\x1f".join(map(str, line)) for line in ids[columns].itertuples(index=False))
    return hashlib.sha256("\x1e".join([*columns, *lines]).encode()).hexdigest()


def _months(times: "pd.Series[Any]") -> NDArray[np.int64]:
    if bool(times.isna().any()):
        raise RefusedError(
            f"{int(times.isna().sum())} records have no time, so no split by time can place them",
            code="NL-V002",
            kept="the validated rows; nothing was split",
            advice="make the time a required field of the schema",
        )
    stamps = pd.DatetimeIndex(pd.Series(times.to_numpy(dtype=object), dtype="datetime64[us]"))
    return np.asarray(stamps.year * 12 + stamps.month, dtype=np.int64)


def _span(months: NDArray[np.int64]) -> int:
    return int(months.max() - months.min() + 1) if len(months) else 0
