"""Lists a bucket exactly: every key as it is, and nothing from an answer that is no listing.

obstore takes an error or a page of HTML that comes with status 200 for the end of a listing, refuses a whole
listing for one odd key, and takes the slash off the end of others. So botocore asks, and the answers are read
here: it would take several times as long, and finds no fault in any XML.
"""

import random
import time
from collections.abc import Iterator
from functools import lru_cache
from threading import Lock
from typing import Any, NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from obstore.store import S3Store

from nightlabel.settings import environment

Row = tuple[str, str, int]
"""Key, ETag and size of one object."""

_TRIES = 11  # requests for one answer while the store does not give one; obstore makes as many
_PAUSE = 0.1  # seconds before the second try, doubled for each further one
_LONGEST_PAUSE = 15.0
_CONNECT, _READ = 5, 30  # seconds that are waited for a connection, and for bytes
_CONNECTIONS = 16  # that are kept; a listing has as many readers
_OK, _TIMEOUT, _TOO_MANY, _SERVER_ERROR, _NOT_KNOWN = 200, 408, 429, 500, 501
_REFUSED = {401: PermissionError, 403: PermissionError, 404: FileNotFoundError, _NOT_KNOWN: OSError}
_PASSING = {"RequestTimeout", "SlowDown"}
_NONE = b"<ListBucketResult/>"
_LISTING = "ListBucketResult"
_making = Lock()


class _PassingError(OSError):
    """No answer came, or none that is a listing: the next one may be."""


class _Listed(NamedTuple):
    """One answer: its objects, and what the next one is asked by; empty if there is none."""

    rows: list[Row]
    token: str


def rows(backend: S3Store, prefix: str, after: str = "") -> Iterator[Row]:
    """List the objects below a prefix by their exact keys, without the markers that stand for folders.

    Args:
        backend: The store.
        prefix: Whole path segments.
        after: Only keys behind this one, in the order of their bytes.

    Raises:
        OSError: The store did not answer with a listing, or refused.
    """
    inner: Any = backend
    root = f"{inner.prefix}/" if inner.prefix else ""
    asked = {"Bucket": inner.config["bucket"], "Prefix": f"{root}{prefix}/" if prefix else root}
    asked |= {"StartAfter": f"{root}{after}"} if after else {}
    client, cut, token = _client(backend), len(root), ""
    while True:
        found = _answer(client, asked)
        for key, etag, size in found.rows:
            if size or not key.endswith("/"):
                yield key[cut:], etag, size
        if not found.token:
            return
        if found.token == token:
            raise OSError("a listing goes round in circles: two answers name the same next one")
        token = found.token
        asked |= {"ContinuationToken": token}


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
            said = _head(backend, key, PartNumber=part)
        except (_PassingError, PermissionError):
            raise
        except OSError:  # it knows no parts, or no such object
            return ()
        if _is_keyed(said) or said.get("PartsCount") != number:
            return ()
        lengths.append(said["ContentLength"])
    return tuple(lengths)


def _head(backend: S3Store, key: str, **more: Any) -> dict[str, Any]:
    inner: Any = backend
    place = {"Bucket": inner.config["bucket"], "Key": f"{inner.prefix}/{key}" if inner.prefix else key}
    said: dict[str, Any] = _patiently(_client(backend).head_object, place | more)
    return said


def _is_keyed(said: dict[str, Any]) -> bool:
    encryption: str = said.get("ServerSideEncryption", "")
    return encryption.startswith("aws:kms")


def _answer(client: Any, asked: dict[str, str]) -> _Listed:
    """Ask for one answer of a listing until it is one, and one of these keys."""

    def ask(**asked: str) -> _Listed:
        found: _Listed | None = client.list_objects_v2(**asked).get(_LISTING)
        if found is None:
            raise _PassingError("the answer is no listing")
        if not all(row[0].startswith(asked["Prefix"]) for row in found.rows):
            raise _PassingError("the answer is a listing of other keys")
        return found

    listed: _Listed = _patiently(ask, asked)
    return listed


