"""Holds every text record against the schema: what passes is typed, what does not has a coded fault."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from nightlabel.contract import Fault, Reading

NOT_ALLOWED = "NL-A009"
"""Code of a value that the schema refuses without a code of its own."""

_CHUNK = 10_000  # records that are objects at once, which bounds the memory of a large file
_DETAIL = 200  # characters of a fault's sentence
_OWN_CODE = "NL-"

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Checked:
    """One file after validation: each of its records is in exactly one of the two.

    Attributes:
        frame: The valid records, typed as by ``typed``; the index is the row ordinal in the file.
        faults: The faults of reading and of validation, by row.
    """

    frame: pd.DataFrame
    faults: tuple[Fault, ...]


def check(reading: Reading, record: type[BaseModel], columns: pa.Schema) -> Checked:
    """Hold every record of one file against its schema.

    A validator gives its fault a stable code by raising ``PydanticCustomError`` with that code as type.

    Args:
        reading: The file, split into text records.
        record: The Pydantic model of a record; its fields are the columns that come out.
        columns: Storage type of each field.

    Returns:
        Valid records and faults; together as many as ``reading.records``.
    """
    schema = pa.schema([columns.field(name) for name in record.model_fields])
    adapter = _adapter(record)
    batches: list[pa.RecordBatch] = []
    faults = dict[int, Fault]()
    for rows in _chunks(reading.frame, schema.names):
        records, refused = _validate(adapter, rows)
        faults |= refused
        batches.append(_batch(records, schema))
    frame = typed(pa.Table.from_batches(batches, schema))
    frame.index = reading.frame.index.drop(list(faults))
    ordered = sorted((*reading.faults, *faults.values()), key=lambda fault: fault.row or 0)
    return Checked(frame, tuple(ordered))


def typed(table: pa.Table) -> pd.DataFrame:
    """Turn stored records into a frame, losing nothing.

    Args:
        table: Records in the storage types of a schema.

    Returns:
        Text as ``str``, numbers as NumPy types, dates and decimals as Arrow types.
    """
    frame: pd.DataFrame = _undone(table).to_pandas(types_mapper=_exact_type)
    return frame


@cache
def _adapter(record: type[BaseModel]) -> TypeAdapter[Any]:
    return TypeAdapter(list[record])  # type: ignore[valid-type]  # the model is chosen by the use case


def _exact_type(kind: pa.DataType) -> Any:
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pd.StringDtype(na_value=float("nan"))
    inexact_in_numpy = pa.types.is_date(kind) or pa.types.is_decimal(kind)
    return pd.ArrowDtype(kind) if inexact_in_numpy else None


def _undone(table: pa.Table) -> pa.Table:
    """Write dictionary-encoded columns out."""
    encoded = [pa.types.is_dictionary(kind) for kind in table.schema.types]
    if not any(encoded):
        return table
    fields = [f.with_type(f.type.value_type) if e else f for f, e in zip(table.schema, encoded, strict=True)]
    return table.cast(pa.schema(fields))


def _chunks(frame: pd.DataFrame, names: list[str]) -> Iterator[dict[int, Row]]:
    for start in range(0, len(frame), _CHUNK):
        part = frame.iloc[start : start + _CHUNK] if len(frame) > _CHUNK else frame
        cells = zip(*(part[name].tolist() for name in names), strict=True)
        rows = (dict(zip(names, row, strict=True)) for row in cells)
        yield dict(zip(part.index.tolist(), rows, strict=True))


def _validate(adapter: TypeAdapter[Any], rows: dict[int, Row]) -> tuple[list[BaseModel], dict[int, Fault]]:
    try:
        return adapter.validate_python(list(rows.values())), {}
    except ValidationError as error:
        faults = _faults(error, list(rows))
    good = [row for ordinal, row in rows.items() if ordinal not in faults]
    return adapter.validate_python(good), faults


def _faults(error: ValidationError, ordinals: list[int]) -> dict[int, Fault]:
    faults = dict[int, Fault]()
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        ordinal = ordinals[int(problem["loc"][0])]
        faults.setdefault(ordinal, _fault(ordinal, problem))  # a record's first fault is enough
    return faults


def _fault(ordinal: int, problem: ErrorDetails) -> Fault:
    code = problem["type"] if problem["type"].startswith(_OWN_CODE) else NOT_ALLOWED
    field = ".".join(str(part) for part in problem["loc"][1:])
    sentence = f"{field}: {problem['msg']}" if field else problem["msg"]
    escaped = "".join(c if c.isprintable() else repr(c)[1:-1] for c in sentence)
    return Fault(ordinal, code, escaped if len(escaped) <= _DETAIL else f"{escaped[: _DETAIL - 1]}…")


def _batch(records: list[BaseModel], schema: pa.Schema) -> pa.RecordBatch:
    arrays = [pa.array(list(map(attrgetter(field.name), records)), field.type) for field in schema]
    return pa.record_batch(arrays, schema=schema)
