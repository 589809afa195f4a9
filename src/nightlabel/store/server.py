"""The server of a store: how it is reached, and whom its certificate must name."""

import itertools
import socket
import ssl
import time
import urllib.request
from urllib.parse import urlsplit

import certifi

from nightlabel.settings import environment
from nightlabel.store.answer import BrokenError
from nightlabel.store.wire import Address, Wire

_FRESH = 30.0  # seconds in which what a name stands for is not asked for again; S3 gives others all the time
_PORTS = {"http": 80, "https": 443}


class Server:
    """A server.

    Args:
        origin: The beginning of all its addresses: ``https://bucket.s3.eu-west-1.amazonaws.com``.

    Attributes:
        origin: The same.
        host: For the field ``Host``.

    Raises:
        OSError: It is behind a proxy, which nobody here speaks to.
    """

    def __init__(self, origin: str) -> None:
        parts = urlsplit(origin)
        name = parts.hostname or ""
        if proxy(parts.scheme, name):
            raise OSError(f"{parts.scheme} goes through a proxy")
        self.origin, self.host = origin, parts.netloc
        self._name, self._port = name, parts.port or _PORTS[parts.scheme]
        self._tls = trusted() if parts.scheme == "https" else None
        self._found, self._until = itertools.cycle(list[Address]()), 0.0

    def connect(self) -> Wire:
        """Begin a connection, each time to another of the addresses that the name stands for.

        Raises:
            BrokenError: There is no way to it.
        """
        if time.monotonic() > self._until:
            self._found, self._until = itertools.cycle(self._addresses()), time.monotonic() + _FRESH
        return Wire(next(self._found), self._tls)

    def _addresses(self) -> list[Address]:
        try:
            found = socket.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise BrokenError(f"{self._name}: {error}") from error
        return [Address(family, at, self._name) for family, _, _, _, at in found]


def proxy(scheme: str, host: str) -> str:
    """Give the proxy through which the place reaches a host; empty where it goes straight there."""
    proxies = urllib.request.getproxies()
    found = proxies.get(scheme) or proxies.get("all", "")
    return "" if urllib.request.proxy_bypass(host) else found


def trusted() -> ssl.SSLContext:
    """Trust what the place trusts, or what browsers trust."""
    context = ssl.create_default_context(
        cafile=environment("SSL_CERT_").get("SSL_CERT_FILE", certifi.where())
    )
    context.set_alpn_protocols(["http/1.1"])
    return context
