"""Features of card purchases: of the row, of the whole file, and of two outside tables.

The file scope looks back only: the earlier purchases of the same account, on the same day, in the same
file. A nightly file holds one account's purchases of one day, so these features are the same by day and
by night, and no later row changes what an earlier one becomes.
"""

import csv
import hashlib
import io
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from nightlabel.errors import RefusedError
from nightlabel.usecases.card_spending.codes import Codes, joined

CLIENT = ("safra_abertura", "cidade", "estado", "idade", "sexo")
"""The columns that together tell the clients apart; ids are damaged and limits change."""

PIECES = 24
"""Largest number of character pieces of one merchant city."""

_LONGEST_RUN = 5  # earlier purchases of one day that are counted apart
_GRAMS = (2, 3)  # letters of a character piece
_CUT = 13  # length at which acquirers cut a city


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
            kept="everything: nothing was encoded",
            advice=f"restore {path.name} from git",
        ) from error


@dataclass(frozen=True)
class Purchases:
    """Valid purchases with what several features share; each is computed at most once.

    Attributes:
        memory: Of a long file that comes in parts: sums over its earlier parts, which are added to.
    """

    frame: pd.DataFrame
    cities: dict[str, str]
    holidays: dict[str, str]
    memory: dict[str, Any] | None = None

    def text(self, column: str) -> Codes:
        return Codes.of(self.frame[column])

    @cached_property
    def cents(self) -> NDArray[np.int64]:
        return np.rint(self.frame["valor"].astype("float64").to_numpy() * 100).astype(np.int64)

    @cached_property
    def log_amount(self) -> NDArray[np.float64]:
        logs: NDArray[np.float64] = np.log(np.maximum(self.cents, 1) / 100)
        return logs

    @cached_property
    def client(self) -> Codes:
        return joined(*(self.text(column) for column in CLIENT))

    @cached_property
    def merchant(self) -> Codes:
        return self.text("cidade_estabelecimento")

    @cached_property
    def city(self) -> Codes:
        """The merchant's city in its canonical spelling; as written where the table does not know it."""

        def canonical(written: str) -> str:
            city = written.upper().strip()
            return self.cities.get(city, city)

        return self.merchant.map(canonical)

    @cached_property
    def style(self) -> Codes:
        """How the merchant's city is written; each acquirer has its own way."""
        return self.merchant.map(_style)

    @cached_property
    def weekday(self) -> Codes:
        def named(day: str) -> str:
            return "holiday" if day in self.holidays else str(date.fromisoformat(day).weekday())

        return self.text("data").map(named)

    @cached_property
    def amount(self) -> Codes:
        return Codes.of(self.cents)

    @cached_property
    def _run(self) -> Codes:
        return joined(self.text("source"), self.client, self.text("data"))

    @cached_property
    def earlier(self) -> NDArray[np.int64]:
        return self._before("earlier", self._run, np.ones(len(self.frame), np.int64))

    @cached_property
    def earlier_amount(self) -> NDArray[np.float64]:
        return self._before("earlier_amount", self._run, self.cents) / 100

    @cached_property
    def seen(self) -> NDArray[np.int64]:
        return self._before("seen", joined(self._run, self.merchant), np.ones(len(self.frame), np.int64))

    def _before(self, name: str, keys: Codes, amounts: NDArray[np.int64]) -> NDArray[np.int64]:
        """Add up the amounts of the earlier rows with the same key."""
        rows = pd.Series(amounts)
        summed = (rows.groupby(keys.at).cumsum() - rows).to_numpy(np.int64)
        if self.memory is None:
            return summed
        known = self.memory.setdefault(name, {})
        before = np.array([known.get(key, 0) for key in keys.distinct], np.int64)
        totals = before.copy()
        np.add.at(totals, keys.at, amounts)
        known.update(zip(keys.distinct, totals.tolist(), strict=True))
        earlier: NDArray[np.int64] = before[keys.at] + summed
        return earlier


def _style(city: str) -> str:
    marks = {
        "upper": city == city.upper(),
        "title": city == city.title(),
        "blank": " " in city,
        "digit": any(letter.isdigit() for letter in city),
        "cut": len(city) >= _CUT,
    }
    return " ".join(mark for mark, there in marks.items() if there)


CATEGORIES: dict[str, Callable[[Purchases], Codes]] = {
    "client": lambda p: p.client,
    "safra_abertura": lambda p: p.text("safra_abertura"),
    "cidade": lambda p: p.text("cidade"),
    "estado": lambda p: p.text("estado"),
    "idade": lambda p: p.text("idade"),
    "sexo": lambda p: p.text("sexo"),
    "merchant": lambda p: p.merchant,
    "merchant_city": lambda p: p.city,
    "style": lambda p: p.style,
    "country": lambda p: p.text("pais_estabelecimento"),
    "cents": lambda p: Codes.of(p.cents % 100),
    "amount": lambda p: p.amount,
    "client_merchant": lambda p: joined(p.client, p.merchant),
    "client_amount": lambda p: joined(p.client, p.amount),
    "weekday": lambda p: p.weekday,
    "earlier": lambda p: Codes.of(np.minimum(p.earlier, _LONGEST_RUN)),
    "seen": lambda p: Codes.of(np.minimum(p.seen, 2)),
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


def pieces(cities: Codes, buckets: int) -> NDArray[np.int64]:
    """Cut merchant cities into overlapping pieces of two and three letters, hashed.

    Args:
        cities: As written.
        buckets: Number of different pieces, >= 1.

    Returns:
        Buckets from 1, ascending, shape (rows, 24); 0 is no piece.
    """
    table = np.zeros((max(len(cities.distinct), 1), PIECES), dtype=np.int64)
    for index, name in enumerate(cities.distinct):
        found = _grams(name, buckets)
        table[index, : len(found)] = found
    return table[cities.at]


def _grams(city: str, buckets: int) -> list[int]:
    text = f"^{city}$"
    grams = {text[at : at + size].encode() for size in _GRAMS for at in range(len(text) - size + 1)}
    return sorted({1 + zlib.crc32(gram) % buckets for gram in grams})[:PIECES]
