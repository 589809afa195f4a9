"""Malicious models, made when a test asks for them: each would write a canary file if anything of it ran.

Each spoils a whole model as MLflow stores it, and its digest is taken afterwards: whoever may write to the
registry names the digest too, so that it alone stops nothing here.
"""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import torch
import yaml
from onnx import helper

DATA = "data/artifact"


class Written:
    """A pickle that writes the canary when it is loaded."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self):
        return exec, (code(self._canary),)


def code(canary: Path) -> str:
    """Give Python that writes the canary, and is a module that MLflow would take for a loader."""
    return f"open({str(canary)!r}, 'w').write('run')\ndef _load_pyfunc(path):\n    return None\n"


@dataclass(frozen=True)
class Evil:
    """One malicious model.

    Attributes:
        name: What it tries.
        spoil: Spoils the folder of a good model; takes it and the canary's path.
        night: The code that a night refuses it with; empty where a night never reads what was spoilt.
        pyfunc: The code that ``flavor.load`` refuses it with; empty where it is harmless.
    """

    name: str
    spoil: Callable[[Path, Path], None]
    night: str
    pyfunc: str = "NL-C004"


def described(model: Path, **words: object) -> None:
    """Change what ``MLmodel`` says of the flavor that MLflow loads; nothing takes a word away."""
    path = model / "MLmodel"
    about = yaml.safe_load(path.read_text())
    told = about["flavors"]["python_function"] | words
    about["flavors"]["python_function"] = {word: value for word, value in told.items() if value is not None}
    path.write_text(yaml.safe_dump(about))


def with_file(name: str, content: Callable[[Path], bytes]) -> Callable[[Path, Path], None]:
    """Give what puts one file into the model, or over one of it."""

    def spoil(model: Path, canary: Path) -> None:
        path = model / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(canary))

    return spoil


def pickled(canary: Path) -> bytes:
    return pickle.dumps(Written(canary))


def torch_zip(canary: Path) -> bytes:
    """Give weights as ``torch.save`` writes them: a zip with a pickle."""
    buffer = io.BytesIO()
    torch.save(Written(canary), buffer)
    return buffer.getvalue()


def pt2(canary: Path) -> bytes:
    """Give an archive of ``torch.export`` whose constants are a pickle."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/archive_format", "pt2")
        archive.writestr("archive/version", "1")
        archive.writestr("archive/data.pkl", pickled(canary))
        archive.writestr("archive/data/constants/model_constants_config.json", "{}")
    return buffer.getvalue()


def cloudpickle(model: Path, canary: Path) -> None:
    (model / "python_model.pkl").write_bytes(pickled(canary))
    (model / DATA / "python_model.pkl").write_bytes(pickled(canary))
    words = {"python_model": "python_model.pkl", "cloudpickle_version": "3.1", "data": None}
    described(model, loader_module="mlflow.pyfunc.model", **words)


def torch_flavor(model: Path, canary: Path) -> None:
    (model / DATA / "model.pth").write_bytes(torch_zip(canary))
    (model / DATA / "pickle_module_info.txt").write_text("pickle")
    described(model, loader_module="mlflow.pytorch", pickle_module_name="pickle")


def shadowing(model: Path, canary: Path) -> None:
    """Bring a folder of code that MLflow would put before all others, with modules named like real ones."""
    folder = model / "code" / "nightlabel" / "registry"
    folder.mkdir(parents=True)
    for place in (folder.parent / "__init__.py", folder / "__init__.py", folder / "flavor.py"):
        place.write_text(code(canary))
    (model / "code" / "colorsys.py").write_text(code(canary))
    described(model, code="code", loader_module="colorsys")


def foreign_loader(model: Path, canary: Path) -> None:
    """Name a module of the attacker's, in a folder that is on the path for another reason."""
    (model / DATA / "evil_loader.py").write_text(code(canary))
    described(model, loader_module="evil_loader", code=DATA)


def code_as_model(model: Path, canary: Path) -> None:
    (model / "evil.py").write_text(code(canary))
    described(model, loader_module="mlflow.pyfunc.model", python_model="evil.py", model_code_path="evil.py")


