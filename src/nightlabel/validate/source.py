"""One labelled file of a data set: where its bytes are, pinned to the version that was listed."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from nightlabel.settings import Settings
from nightlabel.store import Store, open_uri

STEP = 8 * 1024 * 1024
"""Bytes of a long file that are read at once."""


@dataclass(frozen=True, slots=True)
class Source:
    """One labelled file.

    Attributes:
        name: What the records of the file say that they are from.
        root: The store's root, a URI.
        key: Key below the root.
        version: ETag that the file is pinned to.
        size: Bytes.
    """

    name: str
    root: str
    key: str
    version: str
    size: int

    def read(self, place: Settings, part: tuple[int, int] | None = None) -> bytes:
        """Read the bytes, or those from the first position up to the second.

        Raises:
            QuarantineError: ``NL-B010``, the file changed or vanished since it was listed.
            UnavailableError: The store did not answer.
        """
        if not self.size:  # a store refuses a range of nothing
            part = None
        return _store(self.root, place).get(self.key, version=self.version, part=part)

    def steps(self, place: Settings) -> Iterator[bytes]:
        """Read the bytes step by step, in memory that does not grow with the file."""
        for start in range(0, self.size, STEP):
            yield self.read(place, (start, min(start + STEP, self.size)))

    def digest(self, place: Settings) -> str:
        """Name the file by its content: MD5, hex, as DVC does."""
        md5 = hashlib.md5(usedforsecurity=False)
        for part in self.steps(place):
            md5.update(part)
        return md5.hexdigest()


@lru_cache(maxsize=8)
def _store(root: str, place: Settings) -> Store:
    return open_uri(root, place)
