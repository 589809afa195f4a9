"""What is in flight, and how many requests may be: one count for all ways of reading."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, Self

from nightlabel.label.flow import PERIOD, Flow


class Count:
    """A number that several threads add to."""

    def __init__(self) -> None:
        self.total = 0
        self._lock = threading.Lock()

    def step(self) -> None:
        """Add one."""
        with self._lock:
            self.total += 1


class _Clock(NamedTuple):
    """Seconds on the wall, and of the processor."""

    wall: float
    cpu: float

    @classmethod
    def now(cls) -> Self:
        """Read both."""
        return cls(time.monotonic(), time.process_time())

    def busy(self, since: Self) -> float:
        """Give the share of all cores that the process used."""
        return (self.cpu - since.cpu) / (self.wall - since.wall) / len(os.sched_getaffinity(0))


class Traffic:
    """Tells the readers how many requests may be in flight.

    Attributes:
        answered: Requests that have their answer.
        refused: Requests that the store refused or did not answer.
        closed: Nobody wants answers any more.
    """

    def __init__(self, flow: Flow) -> None:
        self.answered, self.refused = Count(), Count()
        self.closed = threading.Event()
        self._flow = flow
        self._waits = self._waited = False

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return self._flow.limit

    @contextmanager
    def awaiting(self) -> Iterator[None]:
        """Note that somebody waits for answers as long as the block lasts."""
        self._waits = self._waited = True
        try:
            yield
        finally:
            self._waits = False

    def pace(self, adapt: Callable[[], None]) -> None:
        """Decide from now on, in a thread of its own.

        Args:
            adapt: Is called after each decision.
        """
        threading.Thread(target=self._decide, args=(adapt,), daemon=True).start()

    def _decide(self, adapt: Callable[[], None]) -> None:
        answered, refused, since = 0, 0, _Clock.now()
        while not self.closed.wait(PERIOD):
            now, rate = _Clock.now(), self.answered.total - answered
            self._flow.decide(
                rate / (now.wall - since.wall),
                busy=now.busy(since),
                awaited=self._waited,
                refused=self.refused.total > refused,
            )
            self._waited = self._waits
            answered, refused, since = answered + rate, self.refused.total, now
            adapt()
