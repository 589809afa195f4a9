"""What a table holds of each pinned file: some numbers per file, however many records there are.

That the records of a file are numbered from 0, each once, follows from three numbers: how many there are, the
largest ordinal, and the sum of a 64-bit mark of each ordinal, by which a doubled one and a gap do not make up
for each other. Files whose numbers do not fit are suspects, whose records are to be looked at one by one.
"""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from nightlabel.label import inputs, tally
from nightlabel.label.tally import WHOLE_FILE, Ordinals, Tally, Words

_SLICE = 1_000_000  # ordinals that are marked at the same time


class Held:
    """The rows of a table, added up by pinned file.

    Attributes:
        records: Records of each file, doubles counted, shape (files,); a file that is one id counts none.
        last: Largest ordinal of each file, shape (files,); -1 where there is none.
        whole: How often each file stands as one id, shape (files,).
        ids: Tally of all rows.
        codes: Rows by error code; those without one are labelled.
    """

    def __init__(self, pinned: Iterable[pa.Table]) -> None:
        """Begin with no rows.

        Args:
            pinned: The pinned files, as ``inputs.COLUMNS``.
        """
        seeds = [tally.seeds(names) for part in pinned for names in inputs.identities(part)]
        self._seeds = _Seeds(np.concatenate([tally.seeds([]), *seeds]))
        files = len(self._seeds.words)
        self.records, self.last, self.whole = (np.zeros(files, np.int64) for _ in range(3))
        self.last -= 1
        self.ids = Tally()
        self.codes = Counter[str | None]()
        self._marks = np.zeros(files, np.uint64)
        self._foreign = list[Words]()

    def add(self, rows: pa.RecordBatch) -> None:
        """Add rows.

        Args:
            rows: ``source``, ``source_version``, ``row`` and ``error_code``.
        """
        seeds, file = by_file(rows)
        ordinals = pc.fill_null(rows.column("row"), WHOLE_FILE).to_numpy(zero_copy_only=False)
        self.ids += tally.of_rows(seeds, file, ordinals)
        codes = rows.column("error_code").value_counts()
        self.codes.update({code["values"].as_py(): code["counts"].as_py() for code in codes})
        at = self._seeds.find(seeds)
        self._foreign.append(seeds[at < 0])
        whole, known = ordinals == WHOLE_FILE, at[file] >= 0
        np.add.at(self.whole, at[file[known & whole]], 1)
        single = known & ~whole
        at, ordinals = at[file[single]], ordinals[single]
        np.add.at(self.records, at, 1)
        np.maximum.at(self.last, at, ordinals)
        np.add.at(self._marks, at, _mark(ordinals))

    def suspects(self) -> Words:
        """Give the files whose records may be doubled, or have gaps, and those that are not pinned.

        Returns:
            Their hashes, as of ``tally.seeds``.
        """
        numbered = (self.whole == 0) & (self.records == self.last + 1)
        numbered[numbered] = self._marks[numbered] == _sums(self.records[numbered])
        alone = (self.whole == 1) & (self.records == 0)
        return np.concatenate([self._seeds.words[~(numbered | alone)], *self._foreign])


class _Seeds:
    """Hashes of files, to be found."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self._order = np.argsort(words[:, 0])
        self._sorted = words[self._order]

    def find(self, words: Words) -> Ordinals:
        """Give the position of each hash; -1 for one that is not there."""
        if not len(self._order):
            return np.full(len(words), -1)
        at = np.searchsorted(self._sorted[:, 0], words[:, 0]).clip(max=len(self._order) - 1)
        return np.where((self._sorted[at] == words).all(axis=1), self._order[at], -1)


def of(rows: pa.RecordBatch, suspects: Words) -> pa.RecordBatch:
    """Give the rows of some files.

    Args:
        rows: ``source`` and ``source_version`` at least.
        suspects: Hashes of the files.
    """
    seeds, file = by_file(rows)
    return rows.filter(pa.array((_Seeds(suspects).find(seeds) >= 0)[file]))


def by_file(rows: pa.RecordBatch) -> tuple[Words, Ordinals]:
    """Tell the files of rows.

    Args:
        rows: ``source`` and ``source_version`` at least; text may be dictionary-encoded.

    Returns:
        The hashes of the distinct files, as of ``tally.seeds``, and the position of each row's file in them.
    """
    sources, source = _encoded(rows.column("source"))
    versions, version = _encoded(rows.column("source_version"))
    pairs, file = np.unique(source * max(1, len(versions)) + version, return_inverse=True)
    names = ((sources[p // len(versions)], versions[p % len(versions)]) for p in pairs.tolist())
    return tally.seeds(names), file.astype(np.int64)


def _encoded(column: pa.Array) -> tuple[list[str], Ordinals]:
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    values = [value or "" for value in column.dictionary.to_pylist()]
    known = pc.fill_null(column.indices, len(values)).to_numpy(zero_copy_only=False)
    return [*values, ""], known.astype(np.int64)


def _mark(ordinals: Ordinals) -> Words:
    words = ordinals.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return (words ^ (words >> np.uint64(32))) * np.uint64(0xD6E8FEB86659FD93)


def _sums(records: NDArray[np.int64]) -> Words:
    """Add up the marks of the ordinals of files that are numbered from 0.

    Args:
        records: Records of each file.
    """
    counts, which = np.unique(records, return_inverse=True)
    sums, total, done = list[int](), 0, 0
    for count in counts.tolist():
        for start in range(done, count, _SLICE):
            total += int(_mark(np.arange(start, min(count, start + _SLICE))).sum(dtype=np.uint64))
        sums.append(total % 2**64)
        done = count
    return np.array(sums, np.uint64)[which]
