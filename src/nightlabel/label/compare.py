"""Holds listed files against those of a generation, of which only a part is in memory at the same time."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightlabel.label.tally import Ordinals

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Compared:
    """What a generation holds of listed files.

    Attributes:
        at: Position of each file in the generation, shape (files,); -1 where it is not there.
        same: The generation holds the file in the listed version, shape (files,).
        known: The generation has the file's labels from the model that is asked for, shape (files,).
        standing: Number of files of the generation.
    """

    at: Ordinals
    same: Mask
    known: Mask
    standing: int

    def stays(self, replaced: Mask) -> Mask:
        """Tell which files of the generation stay, shape (standing,).

        Args:
            replaced: The listed files that are labelled, shape (files,).
        """
        stays = np.ones(self.standing, bool)
        stays[self.at[replaced & (self.at >= 0)]] = False
        return stays


def compare(files: pa.Table, parts: Iterable[pa.Table], model: str = "") -> Compared:
    """Look listed files up in a generation.

    Args:
        files: ``key``, ``version`` and ``size``.
        parts: The generation's files, as ``inputs.COLUMNS``; each file once.
        model: SHA-256 of the model that is asked for.
    """
    at = np.full(len(files), -1, np.int64)
    same, known = np.zeros(len(files), bool), np.zeros(len(files), bool)
    standing = 0
    for part in parts:
        found = pc.fill_null(pc.index_in(files.column("key"), part.column("source")), -1).to_numpy()
        here = np.flatnonzero(found >= 0)
        rows = pa.array(found[here])
        at[here] = standing + found[here]
        same[here] = _equal(files.column("version").take(pa.array(here)), part, "source_version", rows)
        known[here] = _equal(pa.scalar(model), part, "model_sha256", rows)
        standing += len(part)
        pa.default_memory_pool().release_unused()  # else it keeps as much again as a part needs
    return Compared(at, same, known, standing)


def _equal(wanted: pa.ChunkedArray | pa.Scalar, part: pa.Table, name: str, rows: pa.Array) -> Mask:
    held = part.column(name).take(rows).cast(pa.string())
    equal: Mask = pc.equal(wanted, held).to_numpy()
    return equal
