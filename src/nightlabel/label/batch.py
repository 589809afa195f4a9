"""What is labelled at once: some files, or a part of a long one."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from nightlabel.contract import Fault
from nightlabel.label.inputs import Input
from nightlabel.label.longfile import Memory
from nightlabel.label.tally import WHOLE_FILE, Ordinals


@dataclass(frozen=True, slots=True)
class Batch:
    """Some files, or a part of a long one: each record is in ``valid`` or in ``faults``.

    Attributes:
        files: The files.
        valid: Typed records, in the order of files and rows; text may be dictionary-encoded.
        file: Position of each valid record's file, shape (records,).
        row: Row ordinal of each valid record, shape (records,).
        faults: Position of the file and the fault of each other record, or of a whole file.
        extra_columns: Files by column that the schema does not know.
        ended: Number of files whose last record is here.
        memory: What earlier parts of the same long file have left for its encoder.
    """

    files: Sequence[Input]
    valid: pa.Table
    file: Ordinals
    row: Ordinals
    faults: tuple[tuple[int, Fault], ...] = ()
    extra_columns: Counter[str] = field(default_factory=Counter)
    ended: int = 0
    memory: Memory | None = None

    @property
    def ids(self) -> tuple[Ordinals, Ordinals]:
        """File position and row ordinal of all records; ``WHOLE_FILE`` stands for a whole file."""
        at = [position for position, _ in self.faults]
        rows = [WHOLE_FILE if fault.row is None else fault.row for _, fault in self.faults]
        return (
            np.concatenate([self.file, np.array(at, np.int64)]),
            np.concatenate([self.row, np.array(rows, np.int64)]),
        )
