"""The encoder of card purchases: learns from training rows alone, and travels inside the model as JSON."""

from collections import Counter
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.contract.usecase import Params
from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending.features import (
    CATEGORIES,
    NUMBERS,
    Purchases,
    Table,
    pieces,
    read_table,
)
from nightlabel.usecases.card_spending.schema import CLASSES

CLOSED = ("cidade", "estado", "sexo", "pais_estabelecimento")
"""The columns whose values are a closed set: a value that training never saw is worth an alarm."""


@dataclass(frozen=True)
class CardEncoder:
    """What was learned from the training rows, and the outside tables.

    Attributes:
        classes: The labels, in the order of the network's outputs.
        vocabularies: Values of each category feature in the order of their indices, which start at 1:
            first those that training saw more than once, then those that it saw once.
        common: Number of values of each category feature that training saw more than once.
        scales: Mean and standard deviation of each number feature.
        edges: Edges of the steps of the log amount, ascending.
        buckets: Number of buckets that character pieces are hashed into; 0 means no pieces.
        known: Values of the closed columns, and the merchant cities, that training saw.
        cities: Spelling to canonical merchant city.
        holidays: Date to holiday.
    """

    classes: tuple[str, ...]
    vocabularies: dict[str, list[str]]
    common: tuple[int, ...]
    scales: dict[str, tuple[float, float]]
    edges: tuple[float, ...]
    buckets: int
    known: dict[str, list[str]]
    cities: Table
    holidays: Table

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of indices of each category feature, the unknown one included."""
        return tuple(len(values) + 1 for values in self.vocabularies.values())

    @property
    def width(self) -> int:
        """Number of columns of ``numbers``."""
        return len(self.scales) + max(len(self.edges) - 1, 0)

    def encode(self, frame: pd.DataFrame, memory: dict[str, Any] | None = None) -> dict[str, NDArray[Any]]:
        """Turn purchases into the network's inputs.

        Args:
            frame: Valid purchases and ``source``; rows of one file stand in file order.
            memory: What the earlier parts of a long file have left.

        Returns:
            ``categories``, int64 of shape (rows, features), 0 is unknown; ``numbers``, float32 of shape
            (rows, ``width``); with pieces also ``pieces``, int64 of shape (rows, 24), 0 is no piece.
        """
        purchases = self._purchases(frame, memory)
        inputs: dict[str, NDArray[Any]] = {
            "categories": self._categories(purchases),
            "numbers": np.concatenate([self._scaled(purchases), self._steps(purchases)], axis=1),
        }
        return inputs | ({"pieces": pieces(purchases.merchant, self.buckets)} if self.buckets else {})

    def unknown(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Mark purchases with a value that training never saw in a column that is a closed set.

        A merchant city counts as known as well if the table of cities knows it: people travel.
        """
        purchases = self._purchases(frame)
        known = {*self.known["merchant_city"], *self.cities.rows.values()}
        unseen: NDArray[np.bool_] = ~purchases.city.within(known)
        for column in CLOSED:
            unseen |= ~purchases.text(column).within(set(self.known[column]))
        return unseen

    def state(self) -> dict[str, Any]:
        """Give all that was learned as plain JSON values; features are pairs, so that none is reordered."""
        pairs = {name: list(getattr(self, name).items()) for name in ("vocabularies", "scales")}
        return asdict(self) | pairs

    def _purchases(self, frame: pd.DataFrame, memory: dict[str, Any] | None = None) -> Purchases:
        return Purchases(frame, self.cities.rows, self.holidays.rows, memory)

    @cached_property
    def _positions(self) -> dict[str, dict[str, int]]:
        return {
            name: {value: at for at, value in enumerate(values, start=1)}
            for name, values in self.vocabularies.items()
        }

    def _categories(self, purchases: Purchases) -> NDArray[np.int64]:
        columns = [CATEGORIES[name](purchases).positions(known) for name, known in self._positions.items()]
        return np.stack(columns, axis=1)

    def _scaled(self, purchases: Purchases) -> NDArray[np.float32]:
        columns = [
            (NUMBERS[name](purchases).astype(np.float64) - mean) / deviation
            for name, (mean, deviation) in self.scales.items()
        ]
        return np.clip(np.stack(columns, axis=1), -4, 4).astype(np.float32)

    def _steps(self, purchases: Purchases) -> NDArray[np.float32]:
        """Encode the log amount piecewise linearly (Gorishniy et al., NeurIPS 2022, eq. 1), centred."""
        edges = np.array(self.edges)
        share = (purchases.log_amount[:, None] - edges[:-1]) / np.diff(edges)
        steps: NDArray[np.float32] = (np.clip(share, 0, 1) - 0.5).astype(np.float32)
        return steps


