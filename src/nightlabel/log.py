"""Structured logs: one JSON object a line for machines, colours for people at a terminal.

structlog is imported with the first line: most processes of a night write none.
"""

import logging
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

_chosen: list[bool] = []  # what ``configure`` was told last, until the first line after it


def configure(*, json: bool) -> None:
    """Send the log to stderr, so that stdout carries results alone.

    Args:
        json: One JSON object a line; else lines for people.
    """
    _chosen[:] = [json]


def get(name: str) -> "BoundLogger":
    """Give the logger of one room."""
    import structlog  # noqa: PLC0415 - see the module

    if _chosen:
        _configure(json=_chosen.pop())
    logger: BoundLogger = structlog.get_logger(room=name)
    return logger


def _configure(*, json: bool) -> None:
    import structlog  # noqa: PLC0415 - see the module

    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
