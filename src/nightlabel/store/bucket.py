"""Lists a bucket exactly: every key as it is, and nothing from an answer that is no listing.

obstore takes an error or a page of HTML that comes with status 200 for the end of a listing, refuses a whole
listing for one odd key, and takes the slash off the end of others. So it is asked here.
"""

import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from obstore.store import S3Store

from nightlabel.settings import environment
from nightlabel.store import listed
from nightlabel.store.answer import is_load
from nightlabel.store.listed import Listed

if TYPE_CHECKING:
    from nightlabel.store.signed import Answer, Client

_TRIES = 11  # requests for one answer while the store does not give one; obstore makes as many
_PAUSE = 0.1  # seconds before the second try, doubled for each further one
_LONGEST_PAUSE = 15.0
_OK, _PART, _TIMEOUT, _NOT_KNOWN = 200, 206, 408, 501
_REFUSED = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError, _NOT_KNOWN: OSError}
_PASSING = {b"RequestTimeout", b"SlowDown"}
_CODE, _MESSAGE = re.compile(rb"<Code>([\w.]+)</Code>"), re.compile(rb"<Message>([^<]*)</Message>")
_REGION = "us-east-1"
_making = Lock()

_Found = TypeVar("_Found")


class _PassingError(OSError):
    """No answer came, or none that is a listing: the next one may be."""


def pages(backend: S3Store, prefix: str, after: str = "") -> Iterator[Listed]:
    """List the objects below a prefix by their exact keys, without the markers that stand for folders.

    Args:
        backend: The store.
        prefix: Whole path segments.
        after: Only keys behind this one, in the order of their bytes.

    Yields:
        Each answer that has objects; the keys without the root of the store.

    Raises:
        OSError: The store did not answer with a listing, or refused.
    """
    inner: Any = backend
    root = f"{inner.prefix}/" if inner.prefix else ""
    asked = {"list-type": "2", "encoding-type": "url", "prefix": f"{root}{prefix}/" if prefix else root}
    asked |= {"start-after": f"{root}{after}"} if after else {}
    while True:
        found = _patiently(lambda: _listed(backend, asked))
        if page := _without_markers(found, len(root)):
            yield page
        if not found.token:
            return
        if found.token == asked.get("continuation-token"):
            raise OSError("a listing goes round in circles: two answers name the same next one")
        asked["continuation-token"] = found.token


def keyed(backend: S3Store, key: str) -> bool:
    """Tell whether the store says that it encrypts an object by a key of its own; its ETag is no MD5 then.

    Raises:
        FileNotFoundError: There is no such object.
        OSError: The store did not answer, or refused.
    """
    return _is_keyed(_head(backend, key))


def upload(backend: S3Store, key: str, number: int) -> tuple[int, ...]:
    """Give the lengths of the parts in which an object was uploaded, whose MD5s make its ETag.

    Args:
        backend: The store.
        key: The object.
        number: Its parts, as its ETag tells.

    Returns:
        Nothing where the store does not tell, or encrypts the object by a key of its own.

    Raises:
        OSError: The store did not answer, or refuses access.
    """
    lengths = list[int]()
    for part in range(1, number + 1):
        try:
            said = _head(backend, key, partNumber=str(part))
        except (_PassingError, PermissionError):
            raise
        except OSError:  # it knows no parts, or no such object
            return ()
        if _is_keyed(said) or said.get("x-amz-mp-parts-count") != str(number):
            return ()
        lengths.append(int(said["content-length"]))
    return tuple(lengths)


def _head(backend: S3Store, key: str, **asked: str) -> Mapping[str, str]:
    inner: Any = backend
    path = f"{inner.prefix}/{key}" if inner.prefix else key
    return _patiently(lambda: _ask(backend, "HEAD", path, asked).headers)


def _is_keyed(said: Mapping[str, str]) -> bool:
    return said.get("x-amz-server-side-encryption", "").startswith("aws:kms")


def _listed(backend: S3Store, asked: Mapping[str, str]) -> Listed:
    """Ask once for one answer of a listing of these keys."""
    found = listed.read(_ask(backend, "GET", "", asked).body)
    if found is None:
        raise _PassingError("the answer is no listing")
    if not all(key.startswith(asked["prefix"]) for key in found.keys):
        raise _PassingError("the answer is a listing of other keys")
    return found


def _without_markers(found: Listed, cut: int) -> Listed | None:
    """Leave out the markers of folders, and the root; nothing is left of an answer without objects."""
    rows = zip(found.keys, found.etags, found.sizes, strict=True)
    kept = [(key[cut:], etag, size) for key, etag, size in rows if size or not key.endswith("/")]
    if not kept:
        return None
    keys, etags, sizes = zip(*kept, strict=True)
    return Listed(keys, etags, sizes, found.token)


def _patiently(ask: Callable[[], _Found]) -> _Found:
    """Ask again while the store refuses for now, or gives broken answers."""
    pause = _PAUSE
    for _ in range(_TRIES - 1):
        try:
            return ask()
        except _PassingError:
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
    return ask()


def _ask(backend: S3Store, method: str, key: str, query: Mapping[str, str]) -> "Answer":
    """Ask once about a key, or about the bucket itself."""
    from nightlabel.store.signed import NoAnswerError

    inner: Any = backend
    try:
        answer = _client(backend).ask(method, f"{inner.config['bucket']}/{key}".rstrip("/"), query)
    except NoAnswerError as error:
        raise _PassingError(str(error)) from error
    if answer.status not in (_OK, _PART):
        raise _refused(answer)
    return answer


def _refused(answer: "Answer") -> OSError:
    code, message = (found[1] if (found := it.search(answer.body)) else b"" for it in (_CODE, _MESSAGE))
    status, said = answer.status, message.decode("utf-8", "replace")
    words = f"HTTP {status} ({code.decode() or status}) when calling: {said}".rstrip(": ")
    if status in _REFUSED:
        return _REFUSED[status](words)
    passing = is_load(status) or status == _TIMEOUT or code in _PASSING
    return _PassingError(words) if passing else OSError(words)


def _client(backend: S3Store) -> "Client":
    from nightlabel.store import signed  # what it needs costs a sixth of a second

    inner: Any = backend
    region = inner.config.get("region") or _REGION
    origin = (inner.config.get("endpoint") or f"https://s3.{region}.amazonaws.com").rstrip("/")
    account = {**environment("AWS_"), **environment("SSL_CERT_")}
    with _making:  # many readers list at once
        return signed.client(origin, region, tuple(sorted(account.items())))
