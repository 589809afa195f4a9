"""From card purchases to numbers: features of the row, of the whole file, and of two outside tables.

The file scope looks back only: the earlier purchases of the same account, on the same day, in the same
file. A nightly file holds one account's purchases of one day, so these features are the same by day and
by night, and no later row changes what an earlier one becomes.
"""

import csv
import hashlib
import io
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.contract.usecase import Params
from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending.schema import CLASSES

CLIENT = ("safra_abertura", "cidade", "estado", "idade", "sexo")
"""The columns that together tell the clients apart; ids are damaged and limits change."""

CLOSED = ("cidade", "estado", "sexo", "pais_estabelecimento")
"""The columns whose values are a closed set: a value that training never saw is worth an alarm."""

PIECES = 24
"""Largest number of character pieces of one merchant city."""

_LONGEST_RUN = 5  # earlier purchases of one day that are counted apart
_GRAMS = (2, 3)  # letters of a character piece


@dataclass(frozen=True, slots=True)
class Table:
    """One outside table, as it was when the encoder was fitted.

    Attributes:
        sha256: Digest of the file's bytes.
        rows: First column to second column.
    """

    sha256: str
    rows: dict[str, str]


def read_table(path: Path) -> Table:
    """Read a CSV table of two columns in UTF-8 with a header.

    Raises:
        RefusedError: ``NL-T004`` the table is missing, or a row has not two columns.
    """
    try:
        payload = path.read_bytes()
        rows = list(csv.reader(io.StringIO(payload.decode("utf-8"))))[1:]
        return Table(hashlib.sha256(payload).hexdigest(), {key: value for key, value in rows})  # noqa: C416 - unpacking checks the width
    except (OSError, ValueError) as error:
        raise RefusedError(
            f"the outside table {path.name} cannot be read: {type(error).__name__}",
            code="NL-T004",
            advice=f"restore {path.name} from git",
        ) from error


@dataclass(frozen=True)
class Purchases:
    """Valid purchases with what several features share; each is computed at most once."""

    frame: pd.DataFrame
    cities: dict[str, str]
    holidays: dict[str, str]

    def text(self, column: str) -> pd.Series:
        return pd.Series(self.frame[column].astype(str).to_numpy(dtype=object))

    @cached_property
    def cents(self) -> NDArray[np.int64]:
        return np.rint(self.frame["valor"].astype("float64").to_numpy() * 100).astype(np.int64)

    @cached_property
    def log_amount(self) -> NDArray[np.float64]:
        logs: NDArray[np.float64] = np.log(np.maximum(self.cents, 1) / 100)
        return logs

    @cached_property
    def client(self) -> pd.Series:
        return self._joined(self.text(column) for column in CLIENT)

    @cached_property
    def merchant(self) -> pd.Series:
        return self.text("cidade_estabelecimento")

    @cached_property
    def city(self) -> pd.Series:
        """The merchant's city in its canonical spelling; as written where the table does not know it."""
        written = self.merchant.str.upper().str.strip()
        return written.map(self.cities).fillna(written)

    @cached_property
    def weekday(self) -> pd.Series:
        day = pd.to_datetime(self.text("data"))
        holiday = day.dt.strftime("%Y-%m-%d").isin(set(self.holidays))
        return day.dt.dayofweek.astype(str).mask(holiday, "holiday")

    @cached_property
    def amount(self) -> pd.Series:
        return pd.Series(self.cents).astype(str)

    @cached_property
    def _run(self) -> pd.Series:
        return self._joined((self.text("source"), self.client, self.text("data")))

    @cached_property
    def earlier(self) -> NDArray[np.int64]:
        return pd.Series(self.cents).groupby(self._run.to_numpy()).cumcount().to_numpy(dtype=np.int64)

    @cached_property
    def earlier_amount(self) -> NDArray[np.float64]:
        cents = pd.Series(self.cents)
        summed = cents.groupby(self._run.to_numpy()).cumsum() - cents
        return summed.to_numpy(dtype=np.float64) / 100

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        place = self._joined((self._run, self.merchant))
        return place.groupby(place.to_numpy()).cumcount().to_numpy(dtype=np.int64)

    def pair(self, first: pd.Series, second: pd.Series) -> pd.Series:
        return self._joined((first, second))

    @staticmethod
    def _joined(parts: Iterable[pd.Series]) -> pd.Series:
        first, *rest = parts
        return first.str.cat(rest, sep="\x1f") if rest else first


