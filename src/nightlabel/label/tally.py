"""Counts ids and digests them without regard to their order, so that parts add up to the whole."""

import hashlib
from collections.abc import Iterable
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

WHOLE_FILE = -1
"""Row ordinal, in a tally, of a file that could not be split into records."""

_LANES = 2  # two sums of 64 bits each: a chance collision has a probability of about 2^-128
_MODULUS = 2**64

Words = NDArray[np.uint64]
Ordinals = NDArray[np.int64]


class Tally(BaseModel):
    """How many ids there are, and a digest that is the same in any order.

    The digest is a sum, so tallies of disjoint parts add up, and a doubled id does not cancel out.

    Attributes:
        count: Number of ids, doubles counted.
        digest: Sum of the hashes of all ids, 32 hexadecimal digits.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    count: int = 0
    digest: str = Field(default="0" * 32, pattern=r"^[0-9a-f]{32}$")

    def __add__(self, other: Self) -> "Tally":
        """Give the tally of both parts together."""
        return self._with(other, 1)

    def __sub__(self, other: Self) -> "Tally":
        """Give the tally without a part that it holds."""
        return self._with(other, -1)

    def _with(self, other: Self, sign: int) -> "Tally":
        lanes = zip(_lanes(self.digest), _lanes(other.digest), strict=True)
        return _tally(self.count + sign * other.count, [a + sign * b for a, b in lanes])


def total(parts: Iterable[Tally]) -> Tally:
    """Add tallies up."""
    return sum(parts, Tally())


def of_files(files: Iterable[tuple[str, str]]) -> Tally:
    """Tally the files ``(source, source_version)`` as such."""
    return of_seeds(seeds(files))


def of_seeds(seeds: Words) -> Tally:
    """Tally files by their hashes, as of ``seeds``."""
    return _sum(seeds)


def of_records(source: str, version: str, rows: Ordinals) -> Tally:
    """Tally the records of one file.

    Args:
        source: Key of the file.
        version: Its version.
        rows: Row ordinals, shape (records,); ``WHOLE_FILE`` for a file without records.

    Returns:
        The tally of the record ids ``(source, version, row)``.
    """
    return of_rows(seeds([(source, version)]), np.zeros(len(rows), np.int64), rows)


def seeds(files: Iterable[tuple[str, str]]) -> Words:
    """Hash the files ``(source, source_version)``, shape (files, 2)."""
    raw = b"".join(_digest(source, version) for source, version in files)
    return np.frombuffer(raw, ">u8").astype(np.uint64).reshape(-1, _LANES)


def of_rows(seeds: Words, file: Ordinals, rows: Ordinals) -> Tally:
    """Tally the records of many files.

    Args:
        seeds: The files, as of ``seeds``.
        file: Position of each record's file in ``seeds``, shape (records,).
        rows: Row ordinals, shape (records,); ``WHOLE_FILE`` for a file without records.
    """
    ordinals = _mixed(rows.astype(np.uint64))
    return _sum(_mixed(ordinals[:, None] ^ seeds[file]))


def _digest(source: str, version: str) -> bytes:
    name = b"\0".join(part.encode() for part in (str(len(source)), source, version))
    return hashlib.sha256(name).digest()[: 8 * _LANES]


def _mixed(words: Words) -> Words:
    """Spread each word over all of its bits: the finalizer of SplitMix64 (Steele et al., OOPSLA 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _sum(words: Words) -> Tally:
    return _tally(len(words), [int(lane) for lane in words.sum(axis=0, dtype=np.uint64)])


def _tally(count: int, lanes: list[int]) -> Tally:
    return Tally(count=count, digest="".join(f"{lane % _MODULUS:016x}" for lane in lanes))


def _lanes(digest: str) -> list[int]:
    return [int(digest[16 * lane : 16 * lane + 16], 16) for lane in range(_LANES)]
