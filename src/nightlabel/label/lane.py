"""Reads files in bulk while all is plain: one thread and kept connections; what is odd is handed over."""

import threading
from collections import deque
from contextlib import closing
from queue import Empty, SimpleQueue

from nightlabel import log
from nightlabel.label import etags
from nightlabel.label.patient import Patient
from nightlabel.label.requests import Group, Place
from nightlabel.label.traffic import Traffic
from nightlabel.store.bulk import Ask, Bulk, Reply, Why

_SIGNED = 64  # addresses that are made at once
_WAIT = 0.02  # seconds in which new work is noticed while others are in flight
_ENOUGH = 64  # odd replies in a row, after which reading in bulk is given up


class Lane:
    """One thread that reads in bulk.

    Args:
        bulk: The requests in flight.
        traffic: Says how many they may be.
        patient: Reads what has no plain answer.
    """

    def __init__(self, bulk: Bulk, traffic: Traffic, patient: Patient) -> None:
        self._bulk, self._traffic, self._patient = bulk, traffic, patient
        self._groups: SimpleQueue[Group | None] = SimpleQueue()
        self._waiting, self._signed = deque[Place](), deque[tuple[str, Ask]]()
        self._odd = 0
        threading.Thread(target=self._run, daemon=True).start()

    def ask(self, group: Group) -> None:
        """Read the files of a group."""
        self._groups.put(group)

    def close(self) -> None:
        """End the thread."""
        self._groups.put(None)

    def _run(self) -> None:
        with closing(self._bulk):
            while not self._traffic.closed.is_set():
                try:
                    self._take()
                    self._begin()
                    for reply in self._bulk.replies(_WAIT):
                        self._end(reply)
                        self._begin()  # requests that are sent together are answered together, and then wait
                except Exception as error:  # noqa: BLE001 - the patient way goes on, or says what is wrong
                    self._give_up(repr(error))

    def _take(self) -> None:
        """Take what has been asked for; wait for it where there is nothing else to do."""
        idle = not (self._waiting or self._signed or self._bulk.flying)
        try:
            group = self._groups.get(block=idle)
        except Empty:
            return
        if group:
            self._waiting.extend(Place(group, at) for at in range(len(group.requests)))

    def _begin(self) -> None:
        for _ in range(self._traffic.limit - self._bulk.flying - self._patient.flying):
            if not self._signed:
                self._sign()
            if not self._signed:
                return
            self._bulk.begin(*self._signed[0])
            self._signed.popleft()

    def _sign(self) -> None:
        while self._waiting and self._odd >= _ENOUGH:
            self._hand_over(self._waiting.popleft())
        asks = list[Ask]()
        for _ in range(min(_SIGNED, len(self._waiting))):
            place = self._waiting.popleft()
            file, start, end = place.request
            if self._bulk.reads(file.source):
                asks.append(Ask(place, file.source, file.version, start, end))
            else:
                self._hand_over(place)
        self._signed.extend(zip(self._bulk.sign([ask.key for ask in asks]), asks, strict=True))

    def _end(self, reply: Reply) -> None:
        if reply.why is None and etags.fits(reply.name.request, reply.payload, keyed=reply.keyed):
            self._odd = 0
            reply.name.answer(reply.payload)
            self._traffic.answered.step()
            return
        if reply.why is Why.LOAD:
            self._traffic.refused.step()
        elif reply.why is Why.ODD:
            self._odd += 1
            if self._odd == _ENOUGH:
                self._give_up(reply.words)
        self._hand_over(reply.name)

    def _give_up(self, words: str) -> None:
        log.get("label").warning("reading in bulk was given up: each file is read by itself", why=words)
        self._odd = _ENOUGH
        for place in [*self._bulk.drop(), *(ask.name for _, ask in self._signed)]:
            self._hand_over(place)
        self._signed.clear()

    def _hand_over(self, place: Place) -> None:
        self._patient.ask(place)
        self._patient.grow()
