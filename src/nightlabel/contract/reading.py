"""What comes out of the bytes of one file: text records, and faults for what is no record."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a record, or a whole file, goes to quarantine.

    Attributes:
        row: Row ordinal in the file, from 0; ``None`` for the whole file.
        code: The stable code, such as ``NL-A002``.
        detail: One sentence for people, with the offending value escaped and cut.
    """

    row: int | None
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Reading:
    """One file, split into records.

    Attributes:
        frame: One row per readable record, every column text (pandas ``str``), the index is the row
            ordinal in the file, counted from 0 over all physical records, faulty ones included.
        faults: The records that could not be split into columns.
        extra_columns: Columns of the file that the schema does not know; they are left out of ``frame``.
    """

    frame: "pd.DataFrame"
    faults: tuple[Fault, ...] = ()
    extra_columns: tuple[str, ...] = field(default=())

    @property
    def records(self) -> int:
        """Number of records in the file, readable or not."""
        return len(self.frame) + len(self.faults)
