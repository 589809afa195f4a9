"""What is in flight, and how many requests may be: one count for all ways of reading."""

import os
import threading
import time
from collections.abc import Callable
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
        awaited: Somebody waits for answers at this moment.
        closed: Nobody wants answers any more.
    """

    def __init__(self, flow: Flow) -> None:
        self.answered, self.refused = Count(), Count()
        self.awaited = False
        self.closed = threading.Event()
        self._flow = flow

    @property
    def limit(self) -> int:
        """Requests that may be in flight now."""
        return self._flow.limit

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
                awaited=self.awaited,
                refused=self.refused.total > refused,
            )
            answered, refused, since = answered + rate, self.refused.total, now
            adapt()
