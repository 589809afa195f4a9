"""Writes a trained network as ONNX: data without code, and the same file on every machine."""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

OPSET = 18
OUTPUT = "probabilities"


class _Positional(nn.Module):
    """Names arrays by their position, as the exporter passes them."""

    def __init__(self, network: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network = network
        self.names = names

    def forward(self, *arrays: Tensor) -> Tensor:
        probabilities: Tensor = self.network(**dict(zip(self.names, arrays, strict=True)))
        return probabilities


def to_onnx(network: nn.Module, example: Mapping[str, NDArray[Any]]) -> bytes:
    """Write a network as ONNX with any number of rows.

    The tracing exporter is used: it costs under a second, where the exporter on ``torch.export`` costs about
    seven; both give the same probabilities, and none of our networks branches on its data.

    Args:
        network: Gives probabilities of shape (rows, classes) for arrays by keyword, in eval mode.
        example: The arrays of some records by name, each of shape (rows, ...), at least one row.

    Returns:
        One ONNX file with its weights inside; inputs have the names of ``example``, the output is
        ``probabilities``. Nothing in it names a path, a person or a machine.
    """
    names = tuple(example)
    arrays = tuple(torch.from_numpy(_two_rows(array)) for array in example.values())
    target = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore", DeprecationWarning)  # the tracing exporter is the slower one's elder
        torch.onnx.export(
            _Positional(network, names).eval(),
            arrays,
            target,  # type: ignore[arg-type]  # the tracing exporter takes a stream, its types say a path
            dynamo=False,
            opset_version=OPSET,
            input_names=list(names),
            output_names=[OUTPUT],
            dynamic_axes={name: {0: "rows"} for name in (*names, OUTPUT)},
        )
    return _bare(target.getvalue())


def _two_rows(array: NDArray[Any]) -> NDArray[Any]:
    """Give two rows: an exporter may take an axis of length one for a constant."""
    return np.resize(array, (2, *array.shape[1:]))


def _bare(payload: bytes) -> bytes:
    """Take out the notes of the exporter, which name files and lines of the training machine."""
    model = onnx.load_model_from_string(payload)
    model.producer_name, model.producer_version, model.doc_string = "nightlabel", "", ""
    del model.metadata_props[:]
    graph = model.graph
    graph.name, graph.doc_string = "network", ""
    for part in (graph, *graph.node, *graph.initializer, *graph.input, *graph.output, *graph.value_info):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.checker.check_model(model)
    bare: bytes = model.SerializeToString(deterministic=True)
    return bare
