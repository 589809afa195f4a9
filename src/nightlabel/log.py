"""Structured logs: one JSON object a line for machines, colours for people at a terminal."""

import logging
import sys

import structlog


def configure(*, json: bool) -> None:
    """Send the log to stderr, so that stdout carries results alone.

    Args:
        json: One JSON object a line; else lines for people.
    """
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


def get(name: str) -> structlog.stdlib.BoundLogger:
    """Give the logger of one room."""
    logger: structlog.stdlib.BoundLogger = structlog.get_logger(room=name)
    return logger
