"""Trains one candidate: several members, averaged and calibrated inside one module.

The same rows, parameters and seed give the same metrics: one thread, and one seed for each member.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from nightlabel.contract import Encoder, UseCase
from nightlabel.contract.usecase import Params
from nightlabel.errors import RefusedError
from nightlabel.train.calibration import Calibrated, log_loss
from nightlabel.train.weights import row_weights

OnEpoch = Callable[[dict[str, Any]], None]

FEWEST_ROWS = 10
"""Fewest rows to fit and to validate on: fewer cannot tell when to stop."""


class Recipe(BaseModel):
    """How a candidate is trained; its other parameters belong to preparation and network.

    Attributes:
        members: Networks that are averaged.
        rate: Step size of AdamW.
        decay: Decoupled weight decay of AdamW.
        batch: Rows of one step.
        epochs: Largest number of passes over the training rows.
        patience: Passes without a lower validation log loss after which a member stops.
        smoothing: Label smoothing.
        half_life_days: Days after which a training row counts half; 0 weighs all the same.
        class_beta: Class balance by effective number of rows; 0 weighs all classes the same.
        floor: Share of the class prior in every answer.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    members: int = Field(ge=1, le=32)
    rate: float = Field(gt=0, le=1)
    decay: float = Field(ge=0, le=10)
    batch: int = Field(ge=1)
    epochs: int = Field(ge=1, le=1000)
    patience: int = Field(ge=1)
    smoothing: float = Field(ge=0, lt=1)
    half_life_days: float = Field(ge=0)
    class_beta: float = Field(ge=0, lt=1)
    floor: float = Field(ge=0, lt=1)

    @classmethod
    def read(cls, params: Params) -> Self:
        """Read the recipe out of a candidate's parameters.

        Raises:
            RefusedError: ``NL-T001`` a parameter is missing or out of range.
        """
        try:
            return cls.model_validate(dict(params))
        except ValidationError as error:
            faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
            raise RefusedError(
                f"the candidate cannot be trained: {faults}", code="NL-T001", advice=_ADVICE
            ) from None


class Parameters(dict[str, Any]):
    """A candidate's parameters; one that is missing is refused by name, none has a silent default."""

    def __missing__(self, name: str) -> Any:
        """Refuse."""
        raise RefusedError(
            f"the candidate has no parameter {name!r}", code="NL-T001", advice=_ADVICE, parameter=name
        )


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained candidate.

    Attributes:
        encoder: The fitted encoder.
        network: Gives probabilities of shape (rows, classes) for the encoder's arrays by keyword.
        curves: One entry per member and epoch: ``member``, ``epoch``, ``fit_loss``,
            ``validation_log_loss``.
        seconds: Time of preparation and training.
    """

    encoder: Encoder
    network: nn.Module
    curves: list[dict[str, Any]]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Rows:
    inputs: dict[str, Tensor]
    target: Tensor

    def __getitem__(self, index: Tensor) -> "dict[str, Tensor]":
        return {name: array[index] for name, array in self.inputs.items()}

    def __len__(self) -> int:
        return len(self.target)


def train(
    usecase: UseCase,
    fit: pd.DataFrame,
    validation: pd.DataFrame,
    params: Params,
    seed: int,
    on_epoch: OnEpoch | None = None,
) -> Trained:
    """Fit the encoder and the members to some rows; stop and calibrate on other, later rows.

    Args:
        usecase: Gives preparation and network.
        fit: Rows to learn from, columns of ``LabelledRecord`` and ``source``.
        validation: Rows that decide when to stop and how sure to be, the same columns.
        params: The candidate's parameters, of preparation, network and ``Recipe``.
        seed: Of initial weights, order of rows and dropout, >= 0.
        on_epoch: Called with each new entry of the curves.

    Raises:
        RefusedError: ``NL-T001`` a parameter is wrong, ``NL-T002`` there are too few rows or a class that
            the encoder does not know, ``NL-T003`` a member's loss is no longer a number.
    """
    started = time.perf_counter()
    params, recipe = Parameters(params), Recipe.read(params)
    _require_rows(fit=fit, validation=validation)
    label = usecase.schema.LABEL
    encoder = usecase.prepare.fit(
        fit.drop(columns=label), fit[label].astype(str), params, usecase.folder / "tables"
    )
    rows, held = _rows(encoder, fit, label), _rows(encoder, validation, label)
    times = pd.to_datetime(fit[usecase.card.split_time].astype(str))
    weights = row_weights(
        rows.target.numpy(), times, beta=recipe.class_beta, half_life_days=recipe.half_life_days
    )
    curves: list[dict[str, Any]] = []

    def note(entry: dict[str, Any]) -> None:
        curves.append(entry)
        if on_epoch:
            on_epoch(entry)

    with _one_thread(seed):
        members = [
            _member(usecase.model.build(params, encoder), rows, held, torch.tensor(weights), recipe, index, note)
            for index in range(recipe.members)
        ]
        network = Calibrated(members, _prior(rows.target, len(encoder.classes)), recipe.floor).eval()
        network.calibrate(held.target, **held.inputs)
    return Trained(encoder, network, curves, time.perf_counter() - started)


def _member(
    network: nn.Module, rows: _Rows, held: _Rows, weights: Tensor, recipe: Recipe, index: int, note: OnEpoch
) -> nn.Module:
    """Train one network and give it as it was after its best epoch."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    best, best_loss, best_epoch = network.state_dict(), float("inf"), -1
    for epoch in range(recipe.epochs):
        fit_loss = _epoch(network, rows, weights, optimizer, recipe)
        loss = _validate(network, held)
        note({"member": index, "epoch": epoch, "fit_loss": fit_loss, "validation_log_loss": loss})
        if not np.isfinite(loss):
            raise RefusedError(
                f"member {index} diverged in epoch {epoch}", code="NL-T003", advice="lower the rate", epoch=epoch
            )
        if loss < best_loss:
            best, best_loss, best_epoch = deepcopy(network.state_dict()), loss, epoch
        elif epoch - best_epoch >= recipe.patience:
            break
    network.load_state_dict(best)
    return network.eval()


