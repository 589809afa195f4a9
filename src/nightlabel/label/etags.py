"""Holds the bytes of a whole file against its ETag."""

import hashlib
import re
from collections import deque
from collections.abc import Sequence

from nightlabel.label.requests import Request

_MD5 = re.compile(r"[0-9a-f]{32}")
_UPLOAD = re.compile(r"[0-9a-f]{32}-([0-9]{1,5})")


def is_md5(version: str) -> bool:
    """Tell whether an ETag has the form of an MD5; that of an upload in parts has not."""
    return bool(_MD5.fullmatch(version))


def upload_parts(version: str) -> int:
    """Give the parts of the upload that an ETag tells; 0 where it tells none."""
    found = _UPLOAD.fullmatch(version)
    return int(found[1]) if found else 0


class OfUpload:
    """Makes the ETag of an upload in parts: the MD5 of the MD5s of its parts, and their number.

    Args:
        lengths: Bytes of each part.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self._left = deque(lengths)
        self._number = len(lengths)
        self._part, self._parts = _md5(), _md5()

    def add(self, data: bytes) -> None:
        """Take the next bytes, however they are cut."""
        rest = memoryview(data)
        while rest and self._left:
            piece, rest = rest[: self._left[0]], rest[self._left[0] :]
            self._part.update(piece)
            self._left[0] -= len(piece)
            if not self._left[0]:
                self._left.popleft()
                self._parts.update(self._part.digest())
                self._part = _md5()

    @property
    def etag(self) -> str:
        """The ETag of what came."""
        return f"{self._parts.hexdigest()}-{self._number}"


def of_upload(payload: bytes, lengths: Sequence[int]) -> str:
    """Give the ETag of bytes that were uploaded in parts of these lengths."""
    upload = OfUpload(lengths)
    upload.add(payload)
    return upload.etag


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)


def fits(request: Request, payload: bytes, *, keyed: bool = False) -> bool:
    """Tell whether these are the bytes that were asked for.

    Only the store's own word makes an ETag of this form another thing than an MD5: bytes that come damaged
    the same way twice look as if it were one. Part of a file is held against its ETag with the others. Bytes
    that were uploaded in several parts fit only once the store has told their lengths: see ``of_upload``.

    Args:
        request: What was asked for.
        payload: What came.
        keyed: The store says that it encrypts the file by a key of its own.
    """
    if len(payload) != request.size:
        return False
    version = request.file.version
    if keyed or request.end or not payload:
        return True
    if is_md5(version):
        return hashlib.md5(payload, usedforsecurity=False).hexdigest() == version
    return not upload_parts(version) or of_upload(payload, [len(payload)]) == version
