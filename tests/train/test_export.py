"""ONNX says what torch says, for any number of rows, and tells nothing of the machine that wrote it."""

import getpass
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from nightlabel.train.export import to_onnx
from nightlabel.train.loop import train
from tests.train.world import LINEAR, NEIGHBOURS, NETWORK, cards, parts, records


@pytest.fixture(scope="module", params=[LINEAR, NETWORK, NEIGHBOURS], ids=["linear", "network", "neighbours"])
def exported(request):
    trained = train(cards(), *parts(), request.param, seed=2)
    return trained, to_onnx(trained.network, trained.encoder.encode(records().head(1)))


@pytest.mark.parametrize("rows", [1, 2, 257])
def test_onnx_gives_the_probabilities_of_torch_for_any_number_of_rows(exported, rows):
    trained, payload = exported
    frame = records().head(rows)
    (said,) = onnxruntime.InferenceSession(payload).run(None, trained.encoder.encode(frame))

    assert said.shape == (rows, 22)
    assert np.allclose(said, trained.probabilities(frame), atol=1e-5)


def test_nothing_in_the_file_names_the_machine_or_the_code(exported):
    _, payload = exported
    here = Path(__file__).parents[2]

    for trace in (str(here), "site-packages", ".py", "torch", getpass.getuser(), str(Path.home())):
        assert trace.encode() not in payload


def test_the_weights_are_inside_and_there_are_no_notes(exported):
    model = onnx.load_model_from_string(exported[1])

    assert all(weight.data_location == onnx.TensorProto.DEFAULT for weight in model.graph.initializer)
    assert not model.metadata_props
    assert not any(node.doc_string or node.metadata_props for node in model.graph.node)


def test_the_same_network_is_the_same_file(exported):
    trained, payload = exported

    assert to_onnx(trained.network, trained.encoder.encode(records().head(7))) == payload
