"""Trains one candidate: several members, averaged and calibrated inside one module.

The same rows, parameters and seed give the same metrics: one thread, and one seed for each member.
"""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nightlabel.contract import Encoder, Remembering, UseCase
from nightlabel.contract.usecase import Params
from nightlabel.errors import RefusedError
from nightlabel.train.calibration import Calibrated, log_loss
from nightlabel.train.recipe import Parameters, Recipe
from nightlabel.train.weights import row_weights

OnEpoch = Callable[[dict[str, Any]], None]
Encode = Callable[[Encoder, pd.DataFrame], dict[str, NDArray[Any]]]

FEWEST_ROWS = 10
"""Fewest rows to fit and to validate on: fewer cannot tell when to stop."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained candidate.

    Attributes:
        encoder: The fitted encoder.
        network: Gives probabilities of shape (rows, classes) for the encoder's arrays by keyword.
        curves: One entry per member and epoch: ``member``, ``epoch``, ``fit_loss``, and while validating
            ``validation_log_loss``.
        epochs: Passes after which each member was best.
        seconds: Time of preparation and training.
    """

    encoder: Encoder
    network: Calibrated
    curves: list[dict[str, Any]]
    epochs: tuple[int, ...]
    seconds: float

    def probabilities(self, frame: pd.DataFrame) -> NDArray[np.float32]:
        """Give probabilities of shape (rows, classes) for valid records and ``source``."""
        inputs = {name: torch.from_numpy(array) for name, array in self.encoder.encode(frame).items()}
        with torch.no_grad():
            said: NDArray[np.float32] = self.network(**inputs).numpy()
        return said


@dataclass(frozen=True, slots=True)
class _Rows:
    inputs: dict[str, Tensor]
    target: Tensor
    weights: Tensor
    prior: NDArray[np.float64]

    def batch(self, index: Tensor) -> dict[str, Tensor]:
        return {name: array[index] for name, array in self.inputs.items()}


