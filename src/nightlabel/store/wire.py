"""One connection to a store that is kept: one request at a time, and nothing here ever waits.

It takes plain answers. Anything else ends the connection and gives no bytes: whoever asked then asks a whole
HTTP client.
"""

import socket
import ssl
from typing import Any, NamedTuple

from nightlabel.store.answer import Answer, Answers, BrokenError

_ROOM = 64 * 1024  # bytes that are taken at once
_WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Address(NamedTuple):
    """Where a server listens.

    Attributes:
        family: Of its socket.
        at: What the socket connects to.
        host: Its name, which its certificate must hold.
    """

    family: int
    at: Any
    host: str


class Wire:
    """A connection, which may be asked at once: it sends when it can.

    Args:
        address: The server.
        tls: How TLS is spoken; nothing for plain HTTP.

    Attributes:
        asked: Whoever waits for an answer; nothing while the connection is idle.
        answered: Answers that came over it.
        heard: Something of the next answer has come.
        kept: It may be asked again.
        ready: The connection is made.
        seen: The caller's own note of when something last happened.
        writes: It waits until it may write, not until bytes come.

    Raises:
        BrokenError: There is no way to the server.
    """

    def __init__(self, address: Address, tls: ssl.SSLContext | None) -> None:
        self.asked: Any = None
        self.answered = self.seen = 0
        self.heard = self.ready = False
        self.kept = self.writes = True
        self._tls, self._host = tls, address.host
        self._unsent, self._answers = b"", Answers()
        self._socket = socket.socket(address.family, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self._socket.connect(address.at)
        except BlockingIOError:
            pass
        except OSError as error:
            self._socket.close()
            raise _broken(error) from error

    def fileno(self) -> int:
        """Give what a selector waits for; it stays the same."""
        return self._socket.fileno()

    def begin(self, asked: Any, request: bytes) -> None:
        """Send a request, now or as soon as it can.

        Args:
            asked: Whoever waits for the answer.
            request: The head of a GET.

        Raises:
            BrokenError: The connection is lost.
        """
        self.asked, self._unsent, self.heard = asked, request, False
        if self.ready:
            try:
                self._send()
            except _WAITS:
                self.writes = True
            except OSError as error:
                raise _broken(error) from error

    def move(self) -> Answer | None:
        """Go on as far as it goes without waiting; give the answer once it is whole.

        Raises:
            BrokenError: The connection is lost, or what came is no plain answer.
        """
        try:
            if not self.ready:
                self._open()
            if self._unsent:
                self._send()
            return self._receive()
        except _WAITS as wait:
            self.writes = not isinstance(wait, ssl.SSLWantReadError) and bool(self._unsent)
        except OSError as error:
            raise _broken(error) from error
        return None

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()

    def _open(self) -> None:
        if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(error, "no connection")
        if self._tls and not isinstance(self._socket, ssl.SSLSocket):
            self._socket = self._tls.wrap_socket(
                self._socket, server_hostname=self._host, do_handshake_on_connect=False
            )
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.do_handshake()
        self.ready = True

    def _send(self) -> None:
        sent = self._socket.send(self._unsent)
        self._unsent = self._unsent[sent:]
        self.writes = bool(self._unsent)

    def _receive(self) -> Answer | None:
        while True:
            came = self._socket.recv(_ROOM)
            if not came:
                raise BrokenError("the connection was closed")
            self.heard = True
            if answer := self._answers.take(came):
                self.asked, self.kept = None, not answer.last
                self.answered += 1
                return answer
            if not (isinstance(self._socket, ssl.SSLSocket) and self._socket.pending()):
                return None


def _broken(error: OSError) -> BrokenError:
    refused = isinstance(error, ssl.SSLCertVerificationError)
    return BrokenError(str(error) or type(error).__name__, load=not refused)
