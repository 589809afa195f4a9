"""Rows and a schema in, valid records and faults out."""

from nightlabel.validate.columns import Accepted, accept
from nightlabel.validate.rows import Checked, check, typed
from nightlabel.validate.source import Source
from nightlabel.validate.tables import FAULTS, Account, Validated, held, refused, rows_schema, validated

__all__ = [
    "FAULTS",
    "Accepted",
    "Account",
    "Checked",
    "Source",
    "Validated",
    "accept",
    "check",
    "held",
    "refused",
    "rows_schema",
    "typed",
    "validated",
]
