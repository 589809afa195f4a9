"""Ctrl-C and its relatives: one orderly stop, at a moment when all that runs is known."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Never

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def listen() -> None:
    """Let the first signal stop the demo, and let no further one disturb the stop."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def postponed() -> Iterator[None]:
    """Let a signal wait until the end of the block, so that nothing is started and then forgotten."""
    waiting: list[int] = []
    before = {number: signal.signal(number, lambda n, _: waiting.append(n)) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if waiting:
            signal.raise_signal(waiting[0])


def _interrupt(number: int, frame: FrameType | None) -> Never:  # noqa: ARG001 - a signal handler's signature
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
