"""Reads side by side: a request to an object store waits far longer than it works."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

AT_ONCE = 32
"""Small objects that are read at once."""


def side_by_side(read: Callable[[T], R], items: Iterable[T], at_once: int = AT_ONCE) -> Iterator[R]:
    """Call a function on each item, some at the same time.

    Args:
        read: The function.
        items: What it is called on.
        at_once: Calls at the same time; as many results are held at most.

    Yields:
        The results, in the order of the items; what the function raises is raised in its turn.
    """
    waiting = deque[Future[R]]()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(copy_context().run, read, item))  # the log's ids go along
                if len(waiting) == at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
