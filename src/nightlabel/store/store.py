"""One object store below one root, over obstore."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
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

from nightlabel.errors import NightlabelError, QuarantineError, RefusedError, UnavailableError, plain
from nightlabel.settings import Settings, settings
from nightlabel.store import bucket, oddkeys, words
from nightlabel.store.oddkeys import Backend
from nightlabel.store.profile import credentials

if TYPE_CHECKING:
    import pyarrow as pa

_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
_ADDRESS = re.compile(r"[0-9.]+|0[xX][0-9a-fA-F.xX]+")
"""A name of which a careless client would make the address of a machine."""

_KEPT = "what was written before; nothing is ever written over or deleted"
_CREATES = 5  # tries to create an object while the store answers that another write is under way


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
        for page in self.pages(prefix):
            columns = (page.column(name).to_pylist() for name in ("path", "e_tag", "size"))
            yield from (Entry(path, _bare(tag), size) for path, tag, size in zip(*columns, strict=True))

    def pages(self, prefix: str = "", *, after: str = "") -> Iterator["pa.RecordBatch"]:
        """List as Arrow batches of ``path``, ``e_tag`` and ``size``, by whatever keys there are.

        On S3 they come in the order of keys behind ``after``, a thousand at once but for the last; markers of
        folders are left out.
        """
        with _translated("list", prefix):
            yield from oddkeys.pages(self.backend, prefix, after)

    def head(self, key: str) -> Entry | None:
        """Give the object's entry, or nothing where there is none."""
        self._require_readable(key)
        try:
            with _translated("head", key):
                meta = obstore.head(self.backend, key)
        except MissingError:
            return None
        return Entry(meta["path"], _bare(meta["e_tag"]), meta["size"])

    def modified(self, key: str) -> datetime | None:
        """Give the moment when an object was written, by the store's clock; nothing where there is none."""
        self._require_readable(key)
        try:
            with _translated("head", key):
                at: datetime = obstore.head(self.backend, key)["last_modified"]
        except MissingError:
            return None
        return at

    def get(self, key: str, *, version: str = "", part: tuple[int, int] | None = None) -> bytes:
        """Read one object.

        Args:
            key: The key below the root.
            version: Read only this version; empty reads the newest.
            part: Read the bytes from the first position up to the second; nothing reads all.

        Raises:
            MissingError: There is no such object.
            QuarantineError: ``NL-B010``, the object changed or vanished since ``version``; ``NL-B013``, its
                key cannot be read.
            UnavailableError: The store did not answer.
        """
        self._require_readable(key)
        options: Any = {"if_match": f'"{version}"'} if version else {}
        if part:
            options["range"] = part
        try:
            with _translated("get", key):
                return bytes(obstore.get(self.backend, key, options=options).bytes())
        except MissingError:
            if not version:
                raise
            with _translated("list", key):
                why = oddkeys.misread(self.backend, key)
            if why:
                raise _unreadable(key, why) from None
            raise QuarantineError(
                "input vanished after it was planned",
                code="NL-B010",
                kept="everything else: the other files go on",
                advice="nothing: the next night takes its new version",
                key=key,
                version=version,
            ) from None

    def keyed(self, key: str) -> bool:
        """Tell whether the store encrypts an object by a key of its own: its ETag is no MD5 then.

        Raises:
            UnavailableError: The store did not answer.
        """
        if not isinstance(self.backend, S3Store):
            return False
        with suppress(MissingError), _translated("head", key):
            return bucket.keyed(self.backend, key)
        return False

    def upload(self, key: str, number: int) -> tuple[int, ...]:
        """Give the lengths of the parts of an upload whose MD5s make an object's ETag; see ``bucket.upload``.

        Raises:
            UnavailableError: The store did not answer.
        """
        if not isinstance(self.backend, S3Store):
            return ()
        with _translated("head", key):
            return bucket.upload(self.backend, key, number)

    def put(self, key: str, data: bytes | Path) -> Entry:
        """Write one object, whatever was there: bytes, or a file, which may be larger than memory."""
        self._require_readable(key)
        with _translated("put", key):
            result = obstore.put(self.backend, key, data)
        size = data.stat().st_size if isinstance(data, Path) else len(data)
        return Entry(key, _bare(result["e_tag"]), size)

    def create(self, key: str, data: bytes) -> bool:
        """Write one object if and only if there is none; the check and the write are one step.

        Returns:
            Whether this call's bytes are the object's: an answer lost on the way is read back, so that
            the loser of a race is told from the winner whose reply was lost only by different bytes.

        Raises:
            UnavailableError: ``NL-B001``, the store did not answer, or other writes met this one each time.
        """
        self._require_readable(key)
        for _ in range(_CREATES):
            try:
                with _translated("create", key):
                    obstore.put(self.backend, key, data, mode="create")
            except FileExistsError:
                with suppress(MissingError):  # nothing is there: two writes met (409), and neither won
                    return self.get(key) == data
            else:
                return True
        raise UnavailableError(
            f"the store did not create {key!r}: writes to it meet again and again",
            code="NL-B001",
            kept=_KEPT,
            advice="run the step again: what is done is skipped",
            key=key,
        )

    def delete(self, key: str) -> None:
        """Remove one object; no error where there is none."""
        self._require_readable(key)
        try:
            with _translated("delete", key):
                obstore.delete(self.backend, key)
        except MissingError:
            return

    def read_json(self, key: str) -> Any:
        """Read one JSON object; raises as ``get``."""
        return json.loads(self.get(key))

    def impatient(self) -> "Store":
        """Give the same store without tries of its own, for callers that count what is refused."""
        if not isinstance(self.backend, S3Store):
            return self
        inner: Any = self.backend
        config: Any = {name: value for name, value in inner.config.items() if name != "bucket"}
        once = S3Store(
            inner.config["bucket"],
            prefix=inner.prefix,
            config=config,
            client_options=inner.client_options,
            retry_config={"max_retries": 0},
            credential_provider=inner.credential_provider,
        )
        return Store(self.uri, once)

    def _require_readable(self, key: str) -> None:
        if why := oddkeys.unreadable(self.backend, key):
            raise _unreadable(key, why)

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
        RefusedError: ``NL-H001``, the scheme is not known, or no bucket can have that name.
    """
    try:
        parts = urlsplit(uri)
    except ValueError as error:  # an address in brackets that is none
        sentence = f"{plain(uri)[:80]!r}: {error}"
        raise RefusedError(
            sentence,
            code="NL-H001",
            kept="everything: nothing was read or written",
            advice="correct the address",
        ) from None
    root = uri.rstrip("/")
    if parts.query or parts.fragment:
        raise RefusedError(
            f"{plain(uri)[:80]!r} has a '?' or a '#', which would cut the path short",
            code="NL-H001",
            kept="everything: nothing was read or written",
            advice="write them as %3F and %23, or name another folder",
        )
    match parts.scheme:
        case "file":
            return Store(root, LocalStore(_folder(Path(unquote(parts.path)))))
        case "s3" if _BUCKET.fullmatch(parts.netloc) and not _ADDRESS.fullmatch(parts.netloc):
            return Store(root, _s3(parts.netloc, parts.path.strip("/"), place or settings()))
        case "memory":
            return Store(root, MemoryStore())
        case "s3":
            name = parts.netloc.rpartition("@")[2][:63]
            sentence = f"no bucket can be called {name!r}"
            raise RefusedError(
                sentence,
                code="NL-H001",
                kept="everything: nothing was read or written",
                advice="name a bucket of S3",
            )
    raise RefusedError(
        f"{parts.scheme or 'no'} scheme in {plain(uri)[:80]!r}: nightlabel reads file:// and s3://",
        code="NL-H001",
        kept="everything: nothing was read or written",
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
            kept="everything: nothing was read or written",
            advice="make it, or set NIGHTLABEL_LAKE to another place",
        ) from None
    return path


def _s3(bucket: str, prefix: str, place: Settings) -> S3Store:
    client: Any = {"allow_http": True} if place.s3_endpoint.startswith("http://") else {}
    retry: Any = {"max_retries": 10, "retry_timeout": timedelta(minutes=3)}
    config: Any = {"region": place.s3_region}
    if place.s3_endpoint:
        config["endpoint"] = place.s3_endpoint
    return S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        client_options=client,
        retry_config=retry,
        credential_provider=credentials(),
    )


def _bare(etag: str | None) -> str:
    return (etag or "").strip('"')


def _unreadable(key: str, why: str) -> QuarantineError:
    return QuarantineError(
        f"the key {key!r} cannot be read: {why}",
        code="NL-B013",
        kept="the object, untouched",
        advice="copy it to a plain key: the next night takes that one",
        key=key,
    )


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
        why = words.refusal(str(error)) if isinstance(error, BaseError | OSError) else ""
        if isinstance(error, NotFoundError | FileNotFoundError) and why != "NoSuchBucket":
            raise MissingError(
                f"there is no object {self._what['key']!r}",
                code="NL-B012",
                kept=_KEPT,
                advice="check the key",
                **self._what,
            )
        if isinstance(error, PreconditionError):
            if self._what["operation"] == "create":
                raise FileExistsError(self._what["key"]) from error
            raise QuarantineError(
                "input changed after it was planned",
                code="NL-B010",
                kept="the object, untouched; the other files go on",
                advice="nothing: the next night takes its new version",
                **self._what,
            )
        if why or isinstance(error, PermissionDeniedError | UnauthenticatedError | PermissionError):
            raise RefusedError(
                f"the store refuses to {self._what['operation']} {self._what['key']!r}: "
                f"{why or words.one_line(str(error))}",
                code="NL-B009",
                kept=_KEPT,
                advice="nightlabel doctor",
                why=why or words.DENIED,
                **self._what,
            ) from error
        if isinstance(error, BaseError | OSError):
            raise UnavailableError(
                f"the store did not {self._what['operation']} {self._what['key']!r}: "
                f"{words.one_line(str(error))}",
                code="NL-B001",
                kept=_KEPT,
                advice="run the step again: what is done is skipped",
                **self._what,
            ) from error
