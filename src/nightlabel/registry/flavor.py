"""The model as MLflow sees it: a pyfunc without pickle or code, whose data is our artifact folder.

MLflow's own loaders, the HTTP service and notebooks call it with plain columns (text, whole numbers, floats,
timestamps); the steps use ``artifact.load`` directly and keep Arrow's exact types. Who cannot know who wrote
a model opens it by ``load``: MLflow alone would import whatever its ``MLmodel`` names.
"""

import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Array

from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.registry import artifact

if TYPE_CHECKING:
    from mlflow.pyfunc import PyFuncModel

    from nightlabel.registry.artifact import Labeller

LOADER = "nightlabel.registry.flavor"
SOURCE = "source"  # the column that tells files apart

_DATA = "data/artifact"
_ABOUT = frozenset(
    {
        *("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt", "registered_model_meta"),
        *("input_example.json", "serving_input_example.json"),
    }
)
"""What MLflow writes beside our files; it reads ``MLmodel`` and the examples, and installs nothing."""

_WORDS = frozenset({"code", "data", "env", "loader_module", "python_version", "streamable"})
"""What an ``MLmodel`` of ours says of its only flavor."""


class PlainModel:
    """What ``mlflow.pyfunc.load_model`` wraps: frame in, frame with labels out."""

    def __init__(self, usecase: UseCase, labeller: "Labeller") -> None:
        self._usecase = usecase
        self._labeller = labeller

    def predict(self, frame: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Label records.

        Args:
            frame: Columns of the signature, plain types or Arrow's; ``source`` may be left out.
            params: Not used; MLflow passes it.

        Returns:
            ``label``, ``confidence``, ``top_labels``, ``top_confidences``, with the index of ``frame``.

        Raises:
            RefusedError: ``NL-C005``, a value does not fit its column.
        """
        del params
        labels: pd.DataFrame = self._labeller.label(typed(frame, self._usecase))
        return labels


def signature(usecase: UseCase) -> ModelSignature:
    """Give the columns that the model takes and gives, in MLflow's plain types."""
    inputs: list[ColSpec | TensorSpec] = [
        ColSpec(_plain_type(field.type), field.name) for field in _fields(usecase)
    ]
    outputs: list[ColSpec | TensorSpec] = [
        ColSpec(DataType.string, "label"),
        ColSpec(DataType.float, "confidence"),
        ColSpec(Array(DataType.string), "top_labels"),
        ColSpec(Array(DataType.float), "top_confidences"),
    ]
    return ModelSignature(
        Schema([*inputs, ColSpec(DataType.string, SOURCE, required=False)]), Schema(outputs)
    )


def plain(frame: pd.DataFrame, usecase: UseCase) -> pd.DataFrame:
    """Give records in the plain types of the signature; columns beyond the signature are left out."""
    columns = {f.name: _array(frame[f.name]).cast(_PLAIN[_plain_type(f.type)]) for f in _fields(usecase)}
    if SOURCE in frame.columns:
        columns[SOURCE] = _array(frame[SOURCE]).cast(pa.string())
    return pd.DataFrame({name: column.to_pandas() for name, column in columns.items()})


def typed(frame: pd.DataFrame, usecase: UseCase) -> pd.DataFrame:
    """Give plain records the exact types of the schema again: amounts to the cent, dates as dates.

    Raises:
        RefusedError: ``NL-C005``, a column is missing, or a value does not fit its type.
    """
    columns = {field.name: _fitted(frame, field) for field in _fields(usecase)}
    sources = _array(frame[SOURCE]) if SOURCE in frame.columns else pa.array(["request"] * len(frame))
    columns[SOURCE] = sources.cast(pa.string())
    exact: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=pd.ArrowDtype)
    return exact.set_axis(frame.index)


def load(folder: Path, sha256: str) -> "PyFuncModel":
    """Load a logged model by MLflow, after nothing in its folder was found to be, or to name, code.

    MLflow runs a model's ``code``, and imports the module that its ``MLmodel`` names, also where pickles are
    refused.

    Args:
        folder: The whole model as MLflow stores it.
        sha256: The digest that the registry names.

    Raises:
        RefusedError: ``NL-C004`` the folder holds or names what no model of ours does; ``NL-C003`` and
            ``NL-C005`` as ``artifact.load``.
    """
    import mlflow.pyfunc  # noqa: PLC0415 - heavy

    _require_files(folder)
    _require_our_words(folder)
    if (found := _metadata(folder / _DATA)["sha256"]) != sha256:
        raise RefusedError(
            f"the model's SHA-256 is {found[:12]}…, the registry names {sha256[:12]}…",
            code="NL-C003",
            kept="nothing of it was loaded",
            advice="register the model again, or roll back to an earlier version",
        )
    model: PyFuncModel = mlflow.pyfunc.load_model(str(folder))
    return model


