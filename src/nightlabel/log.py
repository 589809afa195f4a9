"""Structured logs: one JSON object a line for machines, colours for people at a terminal.

structlog is imported with the first line: most processes of a night write none. A traceback is of code
alone: neither locals nor messages of errors, which quote what was read, and that is clients' data.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from nightlabel.errors import plain

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

_SPILLING = ("botocore", "aiobotocore")  # at DEBUG they write whole requests, session tokens among them
_CAUSES, _FRAMES = 5, 50  # of a traceback; what runs in circles must not fill the log

P = ParamSpec("P")
R = TypeVar("R")

_OfNight = Callable[Concatenate[str, str, str, P], R]

_about: ContextVar[dict[str, str]] = ContextVar("about", default={})  # noqa: B039 - it is never changed
_chosen: list[bool] = []  # what ``configure`` was told last, until the first line after it


def configure(*, json: bool) -> None:
    """Send the log to stderr, so that stdout carries results alone.

    Args:
        json: One JSON object a line; else lines for people.
    """
    _chosen[:] = [json]
    for library in _SPILLING:
        logging.getLogger(library).setLevel(logging.INFO)


def get(name: str) -> "BoundLogger":
    """Give the logger of one room."""
    import structlog  # noqa: PLC0415 - see the module

    if _chosen:
        _configure(json=_chosen.pop())
    elif not structlog.is_configured():  # its own default shows the locals of each frame
        _configure(json=False)
    logger: BoundLogger = structlog.get_logger(room=name)
    return logger


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Write ids on every line of the log in a block.

    Args:
        ids: Such as ``run`` and ``shard``; those of an outer block stay.
    """
    token = _about.set({**_about.get(), **ids})
    try:
        yield
    finally:
        _about.reset(token)


def of_night(step: str) -> Callable[[_OfNight[P, R]], _OfNight[P, R]]:
    """Write the ids of a night on every line of a step, a function of use case, date and run.

    Args:
        step: The step's word.
    """

    def decorate(work: _OfNight[P, R]) -> _OfNight[P, R]:
        @wraps(work)
        def inside(usecase: str, date: str, run: str, /, *args: P.args, **named: P.kwargs) -> R:
            with about(step=step, use_case=usecase, date=date, run=run):
                return work(usecase, date, run, *args, **named)

        return inside

    return decorate


def _configure(*, json: bool) -> None:
    import structlog  # noqa: PLC0415 - see the module

    plainly = structlog.dev.plain_traceback
    console = structlog.dev.ConsoleRenderer(exception_formatter=plainly)
    structlog.configure(
        processors=[
            _ids,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _plain,
            structlog.processors.ExceptionRenderer(_frames),
            structlog.processors.JSONRenderer() if json else console,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
    )


def _ids(logger: object, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001 - structlog's signature
    """Add the ids of the blocks around; what the line says itself counts for more."""
    return {**_about.get(), **entry}


def _plain(logger: object, method: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:  # noqa: ARG001 - structlog's signature
    """Keep words from outside words: a line of the log stays one line, without passwords."""
    return {name: plain(value) if isinstance(value, str) else value for name, value in entry.items()}


def _frames(exc_info: Any) -> str:
    """Tell where an error and its causes were raised, by their kinds, the cause first."""
    error: BaseException | None = exc_info[1]
    told = list[str]()
    while error is not None and len(told) < _CAUSES:
        frames = "".join(traceback.format_tb(error.__traceback__, _FRAMES))
        told.insert(0, f"Traceback (most recent call last):\n{frames}{type(error).__qualname__}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n\n".join(told)