def _epoch(
    network: nn.Module, rows: _Rows, weights: Tensor, optimizer: torch.optim.Optimizer, recipe: Recipe
) -> float:
    network.train()
    total = 0.0
    for index in torch.randperm(len(rows)).split(recipe.batch):
        losses = nn.functional.cross_entropy(
            network(**rows[index]), rows.target[index], label_smoothing=recipe.smoothing, reduction="none"
        )
        loss = (losses * weights[index]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += float(loss.detach()) * len(index)
    return total / len(rows)


def _validate(network: nn.Module, held: _Rows) -> float:
    network.eval()
    with torch.no_grad():
        return log_loss(torch.softmax(network(**held.inputs), dim=1), held.target)


def _rows(encoder: Encoder, frame: pd.DataFrame, label: str) -> _Rows:
    target = pd.Index(encoder.classes).get_indexer(pd.Index(frame[label].astype(str)))
    if (target < 0).any():
        unknown = sorted(set(frame[label].astype(str)) - set(encoder.classes))
        raise RefusedError(
            f"{len(unknown)} classes are not known to the encoder: {', '.join(unknown[:5])}",
            code="NL-T002",
            advice="split the data so that each class is among the rows to fit",
            classes=unknown,
        )
    inputs = {name: torch.from_numpy(array) for name, array in encoder.encode(frame.drop(columns=label)).items()}
    return _Rows(inputs, torch.from_numpy(target.astype(np.int64)))


def _require_rows(**frames: pd.DataFrame) -> None:
    for role, frame in frames.items():
        if len(frame) < FEWEST_ROWS:
            raise RefusedError(
                f"there are {len(frame)} {role} rows, at least {FEWEST_ROWS} are needed",
                code="NL-T002",
                advice="give more data, or split it at other months",
                role=role,
                rows=len(frame),
            )


def _prior(target: Tensor, classes: int) -> NDArray[np.float64]:
    counts = np.bincount(target.numpy(), minlength=classes) + 0.5
    prior: NDArray[np.float64] = counts / counts.sum()
    return prior


@contextmanager
def _one_thread(seed: int) -> Iterator[None]:
    """Small steps on several threads cost more than they save, and sum in another order."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            yield
    finally:
        torch.set_num_threads(threads)


_ADVICE = "correct the candidate in usecase.toml"