def _plain(encoder: Encoder, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    return encoder.encode(frame)


def train(
    usecase: UseCase,
    fit: pd.DataFrame,
    validation: pd.DataFrame,
    params: Params,
    seed: int,
    *,
    on_epoch: OnEpoch | None = None,
    encode: Encode = _plain,
) -> Trained:
    """Fit the encoder and the members to some rows; stop and calibrate on other, later rows.

    Args:
        usecase: Gives preparation and network.
        fit: Rows to learn from, columns of ``LabelledRecord`` and ``source``.
        validation: Rows that decide when to stop and how sure to be, the same columns.
        params: The candidate's parameters, of preparation, network and ``Recipe``.
        seed: Of initial weights, order of rows and dropout, >= 0.
        on_epoch: Called with each new entry of the curves.
        encode: Encodes records with the fitted encoder.

    Raises:
        RefusedError: ``NL-T001`` a parameter is wrong, ``NL-T002`` there are too few rows or a class that
            the encoder does not know, ``NL-T003`` a member's loss is no longer a number.
    """
    started = time.perf_counter()
    params, recipe = Parameters(params), Recipe.read(params)
    _require_rows(fit=fit, validation=validation)
    encoder, rows = _prepared(usecase, fit, params, recipe, encode)
    held = _rows(encoder, validation, usecase.schema.LABEL, encode)
    curves: list[dict[str, Any]] = []
    with _one_thread(seed):
        found = [
            _stopped(
                _built(usecase, recipe.member(params, index), encoder, rows),
                rows,
                held,
                recipe.of(params, index),
                _noting(curves, index, on_epoch),
            )
            for index in range(recipe.members)
        ]
        network = _averaged([member for member, _ in found], rows, recipe)
        network.calibrate(held.target, **held.inputs)
    epochs = tuple(epoch for _, epoch in found)
    return Trained(encoder, network, curves, epochs, time.perf_counter() - started)


def refit(
    usecase: UseCase,
    trained: Trained,
    rows: pd.DataFrame,
    params: Params,
    seed: int,
    *,
    on_epoch: OnEpoch | None = None,
    encode: Encode = _plain,
) -> Trained:
    """Train a candidate again on all rows, validation included, for as long as was best before.

    The newest rows say most about tomorrow. What validation told, passes and temperature, is kept; the
    metrics of the validation rows must come from ``trained``, never from the result.

    Args:
        usecase: Gives preparation and network.
        trained: What ``train`` gave for the same parameters.
        rows: The rows to fit and to validate together, columns of ``LabelledRecord`` and ``source``.
        params: The candidate's parameters.
        seed: As in ``train``.
        on_epoch: Called with each new entry of the curves.
        encode: As in ``train``.

    Raises:
        RefusedError: As in ``train``.
    """
    started = time.perf_counter()
    params, recipe = Parameters(params), Recipe.read(params)
    _require_rows(fit=rows)
    encoder, known = _prepared(usecase, rows, params, recipe, encode)
    curves: list[dict[str, Any]] = []
    with _one_thread(seed):
        members = [
            _passed(
                _built(usecase, recipe.member(params, index), encoder, known),
                known,
                recipe.of(params, index),
                epochs,
                _noting(curves, index, on_epoch),
            )
            for index, epochs in enumerate(trained.epochs)
        ]
    network = _averaged(members, known, recipe)
    network.temperature.copy_(trained.network.temperature)
    return Trained(encoder, network, curves, trained.epochs, time.perf_counter() - started)


def _built(usecase: UseCase, params: Params, encoder: Encoder, rows: _Rows) -> nn.Module:
    network = usecase.model.build(params, encoder)
    if isinstance(network, Remembering):
        network.remember(rows.inputs, rows.target, rows.weights)
    return network


def _stopped(
    network: nn.Module, rows: _Rows, held: _Rows, recipe: Recipe, note: OnEpoch
) -> tuple[nn.Module, int]:
    """Train one network until validation no longer improves; give it as it was at its best, and when."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    best, best_loss, best_epoch = deepcopy(network.state_dict()), float("inf"), 0
    for epoch in range(recipe.epochs):
        fit_loss = _epoch(network, rows, optimizer, recipe)
        loss = _validate(network, held)
        note({"epoch": epoch, "fit_loss": _finite(fit_loss), "validation_log_loss": _finite(loss)})
        if loss < best_loss:
            best, best_loss, best_epoch = deepcopy(network.state_dict()), loss, epoch
        elif epoch - best_epoch >= recipe.patience:
            break
    network.load_state_dict(best)
    return network.eval(), best_epoch + 1


def _passed(network: nn.Module, rows: _Rows, recipe: Recipe, epochs: int, note: OnEpoch) -> nn.Module:
    """Train one network for a number of passes that is known."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=recipe.decay, fused=True)
    for epoch in range(epochs):
        note({"epoch": epoch, "fit_loss": _finite(_epoch(network, rows, optimizer, recipe))})
    return network.eval()


def _epoch(network: nn.Module, rows: _Rows, optimizer: torch.optim.Optimizer, recipe: Recipe) -> float:
    network.train()
    total = 0.0
    for index in torch.split(torch.randperm(len(rows.target)), recipe.batch):
        losses = nn.functional.cross_entropy(
            _said(network, rows, index),
            rows.target[index],
            label_smoothing=recipe.smoothing,
            reduction="none",
        )
        loss = (losses * rows.weights[index]).mean()
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without types
        optimizer.step()
        total += float(loss.detach()) * len(index)
    return total / len(rows.target)


def _said(network: nn.Module, rows: _Rows, index: Tensor) -> Tensor:
    if isinstance(network, Remembering):
        return network.leave_one_out(index)
    logits: Tensor = network(**rows.batch(index))
    return logits


def _validate(network: nn.Module, held: _Rows) -> float:
    network.eval()
    with torch.no_grad():
        return log_loss(torch.softmax(network(**held.inputs), dim=1), held.target)


def _finite(loss: float) -> float:
    if not math.isfinite(loss):
        raise RefusedError(
            "the loss is no longer a number",
            code="NL-T003",
            kept="the other candidates; this one left no model",
            advice="lower the candidate's rate",
        )
    return loss


def _averaged(members: list[nn.Module], rows: _Rows, recipe: Recipe) -> Calibrated:
    return Calibrated(members, rows.prior, recipe.floor).eval()


def _noting(curves: list[dict[str, Any]], member: int, on_epoch: OnEpoch | None) -> OnEpoch:
    def note(entry: dict[str, Any]) -> None:
        curves.append({"member": member, **entry})
        if on_epoch:
            on_epoch(curves[-1])

    return note


def _prepared(
    usecase: UseCase, frame: pd.DataFrame, params: Params, recipe: Recipe, encode: Encode
) -> tuple[Encoder, _Rows]:
    label = usecase.schema.LABEL
    encoder = usecase.prepare.fit(
        frame.drop(columns=label), frame[label].astype(str), params, usecase.folder / "tables"
    )
    rows = _rows(encoder, frame, label, encode)
    weights = row_weights(
        rows.target.numpy(),
        pd.to_datetime(frame[usecase.card.split_time].astype(str)),
        beta=recipe.class_beta,
        half_life_days=recipe.half_life_days,
    )
    return encoder, replace(rows, weights=torch.from_numpy(weights))


def _rows(encoder: Encoder, frame: pd.DataFrame, label: str, encode: Encode) -> _Rows:
    target = pd.Index(encoder.classes).get_indexer(pd.Index(frame[label].astype(str)))
    if (target < 0).any():
        unknown = sorted(set(frame[label].astype(str)) - set(encoder.classes))
        raise RefusedError(
            f"{len(unknown)} classes are not known to the encoder: {', '.join(unknown[:5])}",
            code="NL-T002",
            kept="everything: this candidate was not trained",
            advice="split the data so that each class is among the rows to fit",
            classes=unknown,
        )
    arrays = encode(encoder, frame.drop(columns=label))
    counts = np.bincount(target, minlength=len(encoder.classes)) + 0.5
    return _Rows(
        {name: torch.from_numpy(array) for name, array in arrays.items()},
        torch.from_numpy(target.astype(np.int64)),
        torch.ones(len(target)),
        counts / counts.sum(),
    )


def _require_rows(**frames: pd.DataFrame) -> None:
    for role, frame in frames.items():
        if len(frame) < FEWEST_ROWS:
            raise RefusedError(
                f"there are {len(frame)} {role} rows, at least {FEWEST_ROWS} are needed",
                code="NL-T002",
                kept="everything: this candidate was not trained",
                advice="give more data, or split it at other months",
                role=role,
                rows=len(frame),
            )


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
