"""What the role of this process may do in a store, found without leaving anything there.

Writing is asked by a write that holds for a version alone which no object has, deleting by taking away an
object that is not there. A bucket keeps a marker of the deletion where it keeps versions.
"""

import os
import uuid
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import obstore
from obstore.exceptions import (
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import LocalStore

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.store import words
from nightlabel.store.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

_NO_VERSION = '"00000000000000000000000000000000"'
_MODES = {"list": os.R_OK | os.X_OK, "read": os.R_OK | os.X_OK, "delete": os.W_OK | os.X_OK}


class Writing(Enum):
    """What a role may write.

    Where a rule denies to write over objects, whether new ones may be written cannot be asked.
    """

    NOTHING = "nothing"
    NOT_OVER = "nothing over what is there"
    ALL = "new objects, and over what is there"


def may(store: Store, right: Literal["list", "read", "delete"], prefix: str) -> bool:
    """Tell whether this role has a right below a prefix of whole path segments.

    Who may not list is told of a missing key that he may not read it, and so may not read either.

    Raises:
        UnavailableError: ``NL-B001``, the store did not answer.
    """
    if isinstance(store.backend, LocalStore):
        return os.access(_standing(store.backend, prefix), _MODES[right])
    key = _nobody(prefix)
    asks: dict[str, Callable[[], object]] = {
        "list": lambda: next(store.pages(prefix), None),
        "read": lambda: store.head(key),
        "delete": lambda: store.delete(key),
    }
    try:
        asks[right]()
    except RefusedError as error:
        if error.facts.get("why") != words.DENIED:
            raise
        return False
    return True


def writing(store: Store, prefix: str) -> Writing:
    """Tell what this role may write below a prefix; in a folder who may write may write over, too.

    Args:
        store: A store that minds conditions, see ``minds_conditions``.
        prefix: Whole path segments.

    Raises:
        UnavailableError: ``NL-B001``, the store did not answer.
    """
    if isinstance(store.backend, LocalStore):
        allowed = os.access(_standing(store.backend, prefix), os.W_OK | os.X_OK)
        return Writing.ALL if allowed else Writing.NOTHING
    try:
        _write(store, _nobody(prefix))
    except (PermissionDeniedError, UnauthenticatedError) as error:
        # AWS names what refused: a rule that denies, or that none allows
        return Writing.NOT_OVER if "explicit deny" in str(error) else Writing.NOTHING
    return Writing.ALL


def minds_conditions(store: Store, key: str) -> bool:
    """Tell whether the store refuses to write over a version that is not there.

    Args:
        store: The store.
        key: A key without an object, below which this role may create and delete.
    """
    if isinstance(store.backend, LocalStore):
        return True
    try:
        written = _write(store, key)
    except (PermissionDeniedError, UnauthenticatedError):
        return True
    if written:
        store.delete(key)
    return not written


def _write(store: Store, key: str) -> bool:
    """Write over a version that no object has; tell whether the store did it all the same."""
    try:
        obstore.put(store.backend, key, b"", mode={"e_tag": _NO_VERSION})
    except (PreconditionError, NotFoundError, FileNotFoundError):
        return False
    except (PermissionDeniedError, UnauthenticatedError):
        raise
    except (BaseError, OSError) as error:
        raise UnavailableError(
            f"the store did not say whether {key!r} may be written: {str(error)[:200]}",
            code="NL-B001",
            kept="everything: nothing was read or written",
            advice="run the step again; if it stays: nightlabel doctor",
        ) from error
    return True


def _nobody(prefix: str) -> str:
    """Give a key that no object has."""
    return f"{prefix}/doctor-{uuid.uuid4().hex}"


def _standing(backend: LocalStore, prefix: str) -> Path:
    """Give the folder of a prefix, or the nearest one above it that is there."""
    place = Path(str(backend.prefix), prefix)
    return next(folder for folder in (place, *place.parents) if folder.exists())
