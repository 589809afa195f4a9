"""Reads lake and registry for a page, never longer than a person waits, and never many at once."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, NamedTuple, TypeVar

from nightlabel.errors import NightlabelError, UnavailableError

SECONDS = 12.0
"""Longest wait of a page for lake or registry."""
_AT_ONCE = 8  # readings of all pages of this process

T = TypeVar("T")
log = logging.getLogger(__name__)
_pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="nightlabel-page")


class Read(NamedTuple, Generic[T]):
    """What was read, or the error that a page shows in its place."""

    value: T | None
    error: NightlabelError | None


def bounded(read: Callable[[], T], *, what: str, code: str) -> Read[T]:
    """Read something within ``SECONDS``; what goes wrong is an error to be shown, and not a broken page.

    Args:
        read: The reading; one that takes too long goes on alone, and its result is dropped.
        what: Who is asked, for the sentence.
        code: The code of the error where no answer came in time.
    """
    future = _pool.submit(read)
    try:
        return Read(future.result(SECONDS), None)
    except TimeoutError:
        future.cancel()
        return Read(None, _silent(what, code))
    except NightlabelError as error:
        return Read(None, error)
    except Exception:  # whatever a library raises, the rest of the page stands
        log.exception("a page could not read %s", what)
        kept, advice = "everything: pages only read", "see the log of Airflow's API server"
        return Read(None, NightlabelError(f"{what} could not be read", kept=kept, advice=advice))


def _silent(what: str, code: str) -> UnavailableError:
    return UnavailableError(
        f"{what} did not answer within {SECONDS:g} s",
        code=code,
        kept="everything: pages only read",
        advice="load the page again; if it stays, nightlabel doctor",
    )
