"""What is read, and what has come of it: one file or a part of one, in groups that are taken together."""

import itertools
import threading
from collections.abc import Sequence
from typing import NamedTuple

from nightlabel.errors import QuarantineError
from nightlabel.label.inputs import Input


class Request(NamedTuple):
    """One file, or the bytes from ``start`` up to ``end`` of one."""

    file: Input
    start: int = 0
    end: int = 0

    @property
    def size(self) -> int:
        """Number of bytes."""
        return (self.end - self.start) or self.file.size


Answer = bytes | QuarantineError


class Group:
    """Requests whose answers are taken together."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.answers: list[Answer] = [b""] * len(requests)
        self.bytes = sum(request.size for request in requests)
        self._error: BaseException | None = None
        self._ready = threading.Event()
        self._answered = itertools.count(1)

    def answer(self, at: int, answer: Answer) -> None:
        """Take one answer, from any thread: the next of a count is one step for all of them."""
        self.answers[at] = answer
        if next(self._answered) == len(self.requests):
            self._ready.set()

    def fail(self, error: BaseException) -> None:
        """Take the error that ``wait`` raises."""
        self._error = self._error or error
        self._ready.set()

    @property
    def ready(self) -> bool:
        """Nobody has to wait for the answers."""
        return self._ready.is_set()

    def wait(self) -> None:
        """Wait for all answers."""
        self._ready.wait()
        if self._error:
            raise self._error


class Place(NamedTuple):
    """One request of a group."""

    group: Group
    at: int

    @property
    def request(self) -> Request:
        """What is asked for."""
        return self.group.requests[self.at]

    def answer(self, answer: Answer) -> None:
        """Take the answer."""
        self.group.answer(self.at, answer)
