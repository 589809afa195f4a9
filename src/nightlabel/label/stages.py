"""Where the processor time of labelling goes, by stage."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Stages:
    """Adds up the processor time of each stage, in whichever thread it runs.

    Reading from the store is what remains of the whole process: the store's library works in threads of its
    own.
    """

    def __init__(self) -> None:
        self._seconds = defaultdict[str, float](float)
        self._start = time.process_time()

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        """Count the block's processor time as that of a stage; stages do not nest."""
        start = time.thread_time()
        try:
            yield
        finally:
            self._seconds[stage] += time.thread_time() - start

    def seconds(self) -> dict[str, float]:
        """Give the processor seconds of each stage until now, ``read`` first."""
        found = dict(self._seconds)
        rest = time.process_time() - self._start - sum(found.values())
        return {name: round(value, 4) for name, value in {"read": max(0.0, rest), **found}.items()}
