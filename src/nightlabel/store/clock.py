"""The clock of a store."""

import urllib.request
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.error import HTTPError

from obstore.store import S3Store

from nightlabel.errors import UnavailableError
from nightlabel.store.server import trusted
from nightlabel.store.store import Store

_PATIENCE = 5.0  # seconds


def now(store: Store) -> datetime | None:
    """Give the moment by the store's clock; nothing where the store has no clock of its own.

    Nothing is signed, for with a wrong clock no signature holds.

    Raises:
        UnavailableError: ``NL-B001``, the store did not answer, or without a date.
    """
    if not isinstance(store.backend, S3Store):
        return None
    inner: Any = store.backend
    address = inner.config.get("endpoint") or f"https://s3.{inner.config['region']}.amazonaws.com"
    try:
        return parsedate_to_datetime(_date(address))
    except (OSError, ValueError, TypeError) as error:
        raise UnavailableError(
            f"{address} did not say what time it is: {str(error)[:200]}",
            code="NL-B001",
            kept="everything: nothing was read or written",
            advice="check the store's address and the network",
        ) from error


def _date(address: str) -> str:
    asked = urllib.request.Request(address, method="HEAD")  # noqa: S310 - the address is of the settings
    context = trusted() if address.startswith("https://") else None
    try:
        with urllib.request.urlopen(asked, timeout=_PATIENCE, context=context) as answer:  # noqa: S310
            return str(answer.headers["Date"])
    except HTTPError as refusal:  # it has a date too
        with refusal:
            return str(refusal.headers["Date"])
