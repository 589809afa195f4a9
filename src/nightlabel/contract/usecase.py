"""What the Python of a use case gives to the core: three modules with these attributes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from nightlabel.contract.card import Card
from nightlabel.contract.reading import Reading

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    import pyarrow as pa
    import torch
    from numpy.typing import NDArray
    from pydantic import BaseModel

Params = Mapping[str, Any]
"""The parameters of one candidate, as they stand in TOML."""


class Schema(Protocol):
    """``schema.py``: what a record is and how a file becomes records."""

    Record: "type[BaseModel]"
    """A record without its label; strict, every text is parsed exactly or refused."""
    LabelledRecord: "type[BaseModel]"
    """The same with its label."""
    LABEL: str
    """Name of the label's column."""
    COLUMNS: "pa.Schema"
    """Columns of ``LabelledRecord`` with their storage types; the label comes last and may be absent."""

    # A schema of declared text also has ``TEXT``, a ``contract.delimited.Delimited`` whose ``read`` this is:
    # its files are then read by the thousand, and long ones in parts.

    def read(self, payload: bytes, *, labelled: bool) -> Reading:
        """Split one file into text records.

        Args:
            payload: The bytes of the file, in the declared encoding and format; nothing is guessed.
            labelled: The label's column is required.

        Raises:
            QuarantineError: The whole file cannot be split into records.
        """
        ...


class Encoder(Protocol):
    """What preparation learned from the training rows; travels inside the model as data."""

    @property
    def classes(self) -> tuple[str, ...]:
        """The labels, in the order of the network's outputs."""
        ...

    def encode(
        self, frame: "pd.DataFrame", memory: dict[str, Any] | None = None
    ) -> "dict[str, NDArray[Any]]":
        """Turn records into the network's inputs.

        Args:
            frame: Valid records in the columns of ``Schema.Record`` and ``source`` (text), which tells
                files apart; rows of one file stand in file order.
            memory: Where ``frame`` is a part of one long file: empty with the first part, and the same with
                each further one, for what features of the whole file remember of earlier rows.

        Returns:
            Arrays by input name, each of shape (rows, ...), float32 or int64.
        """
        ...

    def unknown(self, frame: "pd.DataFrame") -> "NDArray[np.bool_]":
        """Mark the records with a category that training never saw, shape (rows,)."""
        ...

    def state(self) -> dict[str, Any]:
        """Give all that was learned, outside tables included, as plain JSON values."""
        ...


class Preparing(Protocol):
    """``prepare.py``: from valid records to numbers."""

    def fit(self, frame: "pd.DataFrame", labels: "pd.Series[str]", params: Params, tables: Path) -> Encoder:
        """Learn an encoder from training rows.

        Args:
            frame: Valid records, as in ``Encoder.encode``.
            labels: One label per record.
            params: The candidate's parameters.
            tables: Folder of the outside tables, versioned inputs.
        """
        ...

    def restore(self, state: dict[str, Any]) -> Encoder:
        """Give the encoder that wrote ``state``."""
        ...


class Modelling(Protocol):
    """``model.py``: the network; the only module of a use case that imports torch."""

    def build(self, params: Params, encoder: Encoder) -> "torch.nn.Module":
        """Make an untrained network.

        Returns:
            A module whose ``forward`` takes the arrays of ``Encoder.encode`` as keyword arguments and
            returns logits of shape (rows, classes). It may be ``Remembering``.
        """
        ...


@runtime_checkable
class Remembering(Protocol):
    """A network that answers out of the rows it was fitted to."""

    def remember(
        self, inputs: "Mapping[str, torch.Tensor]", target: "torch.Tensor", weights: "torch.Tensor"
    ) -> None:
        """Take the rows to fit to, once, before the first pass.

        Args:
            inputs: The encoder's arrays.
            target: Index of each row's class, shape (rows,).
            weights: How much each row counts, shape (rows,), mean 1.
        """
        ...

    def leave_one_out(self, index: "torch.Tensor") -> "torch.Tensor":
        """Give logits of remembered rows, none of which may look itself up, shape (n, classes).

        Args:
            index: Of the remembered rows, shape (n,).
        """
        ...


@dataclass(frozen=True, slots=True)
class UseCase:
    """One use case, its Python loaded."""

    card: Card
    folder: Path
    schema: Schema
    prepare: Preparing
    model: Modelling

    @property
    def name(self) -> str:
        """The name of the use case."""
        return self.card.name
