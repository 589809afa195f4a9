"""Reads pinned files, many at once, in order and within a bound of bytes."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext

from nightlabel.label.flow import Flow
from nightlabel.label.lane import Lane
from nightlabel.label.patient import Patient
from nightlabel.label.requests import Answer, Group, Place, Request
from nightlabel.label.traffic import Traffic
from nightlabel.store import Store, bulk

AHEAD_BYTES = 16 * 1024 * 1024
"""Bytes that are read ahead of the group in work, unless one group has more."""

_AHEAD_GROUPS = 3  # groups that are read ahead at least


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
    readers = _Readers(lake, flow)
    waiting, ahead, held = iter(groups), deque[Group](), 0
    try:
        while True:
            while (held < AHEAD_BYTES or len(ahead) < _AHEAD_GROUPS) and (requests := next(waiting, None)):
                ahead.append(readers.ask(Group(requests)))
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
    """Both ways to read: in bulk from a bucket, and each file by itself."""

    def __init__(self, lake: Store, flow: Flow | None) -> None:
        requests = bulk.of(lake)
        self._traffic = Traffic(flow or (Flow(bulk.AT_FIRST) if requests else Flow()))
        self._patient = Patient(lake, self._traffic)
        self._lane = Lane(requests, self._traffic, self._patient) if requests else None
        self._traffic.pace(self._patient.grow)

    def ask(self, group: Group) -> Group:
        if self._lane:
            self._lane.ask(group)
        else:
            for at in range(len(group.requests)):
                self._patient.ask(Place(group, at))
            self._patient.grow()
        return group

    def wait_for(self, group: Group) -> None:
        with nullcontext() if group.ready else self._traffic.awaiting():
            group.wait()

    def close(self) -> None:
        self._traffic.closed.set()
        if self._lane:
            self._lane.close()
        self._patient.close()
