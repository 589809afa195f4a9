"""Columns of texts as positions in their distinct values: what is done to a value is done once."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SEPARATOR = "\x1f"


@dataclass(frozen=True, slots=True)
class Codes:
    """One column.

    Attributes:
        at: Position of each row's value, shape (rows,).
        distinct: The values; each stands once.
    """

    at: NDArray[np.int64]
    distinct: list[str]

    @classmethod
    def of(cls, column: "pd.Series[Any] | NDArray[Any]") -> "Codes":
        """Code a column of any type, by the text of its values."""
        at, values = pd.factorize(column)
        return cls(at.astype(np.int64), list(map(str, values)))

    def map(self, change: Callable[[str], str]) -> "Codes":
        """Change the values."""
        found = dict[str, int]()
        moved = [found.setdefault(change(value), len(found)) for value in self.distinct]
        return Codes(np.array(moved, np.int64)[self.at], list(found))

    def positions(self, known: Mapping[str, int]) -> NDArray[np.int64]:
        """Give what a mapping says of each row's value, 0 where it says nothing; shape (rows,)."""
        return np.array([known.get(value, 0) for value in self.distinct], np.int64)[self.at]

    def within(self, known: Collection[str]) -> NDArray[np.bool_]:
        """Tell whether each row's value is among those known, shape (rows,)."""
        return np.array([value in known for value in self.distinct], np.bool_)[self.at]

    def texts(self) -> list[str]:
        """Give the value of each row."""
        return [self.distinct[at] for at in self.at.tolist()]

    def counts(self) -> Counter[str]:
        """Give the number of rows of each value."""
        rows = np.bincount(self.at, minlength=len(self.distinct)).tolist()
        return Counter(dict(zip(self.distinct, rows, strict=True)))


def joined(*columns: Codes) -> Codes:
    """Join columns row by row."""
    return reduce(_pair, columns)


def _pair(first: Codes, second: Codes) -> Codes:
    width = max(len(second.distinct), 1)
    at, pairs = pd.factorize(first.at * width + second.at)
    left, right = np.divmod(pairs, width)
    texts = [
        first.distinct[i] + _SEPARATOR + second.distinct[j]
        for i, j in zip(left.tolist(), right.tolist(), strict=True)
    ]
    return Codes(at.astype(np.int64), texts)
