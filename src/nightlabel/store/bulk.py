"""Reads many small objects of a bucket at once: one thread, and connections that are kept.

It costs a third of what one call for each object does. obstore signs the addresses, so credentials and their
renewal are obstore's. Only plain answers are taken; whatever else comes, the caller asks ``Store.get``, which
knows each error.
"""

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from enum import Enum
from selectors import EVENT_READ, EVENT_WRITE, DefaultSelector
from typing import TYPE_CHECKING, Any, NamedTuple

import obstore
from obstore.store import S3Store

from nightlabel.store import oddkeys
from nightlabel.store.answer import Answer, BrokenError, is_load
from nightlabel.store.server import Server
from nightlabel.store.wire import Wire

if TYPE_CHECKING:
    from nightlabel.store.store import Store

AT_FIRST = 128
"""Requests in flight that cost next to nothing, whether they help or not."""

_VALID = timedelta(hours=1)  # of a signed address; far longer than it waits
_LOOK = 1.0  # seconds between two looks at what stalls
_CONNECT_LOOKS = 5  # at a connection that is not made; a process that stood still has looked less often
_STALLED_LOOKS = 20  # without a byte
_WHOLE, _PART = 200, 206
_SCHEME = len("https://")


class Ask(NamedTuple):
    """One object in one version, or its bytes from ``start`` up to ``end``; ``name`` is the caller's own."""

    name: Any
    key: str
    version: str
    start: int = 0
    end: int = 0


class Why(Enum):
    """Why there is no plain answer."""

    LOAD = "the store asks for less, or does not answer"
    ODD = "something else"


class Reply(NamedTuple):
    """What came for one object: its bytes, or why there are none, in the transport's own words.

    Attributes:
        keyed: The store encrypts it by a key of its own, so that its ETag is no MD5.
    """

    name: Any
    payload: bytes
    why: Why | None = None
    words: str = ""
    keyed: bool = False


class _Asked(NamedTuple):
    ask: Ask
    request: bytes


