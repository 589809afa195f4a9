"""Rows and a schema in, valid records and faults out."""

from nightlabel.validate.rows import Checked, check, typed

__all__ = ["Checked", "check", "typed"]