def _require_files(folder: Path) -> None:
    ours = _ABOUT | {f"{_DATA}/{name}" for name in artifact.FILES}
    found = {path.relative_to(folder).as_posix(): path.lstat().st_mode for path in folder.rglob("*")}
    files = {name for name, mode in found.items() if not stat.S_ISDIR(mode)}
    odd = sorted(files - ours | {name for name in files if not stat.S_ISREG(found[name])})
    if odd:
        raise _foreign(f"{odd[0][:60]!r} is no file of a model")


def _require_our_words(folder: Path) -> None:
    about = _described(folder)
    flavors: Any = about.get("flavors")
    example = about.get("saved_input_example_info") or {}
    only = isinstance(flavors, dict) and len(flavors) == 1
    told = flavors.get("python_function") if only else None
    if not isinstance(told, dict) or set(told) - _WORDS or told.get("code"):
        raise _foreign("its MLmodel names code, or a flavor that is not ours")
    if (told.get("loader_module"), told.get("data")) != (LOADER, _DATA):
        raise _foreign("its MLmodel names another loader or other data")
    if not isinstance(example, dict) or set(map(str, _paths(example))) - _ABOUT:
        raise _foreign("its MLmodel names an example elsewhere")


def _paths(example: dict[str, Any]) -> list[Any]:
    return [value for key, value in example.items() if key.endswith("path")]


def _load_pyfunc(path: str) -> PlainModel:
    """Load the artifact folder of a logged model; MLflow calls this.

    The digest in ``MLmodel`` shows damage; who may not trust the store takes the digest from the registry,
    as the night does.
    """
    folder = Path(path)
    about = _metadata(folder)
    usecase = catalog.load(about["usecase"])
    return PlainModel(usecase, artifact.load(folder, usecase, sha256=about["sha256"]))


def _metadata(folder: Path) -> dict[str, str]:
    try:
        about = _described(folder.parents[1])["metadata"]  # {model}/data/artifact
        return {"usecase": str(about["usecase"]), "sha256": str(about["sha256"])}
    except (KeyError, TypeError):
        raise _foreign("its MLmodel does not name its use case and SHA-256") from None


def _described(model: Path) -> dict[str, Any]:
    try:
        about = yaml.safe_load((model / "MLmodel").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, yaml.YAMLError):
        about = None
    if not isinstance(about, dict):
        raise _foreign("it has no MLmodel that can be read")
    return about


def _foreign(why: str) -> RefusedError:
    return RefusedError(
        f"the model is not one that nightlabel logged: {why}",
        code="NL-C004",
        kept="nothing of it was imported or run",
        advice="load models that nightlabel logged, by nightlabel's registry",
    )


_PLAIN = {
    DataType.string: pa.string(),
    DataType.boolean: pa.bool_(),
    DataType.long: pa.int64(),
    DataType.double: pa.float64(),
    DataType.datetime: pa.timestamp("us"),
    DataType.binary: pa.binary(),
}


def _plain_type(kind: pa.DataType) -> DataType:
    is_kind = pa.types
    if is_kind.is_boolean(kind):
        return DataType.boolean
    if is_kind.is_integer(kind):
        return DataType.long
    if is_kind.is_decimal(kind) or is_kind.is_floating(kind):
        return DataType.double
    if is_kind.is_temporal(kind):
        return DataType.datetime
    return DataType.binary if is_kind.is_binary(kind) else DataType.string


def _fields(usecase: UseCase) -> list[pa.Field]:
    return [field for field in usecase.schema.COLUMNS if field.name != usecase.schema.LABEL]


def _fitted(frame: pd.DataFrame, field: pa.Field) -> pa.Array:
    try:
        column = _array(frame[field.name])
        if pa.types.is_decimal(field.type) and pa.types.is_floating(column.type):
            column = pc.round(column, ndigits=field.type.scale)
        return column.cast(field.type)
    except (KeyError, pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        reason = "is missing" if isinstance(error, KeyError) else f"does not hold {field.type} values"
        raise RefusedError(
            f"the column {field.name!r} {reason}",
            code="NL-C005",
            kept="everything: nothing was labelled",
            advice="send the columns of the model's signature, in their types",
            column=field.name,
        ) from None


def _array(column: "pd.Series[Any]") -> pa.Array:
    found = pa.array(column, from_pandas=True)
    return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
