"""``word;amount`` lines in UTF-8 under that header; one record a line."""

from decimal import Decimal
from typing import Annotated

import pandas as pd
import pyarrow as pa
from pydantic import BaseModel, StringConstraints

from nightlabel.contract import Fault, Reading
from nightlabel.errors import QuarantineError

LABEL = "parity"
COLUMNS = pa.schema([("word", pa.string()), ("amount", pa.decimal128(12, 2)), (LABEL, pa.string())])


class Record(BaseModel):
    word: Annotated[str, StringConstraints(min_length=1)]
    amount: Decimal


class LabelledRecord(Record):
    parity: str


def read(payload: bytes, *, labelled: bool) -> Reading:
    try:
        lines = payload.decode().splitlines()
    except UnicodeDecodeError as error:
        raise QuarantineError(f"cannot decode as utf-8 at byte {error.start}", code="NL-A001") from None
    if lines and lines[0] == "poison":
        raise ZeroDivisionError
    if lines and lines[0].split(";")[:2] != ["word", "amount"]:
        raise QuarantineError(f"missing [word, amount]; found {lines[0]!r}", code="NL-A004")
    cells = {row: line.split(";") for row, line in enumerate(lines[1:])}
    good = {row: fields[:2] for row, fields in cells.items() if len(fields) == 2}
    faults = tuple(Fault(r, "NL-A005", f"{len(f)} fields") for r, f in cells.items() if len(f) != 2)
    frame = pd.DataFrame(list(good.values()), columns=["word", "amount"], index=list(good), dtype="str")
    return Reading(frame, faults, tuple(lines[0].split(";")[2:]) if lines else ())
