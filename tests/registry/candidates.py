"""Candidates for the registry's tests: real files and a real log, without training."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa

from nightlabel import catalog

USECASE = "card_spending"
FILES = {"network.onnx": b"\x08\x07", "encoder.json": b"{}", "model.json": b"{}"}
RECORD = {
    "id": "4,53E+11",
    "safra_abertura": 201405,
    "cidade": "CAMPINAS",
    "estado": "SP",
    "idade": 37,
    "sexo": "F",
    "limite_total": 4700,
    "limite_disp": 5605,
    "data": date(2019, 12, 4),
    "valor": Decimal("1784.13"),
    "cidade_estabelecimento": "SÃO PAULO",
    "pais_estabelecimento": "BR",
    "source": "cards.csv",
}


def artifact(folder: Path, network: bytes = FILES["network.onnx"]) -> Path:
    """Write the files of an artifact."""
    folder.mkdir(parents=True)
    for name, content in {**FILES, "network.onnx": network}.items():
        (folder / name).write_bytes(content)
    return folder


def records(rows: int = 2) -> pd.DataFrame:
    """Give records as the steps hold them: Arrow's types, and columns that the model must not see."""
    schema = catalog.load(USECASE).schema
    fields = [schema.COLUMNS.field(name) for name in RECORD if name != "source"]
    table = pa.Table.from_pylist([RECORD] * rows, pa.schema([*fields, ("source", pa.string())]))
    table = table.append_column(schema.LABEL, pa.array(["VAREJO"] * rows))
    return table.append_column("row", pa.array(range(rows))).to_pandas(types_mapper=pd.ArrowDtype)
