"""What comes out of the bytes of files: text records, and faults for what is no record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    from numpy.typing import NDArray


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


@dataclass(frozen=True, slots=True)
class Texts:
    """Many files, split into records at once; gives the same as ``Reading`` does file by file.

    Attributes:
        table: One row per readable record, every column dictionary-encoded text, in the order of files.
        file: Position of the record's file, shape (records,).
        row: Row ordinal in the file, shape (records,).
        faults: The records that could not be split into columns, each with the position of its file.
        extra_columns: Files by name of a column that the schema does not know.
        odd: Positions of the files that are not in ``table``: each is to be read by itself.
    """

    table: "pa.Table"
    file: "NDArray[np.int64]"
    row: "NDArray[np.int64]"
    faults: tuple[tuple[int, Fault], ...] = ()
    extra_columns: Mapping[str, int] = field(default_factory=dict)
    odd: tuple[int, ...] = ()
