"""Validated records and faults as Arrow tables, each record with its identity."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa

from nightlabel.contract import Fault, Reading
from nightlabel.contract.usecase import Schema
from nightlabel.errors import QuarantineError
from nightlabel.validate.rows import Checked, check

FAULTS = pa.schema(
    [
        ("source", pa.string()),
        ("source_version", pa.string()),
        ("row", pa.int64()),
        ("error_code", pa.string()),
        ("error_detail", pa.string()),
    ]
)
"""The columns of a quarantine."""

_DETAIL = 400  # characters of the sentence of a file that cannot be split


@dataclass(frozen=True, slots=True)
class Account:
    """What came out of one file; kept + quarantined = records, a file that cannot be split is one.

    Attributes:
        source: Name of the file.
        source_version: MD5 of its bytes, hex.
        extra_columns: Columns that the schema does not know.
        reasons: Quarantined records by code.
    """

    source: str
    source_version: str
    records: int
    kept: int
    extra_columns: tuple[str, ...]
    reasons: dict[str, int]

    def joined(self, more: "Account") -> "Account":
        """Add what came out of a further part of the same file."""
        return replace(
            self,
            records=self.records + more.records,
            kept=self.kept + more.kept,
            extra_columns=tuple(dict.fromkeys((*self.extra_columns, *more.extra_columns))),
            reasons=dict(Counter(self.reasons) + Counter(more.reasons)),
        )


@dataclass(frozen=True, slots=True)
class Validated:
    """Some files, or a part of one, after validation.

    Attributes:
        rows: The valid records, in the order of files and rows.
        faults: The others, in the same order.
        accounts: One for each file, in order; of a file in parts each part has one.
    """

    rows: pa.Table
    faults: pa.Table
    accounts: tuple[Account, ...]


def rows_schema(schema: Schema) -> pa.Schema:
    """Give the columns of valid labelled records with their identity."""
    known = [field for field in schema.COLUMNS if field.name in schema.LabelledRecord.model_fields]
    identity = [("source", pa.string()), ("source_version", pa.string()), ("row", pa.int64())]
    return pa.schema([*known, *identity])


def validated(schema: Schema, payload: bytes, source: str, *, alone: bool) -> Validated:
    """Validate one labelled file.

    Args:
        schema: Of the use case.
        payload: The bytes of the file.
        source: Name of the file.
        alone: The data set is this file, so that one that cannot be split is an error and no fault.

    Raises:
        QuarantineError: The file cannot be split into records, and it is alone.
    """
    version = hashlib.md5(payload, usedforsecurity=False).hexdigest()
    try:
        reading = schema.read(payload, labelled=True)
    except QuarantineError as error:
        if alone:
            raise
        return refused(schema, error, source, version)
    return held(schema, reading, source, version)


def held(schema: Schema, reading: Reading, source: str, version: str, *, first: int = 0) -> Validated:
    """Hold the text records of a file, or of a part whose first record has an ordinal, against the schema."""
    checked = check(reading, schema.LabelledRecord, schema.COLUMNS)
    faults = [
        fault if fault.row is None else replace(fault, row=fault.row + first) for fault in checked.faults
    ]
    reasons = dict(Counter(fault.code for fault in faults))
    account = Account(
        source, version, reading.records, len(checked.frame), tuple(reading.extra_columns), reasons
    )
    return Validated(
        _rows(checked, rows_schema(schema), (source, version), first), _faults(faults, account), (account,)
    )


def refused(schema: Schema, error: QuarantineError, source: str, version: str) -> Validated:
    """Give a file that cannot be split into records: it is one fault without a row."""
    account = Account(source, version, 1, 0, (), {error.code: 1})
    fault = Fault(None, error.code, error.sentence[:_DETAIL])
    return Validated(rows_schema(schema).empty_table(), _faults([fault], account), (account,))


def _rows(checked: Checked, schema: pa.Schema, identity: tuple[str, str], first: int) -> pa.Table:
    known = pa.schema(list(schema)[:-3])
    table = pa.Table.from_pandas(checked.frame[known.names], schema=known, preserve_index=False)
    same = [pa.array([text] * len(checked.frame), pa.string()) for text in identity]
    rows = pa.array(checked.frame.index.to_numpy() + first, pa.int64())
    return pa.table([*table.columns, *same, rows], schema=schema)


def _faults(faults: Sequence[Fault], account: Account) -> pa.Table:
    identity = {"source": account.source, "source_version": account.source_version}
    records = [{**identity, "row": f.row, "error_code": f.code, "error_detail": f.detail} for f in faults]
    return pa.Table.from_pylist(records, FAULTS)
