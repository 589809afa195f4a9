"""A use case of a few lines and a real ONNX network for it, so that no test of the registry must train."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pyarrow as pa
from onnx import helper, numpy_helper

from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.registry import artifact

CARD = Path(catalog.__file__).parent / "usecases" / "card_spending" / "usecase.toml"
SCHEMA = """
import pyarrow as pa
from pydantic import BaseModel
LABEL = "group"
COLUMNS = pa.schema([("city", pa.string()), ("age", pa.int32()), ("day", pa.date32()),
                     ("amount", pa.decimal128(12, 2)), ("group", pa.string())])
class Record(BaseModel):
    city: str
class LabelledRecord(Record):
    group: str
"""
PREPARE = """
import numpy as np
class Encoder:
    classes = ("CHEAP", "DEAR")
    def encode(self, frame):
        assert str(frame["amount"].dtype) == "decimal128(12, 2)[pyarrow]"
        return {"amount": frame["amount"].to_numpy(np.float32).reshape(-1, 1)}
    def unknown(self, frame):
        return np.zeros(len(frame), bool)
    def state(self):
        return {}
def restore(state):
    return Encoder()
"""


def toy_usecase(folder: Path) -> UseCase:
    """Write the use case ``toy`` into a catalog folder, with the card of the real one."""
    place = folder / "toy"
    place.mkdir(parents=True)
    card = CARD.read_text(encoding="utf-8")
    (place / "usecase.toml").write_text(
        card.replace('name = "card_spending"', 'name = "toy"'), encoding="utf-8"
    )
    (place / "schema.py").write_text(SCHEMA)
    (place / "prepare.py").write_text(PREPARE)
    return catalog.load("toy", folder)


def toy_network() -> bytes:
    """Give a network that calls everything above 100 dear."""
    weight = numpy_helper.from_array(np.array([[-0.1, 0.1]], np.float32), "weight")
    bias = numpy_helper.from_array(np.array([10, -10], np.float32), "bias")
    nodes = [
        helper.make_node("Gemm", ["amount", "weight", "bias"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    taken = helper.make_tensor_value_info("amount", onnx.TensorProto.FLOAT, ["rows", 1])
    gives = helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["rows", 2])
    graph = helper.make_graph(nodes, "toy", [taken], [gives], [weight, bias])
    opsets = [helper.make_opsetid("", 18)]
    return bytes(helper.make_model(graph, ir_version=10, opset_imports=opsets).SerializeToString())


def toy_records(*amounts: str) -> pd.DataFrame:
    """Give exact records with these amounts."""
    record = {"city": "CAMPINAS", "age": 37, "day": date(2019, 12, 4), "source": "a.csv"}
    rows = [{**record, "amount": Decimal(amount)} for amount in amounts]
    fields = [("city", pa.string()), ("age", pa.int32()), ("day", pa.date32())]
    fields += [("amount", pa.decimal128(12, 2)), ("source", pa.string())]
    return pa.Table.from_pylist(rows, pa.schema(fields)).to_pandas(types_mapper=pd.ArrowDtype)


def toy_artifact(folder: Path, usecase: UseCase) -> str:
    """Write the artifact of the toy; gives its digest."""
    encoder, example = usecase.prepare.restore({}), toy_records("1.00")
    return artifact.save(folder, usecase, encoder, toy_network(), params={}, seed=7, example=example)