def fit(frame: pd.DataFrame, labels: "pd.Series[str]", params: Params, tables: Path) -> CardEncoder:
    """Learn vocabularies, scales and steps from training rows alone.

    Args:
        frame: Valid purchases and ``source``.
        labels: One label per purchase.
        params: ``categories`` and ``numbers`` name the features; ``rare`` is the smallest number of
            training rows of a value with an index of its own; ``steps`` the number of steps of the log
            amount; ``pieces`` the number of buckets of the character pieces.
        tables: Folder with ``merchant_cities.csv`` and ``holidays.csv``.

    Raises:
        RefusedError: ``NL-T001`` a feature is not known, ``NL-T002`` there are no rows or a label is none
            of the closed set, ``NL-T004`` a table cannot be read.
    """
    _require_features(params)
    _require_labels(labels)
    cities, holidays = read_table(tables / "merchant_cities.csv"), read_table(tables / "holidays.csv")
    purchases = Purchases(frame, cities.rows, holidays.rows)
    counts = {name: CATEGORIES[name](purchases).counts() for name in params["categories"]}
    known = {column: _values(purchases.text(column).counts(), 1) for column in CLOSED}
    return CardEncoder(
        classes=CLASSES,
        vocabularies={name: _values(count, int(params["rare"])) for name, count in counts.items()},
        common=tuple(_number(count, max(int(params["rare"]), 2)) for count in counts.values()),
        scales={name: _scale(NUMBERS[name](purchases)) for name in params["numbers"]},
        edges=_edges(purchases.log_amount, int(params["steps"])),
        buckets=int(params["pieces"]),
        known=known | {"merchant_city": _values(purchases.city.counts(), 1)},
        cities=cities,
        holidays=holidays,
    )


def restore(state: dict[str, Any]) -> CardEncoder:
    """Give the encoder that wrote ``state``.

    Raises:
        RefusedError: ``NL-C005`` the state is not that of this encoder.
    """
    try:
        return CardEncoder(
            classes=tuple(state["classes"]),
            vocabularies={name: list(values) for name, values in state["vocabularies"]},
            common=tuple(state["common"]),
            scales={name: (float(mean), float(sd)) for name, (mean, sd) in state["scales"]},
            edges=tuple(state["edges"]),
            buckets=int(state["buckets"]),
            known={name: list(values) for name, values in state["known"].items()},
            cities=Table(**state["cities"]),
            holidays=Table(**state["holidays"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RefusedError(
            f"the encoder's state is not one of card_spending: {type(error).__name__}: {error}",
            code="NL-C005",
            kept="everything: nothing was labelled",
            advice="train the model again with this version of the use case",
        ) from error


def _require_features(params: Params) -> None:
    wrong = [name for name in params["categories"] if name not in CATEGORIES]
    wrong += [name for name in params["numbers"] if name not in NUMBERS]
    if wrong or not params["categories"] or not params["numbers"]:
        raise RefusedError(
            f"no such feature: {', '.join(map(str, wrong))}"
            if wrong
            else "categories and numbers need a feature",
            code="NL-T001",
            kept="everything: this candidate was not trained",
            advice="correct the candidate in usecase.toml",
            features=wrong,
        )


def _require_labels(labels: "pd.Series[str]") -> None:
    foreign = sorted(set(labels) - set(CLASSES))
    if foreign or labels.empty:
        raise RefusedError(
            f"{len(foreign)} labels are none of the known ones" if foreign else "there are no training rows",
            code="NL-T002",
            kept="everything: this candidate was not trained",
            advice="look at the data and its split",
        )


def _values(counts: Counter[str], rare: int) -> list[str]:
    kept = {value: rows for value, rows in counts.items() if rows >= rare}
    return sorted(v for v, rows in kept.items() if rows > 1) + sorted(
        v for v, rows in kept.items() if rows == 1
    )


def _number(counts: Counter[str], rows: int) -> int:
    return sum(count >= rows for count in counts.values())


def _scale(values: NDArray[Any]) -> tuple[float, float]:
    numbers = values.astype(np.float64)
    return float(numbers.mean()), float(max(numbers.std(), 1e-6))


def _edges(values: NDArray[np.float64], steps: int) -> tuple[float, ...]:
    edges: list[float] = np.unique(np.quantile(values, np.linspace(0, 1, steps + 1))).tolist()
    return tuple(edges) if len(edges) > 1 else (edges[0], edges[0] + 1)
