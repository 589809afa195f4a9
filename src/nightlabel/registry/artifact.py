"""The model as one folder of data: network, encoder, description. No pickle, no code.

::

    network.onnx   arrays -> probabilities
    encoder.json   what preparation learned, outside tables included
    model.json     use case, classes, columns, parameters, seed, version, needs

Nothing is parsed before the folder holds exactly these files and their digest is the expected one.
"""

import hashlib
import json
import stat
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import onnxruntime
import pandas as pd
from numpy.typing import NDArray

from nightlabel.contract import Encoder, Labels, UseCase
from nightlabel.contract.usecase import Params
from nightlabel.errors import RefusedError
from nightlabel.registry import runtime
from nightlabel.registry.records import required

NETWORK, ENCODER, MODEL = "network.onnx", "encoder.json", "model.json"
FILES = (ENCODER, MODEL, NETWORK)
"""All files of a model, and the only ones."""

BATCH_ROWS = 4096
"""Rows that go through the network at once; bounds the memory."""
TOP = 3
"""Labels that are named with their confidence."""


def save(
    folder: Path,
    usecase: UseCase,
    encoder: Encoder,
    network: bytes,
    *,
    params: Params,
    seed: int,
    example: pd.DataFrame,
) -> str:
    """Write a model into an empty folder, and try it on some records.

    Args:
        folder: Where to; made if it is not there.
        usecase: What it labels.
        encoder: The fitted encoder.
        network: The ONNX file.
        params: The candidate's parameters.
        seed: The candidate's seed.
        example: Valid records, as in ``Labeller.probabilities``; they are not kept.

    Returns:
        The digest of the folder.

    Raises:
        RefusedError: ``NL-C004`` the folder is not empty, ``NL-C005`` network and encoder do not fit.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        _refuse("NL-C004", f"the folder {folder.name!r} is not empty", "write the model into a new folder")
    description = {
        "usecase": usecase.name,
        "classes": list(encoder.classes),
        "columns": _columns(usecase),
        "params": dict(params),
        "seed": seed,
        "nightlabel": version("nightlabel"),
        "needs": runtime.needs(network),
    }
    (folder / NETWORK).write_bytes(network)
    (folder / ENCODER).write_text(_json(encoder.state()), encoding="utf-8")
    (folder / MODEL).write_text(_json(description), encoding="utf-8")
    sha256 = digest(folder)
    load(folder, usecase, sha256=sha256).probabilities(example)
    return sha256


def digest(folder: Path) -> str:
    """Give the SHA-256 over the sorted paths of all files and their SHA-256.

    Args:
        folder: Any folder; links are not followed.
    """
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(folder).as_posix()}\0{content}\n".encode())
    return total.hexdigest()


def load(folder: Path, usecase: UseCase, *, sha256: str) -> "Labeller":
    """Give the model of a folder, ready to label.

    Args:
        folder: Exactly the files that ``save`` wrote.
        usecase: What it must label.
        sha256: The digest that the registry names.

    Raises:
        RefusedError: ``NL-C004`` a file is not in the list of allowed files, or one is missing,
            ``NL-C003`` the digest is another one, ``NL-C005`` the model does not fit the use case or the
            installed ONNX Runtime.
    """
    _require_files(folder)
    if (found := digest(folder)) != sha256:
        _refuse(
            "NL-C003",
            f"the model's SHA-256 is {found[:12]}…, the registry names {sha256[:12]}…",
            "register the model again, or roll back to an earlier version",
            found=found,
            expected=sha256,
        )
    description = _object(folder / MODEL)
    _require_fit(description, usecase)
    encoder = usecase.prepare.restore(_object(folder / ENCODER))
    session = runtime.session((folder / NETWORK).read_bytes(), description.get("needs") or {})
    labeller = Labeller(usecase, encoder, session, sha256)
    if list(labeller.classes) != description.get("classes"):
        _refuse("NL-C005", "the encoder's classes are not those of the model", _AGAIN)
    return labeller


@dataclass(frozen=True, slots=True)
class Encoded:
    """Records as the network takes them.

    Attributes:
        inputs: Arrays by input name, each of shape (records, ...).
        unknown: Whether a category of the record was never seen in training, shape (records,).
    """

    inputs: dict[str, NDArray[Any]]
    unknown: NDArray[np.bool_]


@dataclass(frozen=True)
class Labeller:
    """Frame in, labels out: what pods, HTTP service, annotator and UI all call.

    Attributes:
        sha256: Digest of the verified files that it was loaded from.
    """

    usecase: UseCase
    encoder: Encoder
    session: onnxruntime.InferenceSession
    sha256: str

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the probabilities."""
        return self.encoder.classes

    def encode(self, frame: pd.DataFrame, memory: dict[str, Any] | None = None) -> Encoded:
        """Turn records into the network's inputs.

        Args:
            frame: As in ``probabilities``; may be a part of a long file.
            memory: What the encoder keeps from one part of the same file to the next.

        Raises:
            RefusedError: As in ``probabilities``.
        """
        records = required(frame, self.usecase)
        if records.empty:
            return Encoded({}, np.zeros(0, dtype=np.bool_))
        return Encoded(self.encoder.encode(records, memory), self.encoder.unknown(records))

    def predict(self, encoded: Encoded) -> Labels:
        """Give the most probable classes of encoded records."""
        return self._chosen(self._predicted(encoded.inputs, len(encoded.unknown)))

    def probabilities(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Give the probability of each class.

        Args:
            frame: Valid records in the columns of ``Record`` and ``source``; further columns are not
                looked at; rows of one file stand in file order.

        Returns:
            Shape (rows, classes), float32, each row sums to 1.

        Raises:
            RefusedError: ``NL-C005`` a column is missing, has missing values or another type.
        """
        records = required(frame, self.usecase)
        return self._predicted({} if records.empty else self.encoder.encode(records), len(records))

    def label(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Label records.

        Args:
            frame: As in ``probabilities``.

        Returns:
            ``label`` (text), ``confidence`` (float32), ``top_labels`` and ``top_confidences`` (lists of the
            three most probable), with the index of ``frame``.

        Raises:
            RefusedError: As in ``probabilities``.
        """
        chosen = self._chosen(self.probabilities(frame))
        labels = np.array(self.classes, dtype=object)[chosen.order]
        shares = [list(row) for row in chosen.confidences]
        return pd.DataFrame(
            {
                "label": pd.Series(labels[:, 0], index=frame.index, dtype="str"),
                "confidence": chosen.confidences[:, 0],
                "top_labels": pd.Series(labels.tolist(), index=frame.index, dtype=object),
                "top_confidences": pd.Series(shares, index=frame.index, dtype=object),
            },
            index=frame.index,
        )

    def unknown(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Mark the records with a category that training never saw, shape (rows,).

        Raises:
            RefusedError: As in ``probabilities``.
        """
        records = required(frame, self.usecase)
        return np.zeros(0, dtype=np.bool_) if records.empty else self.encoder.unknown(records)

    def _predicted(self, inputs: dict[str, NDArray[Any]], rows: int) -> NDArray[np.float32]:
        if not rows:
            return np.zeros((0, len(self.classes)), dtype=np.float32)
        parts = [
            self._run({name: array[start : start + BATCH_ROWS] for name, array in inputs.items()})
            for start in range(0, rows, BATCH_ROWS)
        ]
        probabilities = np.concatenate(parts)
        if probabilities.shape != (rows, len(self.classes)) or not np.isfinite(probabilities).all():
            _refuse("NL-C005", "the network gave no probability for each class", _AGAIN)
        return probabilities

    def _chosen(self, probabilities: NDArray[np.float32]) -> Labels:
        """Give the classes by falling probability, of equal ones the first."""
        left, rows = probabilities.copy(), np.arange(len(probabilities))
        order = np.empty((len(left), min(TOP, len(self.classes))), dtype=np.int64)
        for place in range(order.shape[1]):
            order[:, place] = left.argmax(axis=1)
            left[rows, order[:, place]] = -1
        return Labels(self.classes, order, np.take_along_axis(probabilities, order, axis=1))

    @cached_property
    def _inputs(self) -> frozenset[str]:
        return frozenset(item.name for item in self.session.get_inputs())

    def _run(self, inputs: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        if missing := self._inputs - inputs.keys():
            _refuse("NL-C005", f"the network wants {', '.join(sorted(missing))}", _AGAIN)
        try:
            (found,) = self.session.run(None, {name: inputs[name] for name in self._inputs})
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no public class
            reason = type(error).__name__
            _refuse("NL-C005", f"the network does not take what the encoder gives: {reason}", _AGAIN)
        probabilities: NDArray[np.float32] = found
        return probabilities


def _require_files(folder: Path) -> None:
    paths = sorted(folder.rglob("*")) if folder.is_dir() else []
    plain = [path.relative_to(folder).as_posix() for path in paths if stat.S_ISREG(path.lstat().st_mode)]
    if tuple(plain) != FILES or len(paths) != len(FILES):
        found = [path.relative_to(folder).as_posix() for path in paths]
        _refuse(
            "NL-C004",
            f"a model is exactly {', '.join(FILES)}; found {', '.join(map(repr, found[:8])) or 'nothing'}",
            "do not load it; find out who wrote it, and register the model again",
            files=found,
        )


def _require_fit(description: dict[str, Any], usecase: UseCase) -> None:
    if description.get("usecase") != usecase.name:
        _refuse("NL-C005", f"the model labels {description.get('usecase')!r}, not {usecase.name!r}", _AGAIN)
    if description.get("columns") != _columns(usecase):
        _refuse("NL-C005", "the model was trained on other columns than the schema has", _AGAIN)


def _columns(usecase: UseCase) -> dict[str, str]:
    return {f.name: str(f.type) for f in usecase.schema.COLUMNS if f.name != usecase.schema.LABEL}


def _object(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes(), parse_constant=_no_number)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        _refuse("NL-C005", f"{path.name} is no JSON object", _AGAIN)
    return found


def _no_number(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _refuse(code: str, sentence: str, advice: str, **facts: Any) -> NoReturn:
    raise RefusedError(sentence, code=code, kept="nothing was labelled", advice=advice, **facts)


_AGAIN = "train the model again with this version of the use case"
