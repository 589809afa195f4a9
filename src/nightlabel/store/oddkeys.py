"""Keys that obstore cannot say: they are listed exactly, and each has a reason why it is not read.

obstore reads no key with a control character, an empty segment, ``.`` or ``..``. In a folder it leaves out
names that end like its own unfinished uploads, and takes those that end like the letter of a drive for
folders.
"""

import os
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import obstore
import pyarrow as pa
from obstore.store import LocalStore, MemoryStore, S3Store

from nightlabel.store import bucket, links

PAGE = 1000
"""Keys of a full answer of S3, and so of a page."""

Row = tuple[str, str, int]
"""Key, ETag and size of one file."""

_COLUMNS = pa.schema([("path", pa.string()), ("e_tag", pa.string()), ("size", pa.uint64())])  # as obstore's
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UPLOAD = re.compile(r"[^#]*#[0-9]+")
_DRIVE = re.compile(r".*[A-Za-z][:|]", re.DOTALL)

Backend = LocalStore | MemoryStore | S3Store


def pages(backend: Backend, prefix: str, after: str = "") -> Iterator[pa.RecordBatch]:
    """List the objects below a prefix by their exact keys.

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
    elif isinstance(backend, S3Store):
        yield from _full(_page(*found[:3]) for found in bucket.pages(backend, prefix, after))
    else:
        options: Any = {"chunk_size": PAGE, "return_arrow": True}
        yield from map(pa.record_batch, obstore.list(backend, prefix or None, **options))


def unreadable(backend: Backend, key: str) -> str:
    """Say why an object of this key cannot be read, whether or not there is one; empty if it can."""
    if _CONTROL.search(key):
        return "it holds control characters"
    if not {"", ".", ".."}.isdisjoint(key.split("/")):
        return "it has a segment that is empty, '.' or '..'"
    return _unreadable_file(str(backend.prefix), key) if isinstance(backend, LocalStore) else ""


def _unreadable_file(root: str, key: str) -> str:
    file = Path(root, key)
    if _UPLOAD.fullmatch(file.name):
        return "it ends like an unfinished upload"
    if _DRIVE.fullmatch(file.name):
        return "it ends like a drive's letter"
    if file.is_symlink() and not file.exists():
        return "it is a link to nothing"
    if links.leads_out(root, file):
        return "it leads out of the lake by a link"
    return "" if not file.exists() or file.is_file() or file.is_dir() else "it is no regular file"


def misread(backend: Backend, key: str) -> str:
    """Say under which other name an object lies that was listed by this key, and is not there; or nothing."""
    if isinstance(backend, LocalStore) and _is_misnamed(str(backend.prefix), key):
        return "it is not UTF-8"
    return ""


def of_folder(backend: LocalStore, prefix: str) -> Iterator[pa.RecordBatch]:
    """List the files below a prefix; a name that is not UTF-8 is escaped.

    Links are followed inside the lake; one that leads out of it is listed as a file that cannot be read.

    Raises:
        OSError: The folder cannot be read, or leads out of the lake.
    """
    root, start = str(backend.prefix), Path(str(backend.prefix), prefix)
    if links.leads_out(root, start):
        raise PermissionError(f"{prefix} leads out of the lake by a link")
    rows = (_row(root, item) for item in _walk(root, str(start), frozenset()))
    return _paged(row for row in rows if row)


def _paged(rows: Iterator[Row]) -> Iterator[pa.RecordBatch]:
    while page := list(islice(rows, PAGE)):
        yield _page(*zip(*page, strict=True))


def _full(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Make full pages of answers, which the markers of folders may have made shorter."""
    left = pa.RecordBatch.from_pylist([], _COLUMNS)
    for batch in batches:
        left = pa.concat_batches([left, batch]) if len(left) else batch
        while len(left) >= PAGE:
            yield left.slice(0, PAGE)
            left = left.slice(PAGE)
    if len(left):
        yield left


def _page(*columns: Sequence[str | int]) -> pa.RecordBatch:
    arrays = [pa.array(column, field.type) for column, field in zip(columns, _COLUMNS, strict=True)]
    return pa.record_batch(arrays, schema=_COLUMNS)


def _walk(root: str, folder: str, above: frozenset[tuple[int, int]]) -> Iterator[os.DirEntry[str]]:
    """Give all files below a folder; a link back to a folder above is not followed."""
    try:
        itself, found = Path(folder).stat(), os.scandir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return
    if (known := (itself.st_dev, itself.st_ino)) in above:
        return
    with found:
        for item in found:
            if _is_folder(item) and not _leads_out(root, item):
                yield from _walk(root, item.path, above | {known})
            else:
                yield item


def _is_folder(item: os.DirEntry[str]) -> bool:
    try:
        return item.is_dir()
    except OSError:  # a link to itself
        return False


def _leads_out(root: str, item: os.DirEntry[str]) -> bool:
    return item.is_symlink() and links.leads_out(root, Path(item.path))


def _row(root: str, item: os.DirEntry[str]) -> Row | None:
    """Give a file with the version that obstore reads it by; nothing where it has gone meanwhile."""
    try:
        there = not item.is_symlink() or (Path(item.path).exists() and not _leads_out(root, item))
        found = item.stat(follow_symlinks=there)
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
