"""The columns of the labels table: ours, and those that the card carries beside the label."""

import pyarrow as pa

from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError

IDENTITY = (("source", pa.string()), ("source_version", pa.string()), ("row", pa.int64()))
PARTITIONS = (("date", pa.date32()), ("outcome", pa.string()))
LABEL = (
    ("label", pa.string()),
    ("confidence", pa.float32()),
    ("abstain", pa.bool_()),
    ("top_labels", pa.list_(pa.string())),
    ("top_confidences", pa.list_(pa.float32())),
    ("model", pa.string()),
    ("model_version", pa.string()),
    ("run", pa.string()),
    ("error_code", pa.string()),
    ("error_detail", pa.string()),
)


def table_schema(usecase: UseCase) -> pa.Schema:
    """Give all columns of the labels table of a use case.

    Raises:
        RefusedError: ``NL-N005``, the card carries a column that the schema does not have, or one whose
            name the table needs itself.
    """
    return pa.schema([*PARTITIONS, *IDENTITY, *carried(usecase), *LABEL])


def file_schema(usecase: UseCase) -> pa.Schema:
    """Give the columns of a data file: the partition columns stand in its path."""
    return pa.schema([*IDENTITY, *carried(usecase), *LABEL])


def carried(usecase: UseCase) -> list[pa.Field]:
    """Give the carried columns with their storage types; raises as ``table_schema``."""
    columns, own = usecase.schema.COLUMNS, {name for name, _ in (*PARTITIONS, *IDENTITY, *LABEL)}
    for name in usecase.card.carry:
        if name in own or name not in columns.names:
            why = "the labels table has one of its own" if name in own else "schema.py does not know it"
            raise RefusedError(
                f"the card carries column {name!r}, but {why}",
                code="NL-N005",
                kept="everything",
                advice=f"correct carry in {usecase.name}/usecase.toml",
                column=name,
            )
    return [pa.field(name, _storable(columns.field(name).type)) for name in usecase.card.carry]


def agree(schema: pa.Schema, standing: dict[str, pa.DataType]) -> None:
    """Hold the columns against those of the table as it stands.

    Args:
        schema: The columns as the card and the schema have them now.
        standing: The table's columns.

    Raises:
        RefusedError: ``NL-N005``, a column has changed its type.
    """
    for field in schema:
        kind = standing.get(field.name, field.type)
        if kind != field.type:
            raise RefusedError(
                f"column {field.name!r} of the labels is {kind}, but would now be {field.type}",
                code="NL-N005",
                kept="the labels table",
                advice="carry the changed column under a new name",
                column=field.name,
            )


def _storable(kind: pa.DataType) -> pa.DataType:
    """Give the nearest type that Delta Lake keeps as it is."""
    if pa.types.is_dictionary(kind):
        return _storable(kind.value_type)
    if pa.types.is_large_string(kind):
        return pa.string()
    if pa.types.is_timestamp(kind):
        return pa.timestamp("us", tz="UTC")
    if pa.types.is_unsigned_integer(kind):
        return pa.int64()
    return kind
