"""Holds many records against their schema by column: each different text of a column is parsed once.

The rules are those of the Pydantic record itself, taken field by field; a record is accepted here or left to
``check``, which alone refuses. A record whose rules look at several fields at once is left to it altogether.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from pydantic_core import CoreSchema, SchemaValidator, core_schema

_REMEMBERED = 200_000  # texts of one column whose values are kept
_REFUSED: Any = object()


@dataclass(frozen=True, slots=True)
class Accepted:
    """What passed by column.

    Attributes:
        table: All records in the storage types, text dictionary-encoded; where ``sound`` is false a row
            says nothing.
        sound: Whether each value of the record passed, shape (records,).
    """

    table: pa.Table
    sound: NDArray[np.bool_]


def accept(texts: pa.Table, record: type[BaseModel], columns: pa.Schema) -> Accepted:
    """Parse records by column, and tell which of them are sound.

    Args:
        texts: Text records, dictionary-encoded, in one chunk per column.
        record: The Pydantic model of a record.
        columns: Storage type of each field.

    Returns:
        The values; none is sound where the record's rules cannot be taken apart by field.
    """
    schema = pa.schema([columns.field(name) for name in record.model_fields])
    fields = _fields(record)
    if fields is None:
        return Accepted(schema.empty_table(), np.zeros(len(texts), np.bool_))
    sound = np.ones(len(texts), np.bool_)
    parsed = list[pa.Array]()
    for kind in schema:
        column = texts.column(kind.name).combine_chunks()
        values, passed = fields[kind.name].parse(column.dictionary.to_pylist(), kind.type)
        if not passed.all():
            sound &= passed[column.indices.to_numpy()]
        parsed.append(_spread(values, column.indices))
    return Accepted(pa.table(parsed, names=schema.names), sound)


@dataclass(slots=True)
class _Field:
    """The rules of one field, and what they said to the texts that were met."""

    rules: SchemaValidator
    known: dict[str, Any] = field(default_factory=dict)

    def parse(self, texts: list[str], kind: pa.DataType) -> tuple[pa.Array, NDArray[np.bool_]]:
        """Give the value of each text, null where it is refused, and whether it passed."""
        known = self.known
        if new := [text for text in texts if text not in known]:
            if len(known) + len(new) > _REMEMBERED:
                known.clear()
                new = texts
            known.update(zip(new, self._values(new), strict=True))
        values = [known[text] for text in texts]
        passed = np.fromiter((value is not _REFUSED for value in values), np.bool_, len(values))
        if not passed.all():
            values = [None if value is _REFUSED else value for value in values]
        return pa.array(values, kind), passed

    def _values(self, texts: list[str]) -> list[Any]:
        try:
            return cast("list[Any]", self.rules.validate_python(texts))
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
        refused = {int(problem["loc"][0]) for problem in problems}
        good = iter(self.rules.validate_python([t for i, t in enumerate(texts) if i not in refused]))
        return [_REFUSED if i in refused else next(good) for i in range(len(texts))]


def _spread(values: pa.Array, indices: pa.Array) -> pa.Array:
    if not pa.types.is_string(values.type):
        return values.take(indices)
    distinct = values.dictionary_encode()  # two texts may have one value, such as with and without blanks
    return pa.DictionaryArray.from_arrays(distinct.indices.take(indices), distinct.dictionary)


@cache
def _fields(record: type[BaseModel]) -> Mapping[str, _Field] | None:
    """Give the rules field by field, or nothing where one of them may look at other fields."""
    schema: Any = record.__pydantic_core_schema__
    config = schema.get("config")
    inner = schema.get("schema", {})
    if schema["type"] != "model" or inner.get("type") != "model-fields" or schema.get("post_init"):
        return None
    if schema.get("custom_init") or schema.get("root_model") or any(_look_around(inner["fields"].values())):
        return None
    return {
        name: _Field(SchemaValidator(core_schema.list_schema(cast("CoreSchema", part["schema"])), config))
        for name, part in inner["fields"].items()
    }


def _look_around(parts: Iterable[Any]) -> Iterable[bool]:
    """Tell of each part of a schema whether its rules may depend on more than the one text."""
    for part in parts:
        if isinstance(part, dict):
            kind = part.get("type", "")
            yield kind in {"with-info", "definition-ref"} or "validation_alias" in part
            yield from _look_around(part.values())
        elif isinstance(part, list | tuple):
            yield from _look_around(part)
