"""Reads pinned files, many at once, in order and within a bound of bytes.

Threads wait in the store's library, which needs no lock of Python's meanwhile; ``Flow`` says how many.
"""

import hashlib
import itertools
import os
import random
import re
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from queue import SimpleQueue
from typing import NamedTuple, Self

from nightlabel.errors import QuarantineError, UnavailableError
from nightlabel.label.flow import PERIOD, Flow
from nightlabel.label.inputs import Input
from nightlabel.label.papers import damaged
from nightlabel.store import Store

AHEAD_BYTES = 16 * 1024 * 1024
"""Bytes that are read ahead of the group in work, unless one group has more."""

_AHEAD_GROUPS = 3  # groups that are read ahead at least
_TRIES = 10  # requests for one file while the store does not answer
_READS = 5  # reads of one file whose bytes are not those of its version
_PAUSE = 0.1  # seconds before the second try, doubled for each further one
_LONGEST_PAUSE = 10.0
_MD5 = re.compile(r"[0-9a-f]{32}")


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


class _Group:
    """Requests whose answers are taken together."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.answers: list[Answer] = [b""] * len(requests)
        self.bytes = sum(request.size for request in requests)
        self.error: BaseException | None = None
        self.ready = threading.Event()
        self._answered = itertools.count(1)

    def answer(self, at: int, answer: Answer) -> None:
        """Take one answer, from any thread: the next of a count is one step for all of them."""
        self.answers[at] = answer
        if next(self._answered) == len(self.requests):
            self.ready.set()

    def fail(self, error: BaseException) -> None:
        """Take the error that is raised where the answers are waited for."""
        self.error = self.error or error
        self.ready.set()


def fetch(
    lake: Store, groups: Iterable[Sequence[Request]], flow: Flow | None = None
) -> Iterator[list[Answer]]:
    """Read groups of files in their order.

    Args:
        lake: The lake.
        groups: Requests; each group at least one. They are taken as they are needed.
        flow: Decides how many are in flight.

    Yields:
        For each group its answers in order: the bytes, or the fault of a file that changed or vanished.

    Raises:
        UnavailableError: ``NL-B001`` the store did not answer, ``NL-B007`` the bytes of a file do not fit
            its version.
    """
    readers = _Readers(lake, flow or Flow())
    waiting, ahead, held = iter(groups), deque[_Group](), 0
    try:
        while True:
            while (held < AHEAD_BYTES or len(ahead) < _AHEAD_GROUPS) and (requests := next(waiting, None)):
                ahead.append(readers.ask(_Group(requests)))
                held += ahead[-1].bytes
            if not ahead:
                return
            group = ahead.popleft()
            readers.wait_for(group)
            yield group.answers
            held -= group.bytes
    finally:
        readers.close()


class _Readers:
    """Threads that read, started when they are first needed; one more paces them by the flow."""

    def __init__(self, lake: Store, flow: Flow) -> None:
        self._lake, self._flow = lake.impatient(), flow
        self._work: SimpleQueue[tuple[_Group, int] | None] = SimpleQueue()
        self._room = threading.Condition()
        self._threads = list[threading.Thread]()
        self._answered, self._refused = itertools.count(), itertools.count()
        self._closed = threading.Event()
        self._awaited = self._no_md5 = False
        self._asked = self._done = 0
        threading.Thread(target=self._pace, daemon=True).start()

    def ask(self, group: _Group) -> _Group:
        for at in range(len(group.requests)):
            self._work.put((group, at))
        self._asked += len(group.requests)
        self._grow()
        return group

    def wait_for(self, group: _Group) -> None:
        self._awaited = True
        group.ready.wait()
        self._awaited = False
        if group.error:
            raise group.error

    def close(self) -> None:
        """End the threads; what is in flight is let go when it is answered."""
        self._closed.set()
        with self._room:
            self._room.notify_all()
        for _ in self._threads:
            self._work.put(None)

    def _grow(self) -> None:
        """Start the threads that have work and are allowed; each one costs memory of its own."""
        with self._room:
            wanted = min(self._flow.limit, self._asked - self._done)
            for number in range(len(self._threads), wanted):
                thread = threading.Thread(target=self._run, args=(number,), daemon=True)
                self._threads.append(thread)
                thread.start()
            self._room.notify_all()

    def _pace(self) -> None:
        reads, refused, since = 0, 0, _Clock.now()  # reading a count takes one from it
        while not self._closed.wait(PERIOD):
            now, answered, no = _Clock.now(), next(self._answered) - reads, next(self._refused)
            rate, busy = (answered - self._done) / (now.wall - since.wall), now.busy(since)
            self._flow.decide(rate, busy=busy, awaited=self._awaited, refused=no > refused)
            self._done, reads, refused, since = answered, reads + 1, no + 1, now
            self._grow()

    def _run(self, number: int) -> None:
        while self._may_work(number) and (work := self._work.get()) and not self._closed.is_set():
            group, at = work
            try:
                group.answer(at, self._read(group.requests[at]))
            except BaseException as error:  # noqa: BLE001 - it is raised where the group is waited for
                group.fail(error)
            next(self._answered)

    def _may_work(self, number: int) -> bool:
        if number >= self._flow.limit:
            with self._room:
                self._room.wait_for(lambda: self._closed.is_set() or number < self._flow.limit)
        return not self._closed.is_set()

    def _read(self, request: Request) -> Answer:
        seen = set[bytes]()
        for _ in range(_READS):
            try:
                payload = self._patiently(request)
            except QuarantineError as fault:
                return fault
            if len(payload) == request.size and self._is_whole(request, payload, seen):
                return payload
        raise damaged(
            request.file.source, f"{len(payload)} bytes came of {request.size}, or others than its ETag says"
        )

    def _is_whole(self, request: Request, payload: bytes, seen: set[bytes]) -> bool:
        """Hold a whole file against its ETag, which is its MD5 unless the store encrypts by a key of its own.

        Two reads that agree with each other and not with the ETag show such a store.
        """
        if self._no_md5 or request.end or not _MD5.fullmatch(request.file.version):
            return True
        found = hashlib.md5(payload, usedforsecurity=False)
        if found.hexdigest() == request.file.version:
            return True
        if found.digest() in seen:
            self._no_md5 = True
            return True
        seen.add(found.digest())
        return False

    def _patiently(self, request: Request) -> bytes:
        file, pause = request.file, _PAUSE
        for left in range(_TRIES - 1, -1, -1):
            try:
                if request.end:
                    part = (request.start, request.end)
                    return self._lake.get(file.source, version=file.version, part=part)
                return self._lake.get(file.source, version=file.version)
            except UnavailableError:
                next(self._refused)
                if not left or self._closed.is_set():
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise AssertionError  # the last try has returned or raised