class Bulk:
    """Requests in flight to one bucket; for one thread.

    Attributes:
        flying: Requests that were begun and not answered.
    """

    def __init__(self, backend: S3Store) -> None:
        self.flying = 0
        self._backend = backend
        self._server: Server | None = None
        self._wires = DefaultSelector()
        self._idle = list[Wire]()
        self._failed = list[Reply]()
        self._looks, self._looked = 0, time.monotonic()

    def reads(self, key: str) -> bool:
        """Tell whether an address can name this key."""
        return not oddkeys.unreadable(self._backend, key)

    def sign(self, keys: Sequence[str]) -> list[str]:
        """Give an address for each key, with the permission to read it."""
        return list(obstore.sign(self._backend, "GET", keys, _VALID))

    def begin(self, address: str, ask: Ask) -> None:
        """Begin to read one object.

        Raises:
            OSError: The store is behind a proxy; nothing was begun.
            ValueError: The address is of another server, or none; nothing was begun.
        """
        at = address.index("/", _SCHEME)
        if self._server is None:
            self._server = Server(address[:at])
        asked = _Asked(ask, _request(self._server, address[:at], address[at:], ask))
        self.flying += 1
        self._send(self._server, asked, self._idle.pop() if self._idle else None)

    def replies(self, seconds: float) -> Iterator[Reply]:
        """Move bytes; give what has come, or wait for at most so many seconds and give nothing.

        Between two replies more may be begun.
        """
        yield from self._failures()
        for key, _ in self._wires.select(seconds if self.flying else 0):
            wire: Wire = key.data
            if wire.fileno() < 0:
                continue  # it was given up after it was looked at
            if not wire.asked:
                self._idle.remove(wire)
                self._forget(wire)  # the server has closed it
            elif reply := self._moved(wire, writing=bool(key.events & EVENT_WRITE)):
                yield reply
        if time.monotonic() > self._looked + _LOOK:
            self._look()
        yield from self._failures()

    def drop(self) -> list[Any]:
        """Let go of everything in flight; give its names."""
        busy = self._busy()
        names = [wire.asked.ask.name for wire in busy] + [reply.name for reply in self._failed]
        for wire in busy:
            self._forget(wire)
        self._failed.clear()
        self.flying = 0
        return names

    def close(self) -> None:
        """Let go of everything in flight, and of the connections."""
        self.drop()
        for wire in self._idle:
            self._forget(wire)
        self._wires.close()

    def _send(self, server: Server, asked: _Asked, wire: Wire | None = None) -> None:
        """Ask over a connection, or over a new one where there is none, or it was closed meanwhile."""
        if wire:
            wire.seen = self._looks
            try:
                wire.begin(asked, asked.request)
            except BrokenError:
                self._forget(wire)
            else:
                self._watch(wire, writing=False)
                return
        try:
            wire = server.connect()
            wire.seen = self._looks
            self._wires.register(wire.fileno(), EVENT_READ | EVENT_WRITE, wire)
            wire.begin(asked, asked.request)
        except BrokenError as error:
            self._fail(asked.ask, error)

    def _moved(self, wire: Wire, *, writing: bool) -> Reply | None:
        asked: _Asked = wire.asked
        wire.seen = self._looks
        try:
            answer = wire.move()
        except BrokenError as error:
            self._broken(wire, error)
            return None
        self._watch(wire, writing=writing)
        if answer is None:
            return None
        self.flying -= 1
        if wire.kept:
            self._idle.append(wire)
        else:
            self._forget(wire)
        return _reply(asked.ask, answer)

    def _watch(self, wire: Wire, *, writing: bool) -> None:
        """Wait for what the connection now waits for."""
        if wire.writes != writing:
            self._wires.modify(wire.fileno(), EVENT_READ | (EVENT_WRITE if wire.writes else 0), wire)

    def _broken(self, wire: Wire, error: BrokenError) -> None:
        """Ask anew where a kept connection was closed when it was asked, which servers do; or give it up."""
        asked, closed = wire.asked, wire.answered and not wire.heard
        self._forget(wire)
        if closed and error.load and self._server:
            self._send(self._server, asked)
        else:
            self._fail(asked.ask, error)

    def _fail(self, ask: Ask, error: BrokenError) -> None:
        self._failed.append(Reply(ask.name, b"", Why.LOAD if error.load else Why.ODD, str(error)))

    def _failures(self) -> Iterator[Reply]:
        while self._failed:
            self.flying -= 1
            yield self._failed.pop()

    def _look(self) -> None:
        """Give up what has stalled."""
        self._looks, self._looked = self._looks + 1, time.monotonic()
        for wire in self._busy():
            if self._looks - wire.seen > (_STALLED_LOOKS if wire.ready else _CONNECT_LOOKS):
                asked = wire.asked
                self._forget(wire)
                self._fail(asked.ask, BrokenError("nothing comes"))

    def _busy(self) -> list[Wire]:
        return [key.data for key in self._wires.get_map().values() if key.data.asked]

    def _forget(self, wire: Wire) -> None:
        self._wires.unregister(wire.fileno())
        wire.close()


def _request(server: Server, origin: str, target: str, ask: Ask) -> bytes:
    said = target + ask.version
    if origin != server.origin or not (said.isascii() and said.isprintable()) or " " in said:
        raise ValueError("no address of this store")
    part = f"Range: bytes={ask.start}-{ask.end - 1}\r\n" if ask.end else ""
    fields = f'Host: {server.host}\r\nUser-Agent: nightlabel\r\nIf-Match: "{ask.version}"\r\n{part}'
    return f"GET {target} HTTP/1.1\r\n{fields}\r\n".encode("ascii")


def _reply(ask: Ask, answer: Answer) -> Reply:
    if answer.status == (_PART if ask.end else _WHOLE) and answer.etag in ("", ask.version.lower()):
        return Reply(ask.name, answer.payload, keyed=answer.keyed)
    return Reply(ask.name, b"", Why.LOAD if is_load(answer.status) else Why.ODD, f"HTTP {answer.status}")


def of(store: "Store") -> Bulk | None:
    """Give what reads the objects of a store at once, or nothing where it is no bucket."""
    return Bulk(store.backend) if isinstance(store.backend, S3Store) else None
