"""A network that the installed ONNX Runtime cannot run is refused when it is loaded, before any record."""

import json
import sys

import onnx
import onnxruntime
import pytest

from nightlabel.errors import RefusedError
from nightlabel.registry import artifact, client, runtime
from tests.registry.toy import toy_artifact, toy_network, toy_records, toy_usecase


@pytest.fixture
def toy(tmp_path):
    return toy_usecase(tmp_path / "usecases")


def of(ir: int, opset: int) -> bytes:
    """Give the toy's network as it would be written for another runtime."""
    model = onnx.load_model_from_string(toy_network())
    model.ir_version, model.opset_import[0].version = ir, opset
    return model.SerializeToString()


def replaced(folder, usecase, network: bytes) -> str:
    """Put a network of a later time into a saved model, as its own time would have saved it."""
    toy_artifact(folder, usecase)
    description = json.loads((folder / artifact.MODEL).read_text())
    description["needs"] = runtime.needs(network) | {"ran_with": "99.0.0"}
    (folder / artifact.MODEL).write_text(json.dumps(description))
    (folder / artifact.NETWORK).write_bytes(network)
    return artifact.digest(folder)


def test_a_model_says_what_it_needs(toy, tmp_path):
    toy_artifact(tmp_path / "model", toy)

    needs = json.loads((tmp_path / "model" / artifact.MODEL).read_text())["needs"]

    assert needs == {"ir": 10, "opsets": {"ai.onnx": 18}, "ran_with": onnxruntime.__version__}


@pytest.mark.parametrize(("ir", "opset"), [(99, 18), (10, 99)], ids=["ir", "opset"])
def test_a_network_of_a_later_runtime_is_refused_with_what_it_needs_and_what_is_there(
    toy, tmp_path, ir, opset
):
    sha256 = replaced(tmp_path / "model", toy, of(ir, opset))

    with pytest.raises(RefusedError) as refusal:
        artifact.load(tmp_path / "model", toy, sha256=sha256)

    said = refusal.value.sentence
    assert refusal.value.code == "NL-C005"
    assert f"ONNX Runtime {onnxruntime.__version__} does not run the network" in said
    assert f"it is ONNX IR {ir} with opset ai.onnx {opset}, and ran with 99.0.0" in said
    assert refusal.value.facts["installed"] == onnxruntime.__version__


def test_a_network_that_cannot_run_here_is_not_saved_as_if_it_could(toy, tmp_path):
    with pytest.raises(RefusedError) as refusal:
        artifact.save(
            tmp_path / "model",
            toy,
            toy.prepare.restore({}),
            of(10, 99),
            params={},
            seed=7,
            example=toy_records("1.00"),
        )

    assert refusal.value.code == "NL-C005"


def test_a_model_that_was_saved_before_it_told_its_needs_still_labels(toy, tmp_path):
    folder = tmp_path / "model"
    toy_artifact(folder, toy)
    description = json.loads((folder / artifact.MODEL).read_text())
    del description["needs"]
    (folder / artifact.MODEL).write_text(json.dumps(description))

    labeller = artifact.load(folder, toy, sha256=artifact.digest(folder))

    assert list(labeller.label(toy_records("1.00", "200.00"))["label"]) == ["CHEAP", "DEAR"]


def test_bytes_that_are_no_network_need_nothing_and_are_refused():
    assert runtime.needs(b"\xff\xff") == {}
    with pytest.raises(RefusedError) as refusal:
        runtime.session(b"\xff\xff", {})

    assert refusal.value.code == "NL-C005"


def test_a_place_without_mlflows_client_is_told_which_places_it_can_ask(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "mlflow", None)

    with pytest.raises(RefusedError) as refusal:
        client.reader(f"sqlite:///{tmp_path}/mlflow.db")

    assert refusal.value.code == "NL-C010"
    assert "NIGHTLABEL_TRACKING_URI" in refusal.value.advice
