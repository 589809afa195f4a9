"""One object store below one root, over obstore."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import LocalStore, MemoryStore, S3Store

from nightlabel.errors import NightlabelError, QuarantineError, RefusedError, UnavailableError
from nightlabel.settings import Settings, settings

Backend = LocalStore | MemoryStore | S3Store


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One object: its key below the root, its version (ETag, without quotes) and its size in bytes."""

    key: str
    version: str
    size: int


class MissingError(RefusedError):
    """There is no object of that key."""


@dataclass(frozen=True, slots=True)
class Store:
    """Objects below one root.

    Attributes:
        uri: The root, without a trailing slash.
        backend: The obstore store, rooted there.
    """

    uri: str
    backend: Backend

    def list(self, prefix: str = "") -> Iterator[Entry]:
        """List all objects below a prefix of whole path segments, in no order."""
        with _translated("list", prefix):
            for batch in obstore.list(self.backend, prefix or None):
                yield from (Entry(m["path"], _bare(m["e_tag"]), m["size"]) for m in batch)

    def head(self, key: str) -> Entry | None:
        """Give the object's entry, or nothing where there is none."""
        try:
            with _translated("head", key):
                meta = obstore.head(self.backend, key)
        except MissingError:
            return None
        return Entry(meta["path"], _bare(meta["e_tag"]), meta["size"])

    def get(self, key: str, *, version: str = "") -> bytes:
        """Read one object.

        Args:
            key: The key below the root.
            version: Read only this version; empty reads the newest.

        Raises:
            MissingError: There is no such object.
            QuarantineError: ``NL-B010``, the object changed or vanished since ``version``.
            UnavailableError: The store did not answer.
        """
        options: Any = {"if_match": f'"{version}"'} if version else {}
        try:
            with _translated("get", key):
                return bytes(obstore.get(self.backend, key, options=options).bytes())
        except MissingError:
            if not version:
                raise
            raise QuarantineError(
                "input vanished after it was planned", code="NL-B010", key=key, version=version
            ) from None

    def put(self, key: str, data: bytes) -> Entry:
        """Write one object, whatever was there."""
        with _translated("put", key):
            result = obstore.put(self.backend, key, data)
        return Entry(key, _bare(result["e_tag"]), len(data))

    def create(self, key: str, data: bytes) -> bool:
        """Write one object if and only if there is none; the check and the write are one step.

        Returns:
            Whether this call's bytes are the object's: an answer lost on the way is read back, so that
            the loser of a race is told from the winner whose reply was lost only by different bytes.
        """
        try:
            with _translated("create", key):
                obstore.put(self.backend, key, data, mode="create")
        except FileExistsError:
            return self.get(key) == data
        return True

    def delete(self, key: str) -> None:
        """Remove one object; no error where there is none."""
        try:
            with _translated("delete", key):
                obstore.delete(self.backend, key)
        except MissingError:
            return

    def read_json(self, key: str) -> Any:
        """Read one JSON object; raises as ``get``."""
        return json.loads(self.get(key))

    def at(self, key: str) -> str:
        """Give the URI of a key, for people and for libraries that open URIs themselves."""
        return f"{self.uri}/{key}"


def open_lake(place: Settings | None = None) -> Store:
    """Open the lake of the settings."""
    place = place or settings()
    return open_uri(place.lake_uri, place)


def open_uri(uri: str, place: Settings | None = None) -> Store:
    """Open a root by URI.

    Args:
        uri: ``file:///...``, ``s3://bucket/...`` or ``memory://``.
        place: Settings with the S3 endpoint and region.

    Raises:
        RefusedError: ``NL-H001``, the scheme is not known.
    """
    parts = urlsplit(uri)
    root = uri.rstrip("/")
    match parts.scheme:
        case "file":
            return Store(root, LocalStore(_folder(Path(unquote(parts.path)))))
        case "s3":
            return Store(root, _s3(parts.netloc, parts.path.strip("/"), place or settings()))
        case "memory":
            return Store(root, MemoryStore())
    raise RefusedError(
        f"{parts.scheme or 'no'} scheme in {uri[:80]!r}: nightlabel reads file:// and s3://",
        code="NL-H001",
        advice="name a file:// or s3:// URI",
    )


def s3_options(place: Settings) -> dict[str, str]:
    """Give the S3 options that object-store libraries share; credentials come from the environment."""
    options = {"aws_region": place.s3_region}
    if place.s3_endpoint:
        options |= {
            "aws_endpoint": place.s3_endpoint,
            "aws_allow_http": str(place.s3_endpoint.startswith("http://")).lower(),
        }
    return options


def _folder(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RefusedError(
            f"the folder {str(path)!r} cannot be used: {error.strerror}",
            code="NL-B009",
            advice="make it, or set NIGHTLABEL_LAKE to another place",
        ) from None
    return path


def _s3(bucket: str, prefix: str, place: Settings) -> S3Store:
    client: Any = {"allow_http": True} if place.s3_endpoint.startswith("http://") else {}
    retry: Any = {"max_retries": 10, "retry_timeout": timedelta(minutes=3)}
    config: Any = {"region": place.s3_region}
    if place.s3_endpoint:
        config["endpoint"] = place.s3_endpoint
    return S3Store(bucket, prefix=prefix or None, config=config, client_options=client, retry_config=retry)


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')


class _translated:  # noqa: N801 - a context manager reads as a verb
    """Turn obstore's errors into ours, with operation and key."""

    def __init__(self, operation: str, key: str) -> None:
        self._what = {"operation": operation, "key": key}

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if error is None or isinstance(error, NightlabelError):
            return
        if isinstance(error, AlreadyExistsError):
            raise FileExistsError(self._what["key"]) from error
        if isinstance(error, NotFoundError | FileNotFoundError):
            raise MissingError(f"there is no object {self._what['key']!r}", code="NL-B012", **self._what)
        if isinstance(error, PreconditionError):
            if self._what["operation"] == "create":
                raise FileExistsError(self._what["key"]) from error
            raise QuarantineError("input changed after it was planned", code="NL-B010", **self._what)
        if isinstance(error, PermissionDeniedError | UnauthenticatedError | PermissionError):
            raise RefusedError(
                f"the store refuses to {self._what['operation']} {self._what['key']!r}",
                code="NL-B009",
                advice="nightlabel doctor",
                **self._what,
            ) from error
        if isinstance(error, BaseError | OSError):
            raise UnavailableError(
                f"the store did not {self._what['operation']} {self._what['key']!r}: {str(error)[:200]}",
                code="NL-B001",
                advice="run the step again: what is done is skipped",
                **self._what,
            ) from error