def second_flavor(model: Path, canary: Path) -> None:
    path = model / "MLmodel"
    about = yaml.safe_load(path.read_text())
    about["flavors"]["sklearn"] = {"pickled_model": f"{DATA}/model.pkl", "serialization_format": "pickle"}
    path.write_text(yaml.safe_dump(about))
    (model / DATA / "model.pkl").write_bytes(pickled(canary))


def requirements(model: Path, canary: Path) -> None:
    """Ask whoever installs for the attacker's index, and for a package whose installation runs code."""
    package = canary.parent / "package"
    package.mkdir()
    (package / "setup.py").write_text(code(canary))
    hooks = f"--index-url http://127.0.0.1:9/simple\n-e {package}\nevil @ file://{package}\n"
    (model / "requirements.txt").write_text(hooks)
    (model / "conda.yaml").write_text(f"dependencies:\n- pip:\n  - -e {package}\n")
    (model / "python_env.yaml").write_text(f"dependencies:\n- -e {package}\n")


def yaml_object(model: Path, canary: Path) -> None:
    with (model / "MLmodel").open("a") as file:
        file.write(f"evil: !!python/object/apply:builtins.exec [{code(canary)!r}]\n")


def example_elsewhere(model: Path, canary: Path) -> None:
    """Name an example outside the model."""
    path = model / "MLmodel"
    about = yaml.safe_load(path.read_text())
    about["saved_input_example_info"]["artifact_path"] = "../../../secret.json"
    path.write_text(yaml.safe_dump(about))


def network(*nodes: onnx.NodeProto, initial: tuple[onnx.TensorProto, ...] = (), domain: str = "") -> bytes:
    """Give a network with the toy's input and output around these nodes."""
    taken = helper.make_tensor_value_info("amount", onnx.TensorProto.FLOAT, ["rows", 1])
    gives = helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["rows", 2])
    graph = helper.make_graph(list(nodes), "evil", [taken], [gives], list(initial))
    opsets = [helper.make_opsetid("", 18), *([helper.make_opsetid(domain, 1)] if domain else [])]
    return bytes(helper.make_model(graph, ir_version=10, opset_imports=opsets).SerializeToString())


def elsewhere(location: str) -> onnx.TensorProto:
    """Give weights that stand in another file."""
    tensor = onnx.TensorProto(name="weight", data_type=onnx.TensorProto.FLOAT, dims=[1, 2])
    tensor.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": location, "offset": "0", "length": "8"}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def weights_elsewhere(location: str) -> bytes:
    """Give a network whose weights stand in another file."""
    return network(
        helper.make_node("MatMul", ["amount", "weight"], ["probabilities"]), initial=(elsewhere(location),)
    )


def weights_in_a_branch(location: str) -> bytes:
    """The same within a branch, where ONNX Runtime looks for files that it refuses outside of one."""
    branches = {}
    for name in ("then_branch", "else_branch"):
        gives = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, [1, 2])
        inside = [helper.make_node("Identity", ["weight"], [name])]
        branches[name] = helper.make_graph(inside, name, [], [gives], [elsewhere(location)])
    yes = helper.make_tensor("yes", onnx.TensorProto.BOOL, [], [True])
    return network(
        helper.make_node("If", ["yes"], ["chosen"], **branches),
        helper.make_node("MatMul", ["amount", "chosen"], ["probabilities"]),
        initial=(yes,),
    )


def endless_memory(_: Path) -> bytes:
    """Give a network of some bytes that asks for 256 TiB."""
    size = helper.make_tensor("size", onnx.TensorProto.INT64, [1], [2**46])
    return network(
        helper.make_node("ConstantOfShape", ["size"], ["huge"]),
        helper.make_node("ReduceSum", ["huge"], ["one"], keepdims=0),
        helper.make_node("Add", ["amount", "one"], ["probabilities"]),
        initial=(size,),
    )


def claims(_: Path) -> bytes:
    """Give a network whose weights claim 8 TiB, and bring four bytes."""
    tensor = onnx.TensorProto(name="weight", data_type=onnx.TensorProto.FLOAT, dims=[2**20, 2**21])
    tensor.raw_data = b"\0\0\0\0"
    return network(helper.make_node("MatMul", ["amount", "weight"], ["probabilities"]), initial=(tensor,))


