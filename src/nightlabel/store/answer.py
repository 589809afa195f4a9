"""Plain answers of HTTP/1.1 (RFC 9112): those whose length stands in their head, and no others."""

import re
from typing import NamedTuple

_MOST_HEAD = 64 * 1024  # bytes before the body; S3 sends less than one KiB
_STATUS = re.compile(rb"HTTP/1\.1 ([1-5][0-9]{2})(?=[ \r]|$)")
_ENCRYPTION = b"x-amz-server-side-encryption"
_FIELDS = re.compile(
    rb"\r\n(content-length|transfer-encoding|connection|etag|%b)[ \t]*:[ \t]*([^\r\n]*)" % _ENCRYPTION
)
_END = b"\r\n\r\n"
_TOO_MANY, _SERVER_ERROR = 429, 500


class Answer(NamedTuple):
    """A whole answer.

    Attributes:
        status: Its code.
        etag: In small letters, without quotes.
        last: No other follows over the same connection.
        payload: Its body.
        keyed: The object is encrypted by a key of the store's own, so that its ETag is no MD5.
    """

    status: int
    etag: str
    last: bool
    payload: bytes
    keyed: bool = False


class BrokenError(Exception):
    """A connection is of no more use.

    Attributes:
        load: It looks as if the server had too much to do.
    """

    def __init__(self, words: str, *, load: bool = True) -> None:
        super().__init__(words)
        self.load = load


class _Head(NamedTuple):
    status: int
    length: int
    etag: str
    last: bool
    keyed: bool


class Answers:
    """Puts the bytes of a connection together to answers, one after the other."""

    def __init__(self) -> None:
        self._early = b""
        self._head: _Head | None = None
        self._parts, self._missing = list[bytes](), 0

    def take(self, came: bytes) -> Answer | None:
        """Take bytes; give the answer if these are its last.

        Raises:
            BrokenError: They are no plain answer.
        """
        if self._head is None:
            head, end, came = (self._early + came).partition(_END)
            if not end:
                self._early = head
                if len(head) > _MOST_HEAD:
                    raise BrokenError("the head of the answer has no end", load=False)
                return None
            self._head, self._early = _read(head), b""
            self._missing = self._head.length
        self._parts.append(came)
        self._missing -= len(came)
        if self._missing < 0:
            raise BrokenError("more bytes came than were announced", load=False)
        return None if self._missing else self._whole(self._head)

    def _whole(self, head: _Head) -> Answer:
        payload = b"".join(self._parts)
        self._head, self._parts = None, []
        return Answer(head.status, head.etag, head.last, payload, head.keyed)


def is_load(status: int) -> bool:
    """Tell whether a status says that the server had too much to do, so that another try may help."""
    return status == _TOO_MANY or status >= _SERVER_ERROR


def _read(head: bytes) -> _Head:
    """Read the head of an answer whose body has a known length.

    Raises:
        BrokenError: It has none, or is no such head.
    """
    status = _STATUS.match(head)
    if status is None:
        raise BrokenError("the answer is not of HTTP/1.1", load=False)
    code, found = int(status[1]), _FIELDS.findall(head.lower())
    fields = dict(found)
    length = fields.get(b"content-length", b"")
    if b"transfer-encoding" in fields or len(fields) < len(found) or not length.isdigit():
        raise BrokenError(f"HTTP {code}", load=is_load(code))
    etag = fields.get(b"etag", b"").decode("latin-1").strip().strip('"')
    keyed = fields.get(_ENCRYPTION, b"").startswith(b"aws:kms")
    return _Head(code, int(length), etag, b"close" in fields.get(b"connection", b""), keyed)