CATEGORIES: dict[str, Callable[[Purchases], pd.Series]] = {
    "client": lambda p: p.client,
    "safra_abertura": lambda p: p.text("safra_abertura"),
    "cidade": lambda p: p.text("cidade"),
    "estado": lambda p: p.text("estado"),
    "idade": lambda p: p.text("idade"),
    "sexo": lambda p: p.text("sexo"),
    "merchant": lambda p: p.merchant,
    "merchant_city": lambda p: p.city,
    "country": lambda p: p.text("pais_estabelecimento"),
    "cents": lambda p: pd.Series(p.cents % 100).astype(str),
    "amount": lambda p: p.amount,
    "client_merchant": lambda p: p.pair(p.client, p.merchant),
    "client_amount": lambda p: p.pair(p.client, p.amount),
    "weekday": lambda p: p.weekday,
    "earlier": lambda p: pd.Series(np.minimum(p.earlier, _LONGEST_RUN)).astype(str),
    "seen": lambda p: pd.Series(np.minimum(p.seen, 2)).astype(str),
}
"""Features with values of a vocabulary, by name. ``earlier`` and ``seen`` are of the whole file,
``merchant_city`` and ``weekday`` of the outside tables, the others of the row."""

NUMBERS: dict[str, Callable[[Purchases], NDArray[Any]]] = {
    "log_amount": lambda p: p.log_amount,
    "cents": lambda p: p.cents % 100,
    "whole": lambda p: p.cents % 100 == 0,
    "fives": lambda p: p.cents % 500 == 0,
    "tens": lambda p: p.cents % 1000 == 0,
    "fifties": lambda p: p.cents % 5000 == 0,
    "ends_90": lambda p: p.cents % 100 == 90,  # noqa: PLR2004 - the name says it
    "ends_99": lambda p: p.cents % 100 == 99,  # noqa: PLR2004 - the name says it
    "dimes": lambda p: p.cents % 10 == 0,
    "earlier": lambda p: np.log1p(p.earlier),
    "earlier_amount": lambda p: np.log1p(p.earlier_amount),
}
"""Features that are numbers, by name. ``earlier`` and ``earlier_amount`` are of the whole file."""


