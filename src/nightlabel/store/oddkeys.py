"""Keys that obstore cannot say: they are listed exactly, and each has a reason why it is not read.

obstore refuses a whole listing for one key with a control character, an empty segment, ``.`` or ``..``. It
takes the slash off the end of a key. In a folder it leaves out names that end like its own unfinished
uploads, and takes those that end like the letter of a drive for folders.
"""

import os
import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import obstore
import pyarrow as pa
import pyarrow.compute as pc
from obstore.exceptions import InvalidPathError
from obstore.store import LocalStore, MemoryStore, S3Store

PAGE = 1000
"""Keys of a full answer of S3, and so of a page."""

_COLUMNS = pa.schema([("path", pa.string()), ("e_tag", pa.string()), ("size", pa.uint64())])  # as obstore's
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UPLOAD = re.compile(r"[^#]*#[0-9]+")
_DRIVE = re.compile(r".*[A-Za-z][:|]", re.DOTALL)
_TRIES = 10  # requests for one answer while the store does not give one
_READS = 5  # requests for one answer that came broken
_EMPTY = 4  # empty objects of a page that are looked at one by one
_making = Lock()

Backend = LocalStore | MemoryStore | S3Store
Row = tuple[str, str, int]


def pages(backend: Backend, prefix: str, after: str = "") -> Iterator[pa.RecordBatch]:
    """List the objects below a prefix by obstore, and by their exact keys where obstore cannot.

    Args:
        backend: The store.
        prefix: Whole path segments.
        after: Only keys behind this one, in the order of their bytes; on S3 alone.

    Yields:
        ``path``, ``e_tag`` and ``size``; on S3 in the order of keys, and ``PAGE`` of them but for the last.

    Raises:
        BaseError: obstore's; the store did not answer, or refused.
        OSError: The same.
    """
    if isinstance(backend, LocalStore):
        yield from of_folder(backend, prefix)
        return
    if isinstance(backend, MemoryStore):
        yield from _of_obstore(backend, prefix)
        return
    last = after
    while True:
        try:
            for page in _of_obstore(backend, prefix, last):
                if _may_be_odd(backend, page, last):
                    break
                yield page
                last = page.column("path")[-1].as_py()
            else:
                return
        except InvalidPathError:
            pass
        for page in of_bucket(backend, prefix, last):
            yield page
            last = page.column("path")[-1].as_py()
            if len(page) < PAGE:
                return
            if len(_empty(page)) <= _EMPTY:
                break
        else:
            return


def _of_obstore(backend: Backend, prefix: str, after: str = "") -> Iterator[pa.RecordBatch]:
    if after and unreadable(backend, after):
        raise InvalidPathError(after)
    options: Any = {"chunk_size": PAGE, "return_arrow": True}
    for page in obstore.list(backend, prefix or None, offset=after or None, **options):
        yield pa.record_batch(page)


def unreadable(backend: Backend, key: str) -> str:
    """Say why an object of this key cannot be read, whether or not there is one; empty if it can."""
    if _CONTROL.search(key):
        return "it holds control characters"
    if not {"", ".", ".."}.isdisjoint(key.split("/")):
        return "it has a segment that is empty, '.' or '..'"
    return _unreadable_file(Path(str(backend.prefix), key)) if isinstance(backend, LocalStore) else ""


def _unreadable_file(file: Path) -> str:
    if _UPLOAD.fullmatch(file.name):
        return "it ends like an unfinished upload"
    if _DRIVE.fullmatch(file.name):
        return "it ends like a drive's letter"
    if file.is_symlink() and not file.exists():
        return "it is a link to nothing"
    return "" if not file.exists() or file.is_file() or file.is_dir() else "it is no regular file"


def misread(backend: Backend, key: str) -> str:
    """Say under which other name an object lies that was listed by this key, and is not there; or nothing."""
    if isinstance(backend, S3Store):
        first = next(of_bucket(backend, key), None)
        return "it ends with a slash" if first and first.column("path")[0].as_py() == f"{key}/" else ""
    if isinstance(backend, LocalStore) and _is_misnamed(str(backend.prefix), key):
        return "it is not UTF-8"
    return ""


def of_folder(backend: LocalStore, prefix: str) -> Iterator[pa.RecordBatch]:
    """List the files below a prefix; links are followed, and a name that is not UTF-8 is escaped.

    Raises:
        OSError: The folder cannot be read.
    """
    root = str(backend.prefix)
    rows = (_row(root, item) for item in _walk(str(Path(root, prefix)), frozenset()))
    return _paged(row for row in rows if row)


