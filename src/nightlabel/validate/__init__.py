"""Rows and a schema in, valid records and faults out."""

from nightlabel.validate.columns import Accepted, accept
from nightlabel.validate.rows import Checked, check, typed

__all__ = ["Accepted", "Checked", "accept", "check", "typed"]
