"""What a labelling process holds when it asks for its first file: it starts a thousand times a night."""

import numpy as np
import onnx
import pytest
from onnx import helper, numpy_helper

from benchmarks import startup, workload
from benchmarks.network import Network
from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.registry import artifact
from nightlabel.usecases.card_spending import lookalike
from nightlabel.validate import check

HEAVY = {
    *("torch", "mlflow", "sklearn", "scipy", "statsmodels", "matplotlib", "evidently", "dvc", "deltalake"),
    *("polars", "duckdb", "datadog", "github", "boto3", "botocore", "onnx", "onnxscript", "sqlalchemy"),
    *("airflow", "structlog", "jinja2", "rich.console"),
}
NEEDED = {"nightlabel.label.shard", "numpy", "pyarrow", "onnxruntime", "obstore", "requests"}


def linear(encoder) -> bytes:
    """Give a network of one layer over the numbers alone."""
    shape = (encoder.width, len(encoder.classes))
    weight = numpy_helper.from_array(np.random.default_rng(7).normal(size=shape).astype(np.float32), "weight")
    nodes = [
        helper.make_node("MatMul", ["numbers", "weight"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"], axis=1),
    ]
    taken = helper.make_tensor_value_info("numbers", onnx.TensorProto.FLOAT, ["rows", shape[0]])
    gives = helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["rows", shape[1]])
    graph = helper.make_graph(nodes, "linear", [taken], [gives], [weight])
    opsets = [helper.make_opsetid("", 18)]
    return bytes(helper.make_model(graph, ir_version=10, opset_imports=opsets).SerializeToString())


def network(folder, usecase: UseCase, payload: bytes = b"") -> Network:
    """Make a model of the use case without training, which knows the values of a labelled file."""
    schema, params = usecase.schema, usecase.card.candidates["spellings"]
    reading = schema.read(payload or lookalike.make(300, 7), labelled=True)
    rows = check(reading, schema.LabelledRecord, schema.COLUMNS).frame.assign(source="made.csv")
    records = rows.drop(columns=schema.LABEL)
    encoder = usecase.prepare.fit(records, rows[schema.LABEL], params, usecase.folder / "tables")
    made = {"params": params, "seed": 7, "example": records.head(5)}
    return Network(folder, artifact.save(folder, usecase, encoder, linear(encoder), **made))


@pytest.fixture(scope="module")
def found(mlflow_server, tmp_path_factory) -> startup.FirstFile:
    folder = tmp_path_factory.mktemp("startup")
    made = network(folder / "model", catalog.load(workload.USECASE))
    with startup.planned(made, mlflow_server, folder) as place:
        return startup.first_file(place)


@pytest.mark.parametrize("module", sorted(HEAVY))
def test_what_is_heavy_and_not_needed_is_not_loaded_before_the_first_file(found, module):
    assert module not in found.modules


def test_what_is_needed_is_loaded_so_that_the_moment_is_the_right_one(found):
    assert found.modules >= NEEDED


def test_the_process_tells_what_it_used(found):
    assert 0 < found.cpu < startup.PATIENCE
    assert found.peak > 0