def of_bucket(backend: S3Store, prefix: str, after: str = "") -> Iterator[pa.RecordBatch]:
    """List the objects below a prefix by their exact keys, without the markers that stand for folders.

    Args:
        backend: The store.
        prefix: Whole path segments.
        after: Only keys behind this one, in the order of their bytes.

    Raises:
        OSError: The store did not answer, or refused.
    """
    inner: Any = backend
    root = f"{inner.prefix}/" if inner.prefix else ""
    asked = {"Bucket": inner.config["bucket"], "Prefix": f"{root}{prefix}/" if prefix else root}
    asked |= {"StartAfter": f"{root}{after}"} if after else {}
    found = _objects(_client(inner.config.get("endpoint"), inner.config.get("region")), asked)
    return _paged((o["Key"].removeprefix(root), o["ETag"], o["Size"]) for o in found if not _is_marker(o))


def _may_be_odd(backend: S3Store, page: pa.RecordBatch, last: str) -> bool:
    """Tell whether obstore may have taken a slash off a key of its page: a folder's marker has no bytes."""
    paths = page.column("path")
    if pc.count_distinct(paths).as_py() < len(paths) or paths[0].as_py() == last:
        return True
    empty = _empty(page)
    return len(empty) > _EMPTY or not all(_is_there(backend, path) for path in empty)


def _empty(page: pa.RecordBatch) -> list[str]:
    found: list[str] = page.column("path").filter(pc.equal(page.column("size"), 0)).to_pylist()
    return found


def _is_there(backend: S3Store, path: str) -> bool:
    try:
        obstore.head(backend, path)
    except FileNotFoundError:
        return False
    return True


def _is_marker(found: dict[str, Any]) -> bool:
    key: str = found["Key"]
    return found["Size"] == 0 and key.endswith("/")


def _paged(rows: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    while page := list(islice(rows, PAGE)):
        columns = zip(*page, strict=True)
        arrays = [pa.array(column, field.type) for column, field in zip(columns, _COLUMNS, strict=True)]
        yield pa.record_batch(arrays, schema=_COLUMNS)


def _objects(client: Any, asked: dict[str, str]) -> Iterator[dict[str, Any]]:
    more = True
    while more:
        answer = _answer(client, asked)
        yield from answer.get("Contents", ())
        more = answer["IsTruncated"]
        asked = asked | ({"ContinuationToken": answer["NextContinuationToken"]} if more else {})


def _answer(client: Any, asked: dict[str, str]) -> dict[str, Any]:
    """Ask for one answer of a listing; the client itself asks again where the store refuses for now."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ResponseStreamingError
    from botocore.parsers import ResponseParserError
    from urllib3.exceptions import HTTPError

    why = "it is no listing"  # such as a page of HTML, in which the client finds no fault
    for _ in range(_READS):
        try:
            answer: dict[str, Any] = client.list_objects_v2(**asked)
        except ClientError as error:
            refused = error.response["ResponseMetadata"]["HTTPStatusCode"] in (401, 403)
            raise (PermissionError if refused else OSError)(str(error)) from error
        except (ResponseParserError, ResponseStreamingError, HTTPError) as error:
            why = str(error)
        except BotoCoreError as error:
            raise (PermissionError if isinstance(error, NoCredentialsError) else OSError)(
                str(error)
            ) from error
        else:
            if "IsTruncated" in answer:
                return answer
    raise OSError(f"the answer came broken {_READS} times: {why}")


@cache
def _made(endpoint: str | None, region: str | None) -> Any:
    from botocore.config import Config
    from botocore.session import get_session

    session = get_session()
    # A listing's dates are not used, and reading them takes half of its time.
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
    tries: Any = {"mode": "standard", "total_max_attempts": _TRIES}
    config = Config(region_name=region, retries=tries, s3={"addressing_style": "path"})
    return session.create_client("s3", endpoint_url=endpoint, config=config)


def _client(endpoint: str | None, region: str | None) -> Any:
    with _making:  # many readers list at once
        return _made(endpoint, region)


def _walk(folder: str, above: frozenset[tuple[int, int]]) -> Iterator[os.DirEntry[str]]:
    """Give all files below a folder; a link back to a folder above is not followed."""
    try:
        itself, found = Path(folder).stat(), os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    if (known := (itself.st_dev, itself.st_ino)) in above:
        return
    with found:
        for item in found:
            if _is_folder(item):
                yield from _walk(item.path, above | {known})
            else:
                yield item


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def _row(root: str, item: os.DirEntry[str]) -> Row | None:
    """Give a file with the version that obstore reads it by; nothing where it has gone meanwhile."""
    try:
        found = item.stat(follow_symlinks=not item.is_symlink() or Path(item.path).exists())
    except FileNotFoundError:
        return None
    version = f"{found.st_ino:x}-{found.st_mtime_ns // 1000:x}-{found.st_size:x}"
    return _text(item.path[len(root) :].lstrip("/")), version, found.st_size


def _text(name: str) -> str:
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _is_misnamed(root: str, key: str) -> bool:
    folder = Path(root)
    for segment in key.split("/"):
        names = [item.name for item in folder.iterdir()] if folder.is_dir() else []
        if segment not in names:
            return any(_text(name) == segment for name in names)
        folder /= segment
    return False
