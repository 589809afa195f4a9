"""Reads each file by itself, patiently: threads that wait in the store's library, which knows each error."""

import random
import threading
import time
from queue import SimpleQueue

from nightlabel.errors import QuarantineError, UnavailableError
from nightlabel.label import etags
from nightlabel.label.inputs import Input
from nightlabel.label.papers import damaged
from nightlabel.label.requests import Answer, Place, Request
from nightlabel.label.traffic import Count, Traffic
from nightlabel.store import Store

_TRIES = 10  # requests for one file while the store does not answer
_READS = 5  # reads of one file whose bytes are not those of its version
_PAUSE = 0.1  # seconds before the second try, doubled for each further one
_LONGEST_PAUSE = 10.0


class Patient:
    """Threads that read, started when they are first needed."""

    def __init__(self, lake: Store, traffic: Traffic) -> None:
        self._lake, self._traffic = lake.impatient(), traffic
        self._work: SimpleQueue[Place | None] = SimpleQueue()
        self._room = threading.Condition()
        self._threads = list[threading.Thread]()
        self._asked, self._done = Count(), Count()

    @property
    def flying(self) -> int:
        """Requests without an answer."""
        return self._asked.total - self._done.total

    def ask(self, place: Place) -> None:
        """Read one file as soon as a thread is free."""
        self._asked.step()
        self._work.put(place)

    def grow(self) -> None:
        """Start the threads that have work and are allowed; each one costs memory of its own."""
        with self._room:
            wanted = min(self._traffic.limit, self.flying)
            for number in range(len(self._threads), wanted):
                thread = threading.Thread(target=self._run, args=(number,), daemon=True)
                self._threads.append(thread)
                thread.start()
            self._room.notify_all()

    def close(self) -> None:
        """End the threads; what is in flight is let go when it is answered."""
        with self._room:
            self._room.notify_all()
        for _ in self._threads:
            self._work.put(None)

    def _run(self, number: int) -> None:
        while self._may_work(number) and (place := self._work.get()) and not self._traffic.closed.is_set():
            try:
                place.answer(self._read(place.request))
            except BaseException as error:  # noqa: BLE001 - it is raised where the group is waited for
                place.group.fail(error)
            self._done.step()
            self._traffic.answered.step()

    def _may_work(self, number: int) -> bool:
        if number >= self._traffic.limit:
            with self._room:
                self._room.wait_for(lambda: self._traffic.closed.is_set() or number < self._traffic.limit)
        return not self._traffic.closed.is_set()

    def _read(self, request: Request) -> Answer:
        for _ in range(_READS):
            try:
                payload = self._patiently(request)
            except QuarantineError as fault:
                return fault
            if etags.fits(request, payload):
                return payload
            if etags.fits(request, payload, keyed=True) and self._excused(request.file, payload):
                return payload
        raise damaged(
            request.file.source, f"{len(payload)} bytes came of {request.size}, or others than its ETag says"
        )

    def _excused(self, file: Input, payload: bytes) -> bool:
        """Ask the store why bytes do not fit: it encrypts by its own key, or they came to it in parts."""
        if not (number := etags.upload_parts(file.version)):
            return self._lake.keyed(file.source)
        lengths = self._lake.upload(file.source, number)
        return sum(lengths) != file.size or etags.of_upload(payload, lengths) == file.version

    def _patiently(self, request: Request) -> bytes:
        file, pause = request.file, _PAUSE
        for left in range(_TRIES - 1, -1, -1):
            try:
                if request.end:
                    part = (request.start, request.end)
                    return self._lake.get(file.source, version=file.version, part=part)
                return self._lake.get(file.source, version=file.version)
            except UnavailableError:
                self._traffic.refused.step()
                if not left or self._traffic.closed.is_set():
                    raise
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
        raise AssertionError  # the last try has returned or raised