def safetensors(_: Path) -> bytes:
    """Give a safetensors header that claims to be 2^62 bytes long."""
    return (2**62).to_bytes(8, "little") + b'{"weight": {"dtype": "F32", "shape": [1099511627776]}}'


def foreign_operator(_: Path) -> bytes:
    return network(
        helper.make_node("System", ["amount"], ["probabilities"], domain="evil", command="touch"),
        domain="evil",
    )


def nested(_: Path) -> bytes:
    return b"[" * 200_000 + b"]" * 200_000


def tricks(canary: Path) -> bytes:
    """Give a state of names that careless readers of JSON obey."""
    run = {"py/reduce": [{"py/function": "builtins.exec"}, {"py/tuple": [code(canary)]}]}
    return json.dumps({"__class__": "os.system", "__reduce__": run, "__init__": [code(canary)]}).encode()


def another_use_case(canary: Path) -> bytes:
    return json.dumps({"usecase": f"../../{canary.name}", "classes": ["__import__('os')"]}).encode()


ONNX, STATE, ABOUT = f"{DATA}/network.onnx", f"{DATA}/encoder.json", f"{DATA}/model.json"

CORPUS = (
    Evil("cloudpickled_pyfunc", cloudpickle, "NL-C004"),
    Evil("pickled_weights", with_file(f"{DATA}/weights.pth", pickled), "NL-C004"),
    Evil("torch_zip_as_flavor", torch_flavor, "NL-C004"),
    Evil("torch_zip_for_network", with_file(ONNX, torch_zip), "NL-C005", "NL-C005"),
    Evil("pickle_for_network", with_file(ONNX, pickled), "NL-C005", "NL-C005"),
    Evil("pt2_with_a_pickle", with_file(f"{DATA}/model.pt2", pt2), "NL-C004"),
    Evil("pt2_for_network", with_file(ONNX, pt2), "NL-C005", "NL-C005"),
    Evil("code_that_shadows_modules", shadowing, ""),
    Evil("loader_of_the_attacker", foreign_loader, "NL-C004"),
    Evil("code_as_model", code_as_model, ""),
    Evil("second_flavor", second_flavor, "NL-C004"),
    Evil("requirements_hooks", requirements, "", ""),
    Evil("yaml_that_calls", yaml_object, ""),
    Evil("example_elsewhere", example_elsewhere, ""),
    Evil(
        "weights_by_absolute_path", with_file(ONNX, lambda c: weights_elsewhere(str(c))), "NL-C005", "NL-C005"
    ),
    Evil("weights_by_way_out", with_file(ONNX, lambda _: weights_elsewhere("../x")), "NL-C005", "NL-C005"),
    Evil("weights_here", with_file(ONNX, lambda _: weights_elsewhere("weights")), "NL-C005", "NL-C005"),
    Evil(
        "weights_in_a_branch", with_file(ONNX, lambda _: weights_in_a_branch("weights")), "NL-C005", "NL-C005"
    ),
    Evil("network_of_256_TiB", with_file(ONNX, endless_memory), "NL-C005", "NL-C005"),
    Evil("weights_that_claim_8_TiB", with_file(ONNX, claims), "NL-C005", "NL-C005"),
    Evil("safetensors_that_claim", with_file(f"{DATA}/weights.safetensors", safetensors), "NL-C004"),
    Evil("safetensors_for_network", with_file(ONNX, safetensors), "NL-C005", "NL-C005"),
    Evil("operator_of_the_attacker", with_file(ONNX, foreign_operator), "NL-C005", "NL-C005"),
    Evil("state_nested_without_end", with_file(STATE, nested), "NL-C005", "NL-C005"),
    Evil("state_that_is_no_number", with_file(STATE, lambda _: b'{"scale": NaN}'), "NL-C005", "NL-C005"),
    Evil("state_of_tricks", with_file(STATE, tricks), "", ""),
    Evil("description_of_another", with_file(ABOUT, another_use_case), "NL-C005", "NL-C005"),
)

WEIGHTS = np.array([1, 2], np.float32).tobytes()
"""What stands in the file ``weights`` of the working folder."""
