"""Asks a server of S3 with signed requests, once each, over connections that are kept.

botocore finds the account and signs; its own client would parse each listing twice, and take several times
as long. Python's whole HTTP client moves the bytes.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

import urllib3
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import EnvProvider
from botocore.exceptions import BotoCoreError
from botocore.session import get_session
from urllib3.exceptions import HTTPError

from nightlabel.store.server import proxy, trusted

_CONNECTIONS = 16  # that are kept; a listing has as many readers
_PATIENCE = urllib3.Timeout(connect=5, read=30)  # seconds that are waited for a connection, and for bytes


class Answer(NamedTuple):
    """A whole answer; the names of its headers are in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswerError(Exception):
    """None came, or not a whole one."""


class Client:
    """A server that is asked as one account.

    Args:
        origin: Its address, such as ``https://s3.eu-west-1.amazonaws.com``.
        region: The region that requests are signed for.
    """

    def __init__(self, origin: str, region: str) -> None:
        self._origin, self._region = origin, region
        self._pool = _pool(origin)
        self._account = EnvProvider().load() or get_session().get_credentials()

    def ask(self, method: str, path: str, query: Mapping[str, str]) -> Answer:
        """Ask once.

        Args:
            method: Such as ``GET``.
            path: The bucket, or bucket and key, as they are.
            query: Names and values, as they are.

        Raises:
            NoAnswerError: Nothing came, or only a part.
            PermissionError: There are no credentials.
            OSError: They cannot be had.
        """
        named = urlencode(sorted(query.items()), quote_via=quote, safe="-_.~")
        address = f"{self._origin}/{quote(path, safe='/-_.~')}{'?' if named else ''}{named}"
        headers = self._signed(method, address)
        try:
            came = self._pool.request(method, address, headers=headers, redirect=False)
        except HTTPError as error:
            raise NoAnswerError(str(error)) from error
        return Answer(came.status, came.headers, came.data)

    def _signed(self, method: str, address: str) -> dict[str, str]:
        if self._account is None:
            raise PermissionError("there are no credentials: neither variables, nor a profile, nor a role")
        request = AWSRequest(method=method, url=address)
        try:
            S3SigV4Auth(self._account.get_frozen_credentials(), "s3", self._region).add_auth(request)
        except BotoCoreError as error:
            raise OSError(str(error)) from error
        return dict(request.headers.items())


@lru_cache(maxsize=4)
def client(origin: str, region: str, _account: tuple[tuple[str, str], ...]) -> Client:
    """Give the client of a server; it keeps the account that it was made for.

    Raises:
        OSError: The account cannot be had.
    """
    try:
        return Client(origin, region)
    except BotoCoreError as error:
        raise OSError(str(error)) from error


def _pool(origin: str) -> urllib3.PoolManager:
    parts = urlsplit(origin)
    given: Any = {"maxsize": _CONNECTIONS, "timeout": _PATIENCE, "retries": False}
    given |= {"ssl_context": trusted()} if parts.scheme == "https" else {}
    if through := proxy(parts.scheme, parts.hostname or ""):
        return urllib3.ProxyManager(through, **given)
    return urllib3.PoolManager(**given)
