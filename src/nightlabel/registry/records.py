"""The contract of a model's input: MLflow's own check lets missing values through."""

from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import types

from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError

SOURCE = "source"
"""The column that tells files apart."""

_FAMILIES: tuple[tuple[Callable[[pa.DataType], bool], tuple[Callable[[pa.DataType], bool], ...]], ...] = (
    (types.is_string, (types.is_string, types.is_large_string)),
    (types.is_decimal, (types.is_decimal, types.is_floating)),
    (types.is_integer, (types.is_integer,)),
    (types.is_floating, (types.is_floating, types.is_integer)),
    (types.is_temporal, (types.is_temporal,)),
    (types.is_boolean, (types.is_boolean,)),
)
"""What a column of the schema is, and what may stand for it."""


def required(frame: pd.DataFrame, usecase: UseCase) -> pd.DataFrame:
    """Give the columns that a model looks at, numbered from 0.

    Args:
        frame: Records with at least the columns of ``Record`` and ``source``.
        usecase: Gives the columns and their types.

    Returns:
        These columns alone.

    Raises:
        RefusedError: ``NL-C005`` a column is missing, has missing values or another type.
    """
    fields = [field for field in usecase.schema.COLUMNS if field.name != usecase.schema.LABEL]
    names = [*(field.name for field in fields), SOURCE]
    _refuse_any("the records have no column", [name for name in names if name not in frame.columns])
    records = frame[names].reset_index(drop=True)
    gaps = records.isna().any()
    _refuse_any("values are missing in", [str(name) for name in gaps.index[gaps]])
    wrong = [field.name for field in fields if not _has_type(records[field.name], field.type)]
    _refuse_any("the type is wrong in", wrong)
    return records


def _refuse_any(sentence: str, columns: list[str]) -> None:
    if columns:
        raise RefusedError(
            f"{sentence} {', '.join(columns)}",
            code="NL-C005",
            kept="nothing was labelled",
            advice="give validated records, in the types of the schema",
            columns=columns,
        )


def _has_type(column: "pd.Series[Any]", wanted: pa.DataType) -> bool:
    if column.empty:
        return True
    try:
        found = pa.array(column, from_pandas=True).type
    except pa.ArrowException:
        return False
    family = next((allowed for is_kind, allowed in _FAMILIES if is_kind(wanted)), None)
    return bool(found == wanted) if family is None else any(allowed(found) for allowed in family)