@dataclass(frozen=True)
class CardEncoder:
    """What was learned from the training rows, and the outside tables.

    Attributes:
        classes: The labels, in the order of the network's outputs.
        vocabularies: Values of each category feature in the order of their indices, which start at 1.
        scales: Mean and standard deviation of each number feature.
        edges: Edges of the steps of the log amount, ascending.
        buckets: Number of buckets that character pieces are hashed into; 0 means no pieces.
        known: Values of the closed columns, and the merchant cities, that training saw.
        cities: Spelling to canonical merchant city.
        holidays: Date to holiday.
    """

    classes: tuple[str, ...]
    vocabularies: dict[str, list[str]]
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

    def encode(self, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
        """Turn purchases into the network's inputs.

        Args:
            frame: Valid purchases and ``source``; rows of one file stand in file order.

        Returns:
            ``categories``, int64 of shape (rows, features), 0 is unknown; ``numbers``, float32 of shape
            (rows, ``width``); with pieces also ``pieces``, int64 of shape (rows, 24), 0 is no piece.
        """
        purchases = self._purchases(frame)
        inputs: dict[str, NDArray[Any]] = {
            "categories": self._categories(purchases),
            "numbers": np.concatenate([self._scaled(purchases), self._steps(purchases)], axis=1),
        }
        return inputs | ({"pieces": _pieces(purchases.merchant, self.buckets)} if self.buckets else {})

    def unknown(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Mark purchases with a value that training never saw in a column that is a closed set.

        A merchant city counts as known as well if the table of cities knows it: people travel.
        """
        purchases = self._purchases(frame)
        unseen: NDArray[np.bool_] = ~purchases.city.isin(
            set(self.known["merchant_city"]) | set(self.cities.rows.values())
        ).to_numpy(dtype=bool)
        for column in CLOSED:
            unseen |= ~purchases.text(column).isin(set(self.known[column])).to_numpy(dtype=bool)
        return unseen

    def state(self) -> dict[str, Any]:
        """Give all that was learned as plain JSON values."""
        return asdict(self)

    def _purchases(self, frame: pd.DataFrame) -> Purchases:
        return Purchases(frame, self.cities.rows, self.holidays.rows)

    def _categories(self, purchases: Purchases) -> NDArray[np.int64]:
        columns = [
            pd.Index(values, dtype=object).get_indexer(pd.Index(CATEGORIES[name](purchases), dtype=object))
            + 1
            for name, values in self.vocabularies.items()
        ]
        return np.stack(columns, axis=1).astype(np.int64)

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
        return (np.clip(share, 0, 1) - 0.5).astype(np.float32)


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
    known = {column: _values(purchases.text(column), 1) for column in CLOSED}
    return CardEncoder(
        classes=CLASSES,
        vocabularies={
            n: _values(CATEGORIES[n](purchases), int(params["rare"])) for n in params["categories"]
        },
        scales={name: _scale(NUMBERS[name](purchases)) for name in params["numbers"]},
        edges=_edges(purchases.log_amount, int(params["steps"])),
        buckets=int(params["pieces"]),
        known=known | {"merchant_city": _values(purchases.city, 1)},
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
            vocabularies={name: list(values) for name, values in state["vocabularies"].items()},
            scales={name: (float(mean), float(sd)) for name, (mean, sd) in state["scales"].items()},
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
            advice="correct the candidate in usecase.toml",
            features=wrong,
        )


def _require_labels(labels: "pd.Series[str]") -> None:
    foreign = sorted(set(labels) - set(CLASSES))
    if foreign or labels.empty:
        raise RefusedError(
            f"{len(foreign)} labels are none of the known ones" if foreign else "there are no training rows",
            code="NL-T002",
            advice="look at the data and its split",
        )


def _values(values: pd.Series, rare: int) -> list[str]:
    counts = values.value_counts()
    return sorted(str(value) for value in counts.index[counts >= rare])


def _scale(values: NDArray[Any]) -> tuple[float, float]:
    numbers = values.astype(np.float64)
    return float(numbers.mean()), float(max(numbers.std(), 1e-6))


def _edges(values: NDArray[np.float64], steps: int) -> tuple[float, ...]:
    edges: list[float] = np.unique(np.quantile(values, np.linspace(0, 1, steps + 1))).tolist()
    return tuple(edges) if len(edges) > 1 else (edges[0], edges[0] + 1)


def _pieces(cities: pd.Series, buckets: int) -> NDArray[np.int64]:
    codes, names = pd.factorize(cities)
    table = np.zeros((max(len(names), 1), PIECES), dtype=np.int64)
    for index, name in enumerate(names):
        found = _grams(str(name), buckets)
        table[index, : len(found)] = found
    return table[codes]


def _grams(city: str, buckets: int) -> list[int]:
    text = f"^{city}$"
    grams = {text[at : at + size].encode() for size in _GRAMS for at in range(len(text) - size + 1)}
    return sorted({1 + zlib.crc32(gram) % buckets for gram in grams})[:PIECES]
