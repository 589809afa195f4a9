"""Objects of one's own in a lake, for a moment: with them a store is tried."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from obstore.store import LocalStore

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.store import rights
from nightlabel.store.store import Store

FOLDER = "doctor"
"""Prefix of all such objects."""

_TRIES = 5  # to remove an object while the store does not answer


class Canary:
    """A folder of objects that are gone when its block ends.

    Attributes:
        folder: Prefix of the objects.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self.folder = f"{FOLDER}/{uuid.uuid4().hex}"
        self._created = set[str]()

    def key(self, name: str) -> str:
        """Give the key of one of the objects."""
        return f"{self.folder}/{name}"

    def create(self, name: str, data: bytes) -> bool:
        """Create one of the objects, as ``Store.create``."""
        self._created.add(self.key(name))
        return self._store.create(self.key(name), data)

    def remove(self) -> None:
        """Remove all objects, and in a folder what they stood in."""
        for key in sorted(self._created):
            self._delete(key)
        if isinstance(self._store.backend, LocalStore):
            for folder in (self.folder, FOLDER):
                with suppress(OSError):  # another doctor is at work there
                    Path(str(self._store.backend.prefix), folder).rmdir()

    def _delete(self, key: str) -> None:
        for _ in range(_TRIES - 1):
            with suppress(UnavailableError):
                self._store.delete(key)
                return
        self._store.delete(key)


@contextmanager
def canary(store: Store) -> Iterator[Canary]:
    """Give objects of one's own, and remove them when the block ends, however it ends.

    Raises:
        RefusedError: ``NL-B009``, this role may not delete them, so none is made.
    """
    if not rights.may(store, "delete", FOLDER):
        raise RefusedError(
            f"this role may not delete below {FOLDER}/, so it cannot try the store without leaving objects",
            code="NL-B009",
            kept="the lake: nothing was written",
            advice=f"let this role create and delete below {FOLDER}/, and nowhere else",
        )
    made = Canary(store)
    try:
        yield made
    finally:
        made.remove()