def _patiently(ask: Any, asked: dict[str, Any]) -> Any:
    """Ask again while the store refuses for now, or gives broken answers."""
    pause = _PAUSE
    for _ in range(_TRIES - 1):
        try:
            return _once(ask, asked)
        except _PassingError:
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
            pause = min(2 * pause, _LONGEST_PAUSE)
    return _once(ask, asked)


def _once(ask: Any, asked: dict[str, Any]) -> Any:
    """Ask once; botocore's errors become those of the system."""
    from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    try:
        return ask(**asked)
    except ClientError as error:
        words = str(error).replace(" (reached max retries: 0)", "")  # they are counted here
        raise _refused(error.response)(words) from error
    except (ResponseParserError, HTTPClientError, HTTPError) as error:
        raise _PassingError(str(error)) from error
    except NoCredentialsError as error:
        raise PermissionError(str(error)) from error
    except BotoCoreError as error:
        raise OSError(str(error)) from error


def _refused(response: Any) -> type[OSError]:
    status = response["ResponseMetadata"]["HTTPStatusCode"]
    if status in _REFUSED:
        return _REFUSED[status]
    code = response.get("Error", {}).get("Code")
    passing = status >= _SERVER_ERROR or status in (_TIMEOUT, _TOO_MANY) or code in _PASSING
    return _PassingError if passing else OSError


def _read(response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any) -> None:
    """Read an answer before botocore does, and leave it nothing to read."""
    if response_dict["status_code"] == _OK:
        customized_response_dict[_LISTING] = _listed(response_dict["body"])
        response_dict["body"] = _NONE


def _listed(body: bytes) -> _Listed | None:
    """Read an answer; nothing where it is no whole listing."""
    try:
        root = ET.fromstring(body)  # noqa: S314 - expat fetches nothing, and bounds what entities make
        space, name = root.tag[: -len(_LISTING)], root.tag[-len(_LISTING) :]
        more = {"true": True, "false": False}[root.findtext(f"{space}IsTruncated", "").strip().lower()]
        token = root.findtext(f"{space}NextContinuationToken", "") if more else ""
        listed = _Listed(_objects(root, space), token)
    except (ET.ParseError, KeyError, ValueError):
        return None
    return listed if name == _LISTING and more == bool(token) else None


def _objects(root: ET.Element, space: str) -> list[Row]:
    """Read the objects of a listing.

    Raises:
        ValueError: One has no size.
    """
    key, etag, size = f"{space}Key", f"{space}ETag", f"{space}Size"
    found = root.iterfind(f"{space}Contents")
    rows = [(o.findtext(key, ""), o.findtext(etag, ""), int(o.findtext(size, ""))) for o in found]
    if root.findtext(f"{space}EncodingType") == "url":
        return [(unquote_plus(key), etag, size) for key, etag, size in rows]
    return rows


def _client(backend: S3Store) -> Any:
    inner: Any = backend
    trusted, account = environment("SSL_CERT_").get("SSL_CERT_FILE"), tuple(environment("AWS_").items())
    with _making:  # many readers list at once
        return _made(inner.config.get("endpoint"), inner.config.get("region"), trusted, account)


@lru_cache(maxsize=4)
def _made(
    endpoint: str | None, region: str | None, trusted: str | None, _account: tuple[tuple[str, str], ...]
) -> Any:
    """Make a client that asks once: the pauses are ours. It keeps the account that it was made for."""
    from botocore.config import Config
    from botocore.session import get_session

    given: Any = {"retries": {"mode": "standard", "total_max_attempts": 1}}
    given |= {"max_pool_connections": _CONNECTIONS, "s3": {"addressing_style": "path"}}
    config = Config(region_name=region, connect_timeout=_CONNECT, read_timeout=_READ, **given)
    client = get_session().create_client("s3", endpoint_url=endpoint, verify=trusted, config=config)
    client.meta.events.register("before-parse.s3.ListObjectsV2", _read)
    return client
