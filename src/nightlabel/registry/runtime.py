"""ONNX Runtime, and whether the installed one runs a network."""

import os
from typing import Any

import onnxruntime

from nightlabel.errors import RefusedError

Needs = dict[str, Any]
"""What a network needs: ``ir`` and ``opsets`` of its file, and ``ran_with``, a version that has run it."""

_MAIN = "ai.onnx"  # the operators of ONNX itself, whose domain has no name in the file
_WEIGHTS_ELSEWHERE = "session.model_external_initializers_file_folder_path"


def needs(network: bytes) -> Needs:
    """Read what a network needs of ONNX Runtime.

    Args:
        network: The ONNX file.

    Returns:
        The needs; none where the file is no ONNX, which ``session`` refuses.
    """
    import onnx  # noqa: PLC0415 - who trains has it, who labels does not
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # noqa: PLC0415 - onnx brings it

    try:
        model = onnx.load_model_from_string(network)
    except DecodeError:
        return {}
    opsets = {opset.domain or _MAIN: opset.version for opset in model.opset_import}
    return {"ir": model.ir_version, "opsets": opsets, "ran_with": onnxruntime.__version__}


def session(network: bytes, needed: Needs) -> onnxruntime.InferenceSession:
    """Open a network, on one thread.

    Args:
        network: The ONNX file.
        needed: What ``needs`` said of it when it was saved; empty for models that were saved before.

    Raises:
        RefusedError: ``NL-C005``, the installed ONNX Runtime does not run it, or parts of it are elsewhere.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # Weights in files beside the network were not verified; ONNX Runtime would look in the working folder.
    options.add_session_config_entry(_WEIGHTS_ELSEWHERE, os.devnull)
    try:
        return onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no public class
        installed = onnxruntime.__version__
        raise RefusedError(
            f"ONNX Runtime {installed} does not run the network ({type(error).__name__}){_told(needed)}",
            code="NL-C005",
            kept="nothing was labelled",
            advice="label with the image that belongs to the model, or train the model again",
            installed=installed,
            needed=needed,
        ) from None


def _told(needed: Needs) -> str:
    if not needed:
        return ""
    opsets = ", ".join(f"{domain} {version}" for domain, version in sorted(needed["opsets"].items()))
    return f": it is ONNX IR {needed['ir']} with opset {opsets}, and ran with {needed['ran_with']}"
