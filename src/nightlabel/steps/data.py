"""The labelled files of an experiment: a named version, a file, a folder or a pattern, pinned as listed."""

import fnmatch
import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nightlabel.errors import RefusedError
from nightlabel.settings import settings
from nightlabel.steps.folder import Experiment, Request
from nightlabel.store import Store, open_uri
from nightlabel.store.store import Entry
from nightlabel.validate import Account, Source
from nightlabel.version import fetch, is_packed, pack, unpack

_WILD = "*?["


@dataclass(frozen=True, slots=True)
class DataSet:
    """The files of an experiment, by name.

    Attributes:
        name: What was asked for.
        sources: The files.
        folder: It is a folder or a pattern, of however many files, and no single file.
    """

    name: str
    sources: tuple[Source, ...]
    folder: bool

    def copy(self, target: Path) -> str:
        """Write the data set as one file; give its version, as ``version_of`` does for its files."""
        digests = [hashlib.md5(usedforsecurity=False) for _ in self.sources]
        files = [
            (source.size, _noted(source, digest))
            for source, digest in zip(self.sources, digests, strict=True)
        ]
        if self.folder:
            pack([source.name for source in self.sources], files, target)
        else:
            with target.open("wb") as file:
                file.writelines(files[0][1])
        named = [
            (digest.hexdigest(), source.name) for source, digest in zip(self.sources, digests, strict=True)
        ]
        return self.version_of(named)

    def version_of(self, named: list[tuple[str, str]]) -> str:
        """Name the data set by the MD5 of its file, or of the list of its files, as ``md5sum`` writes it."""
        if not self.folder:
            return named[0][0]
        listed = "".join(f"{md5}  {name}\n" for md5, name in named)
        return hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()


@contextmanager
def opened(place: Experiment, request: Request) -> Iterator[DataSet]:
    """Give the labelled files of an experiment; a packed folder stands unpacked in scratch space meanwhile.

    Raises:
        RefusedError: ``NL-R003``, there is no such file; or its version is not in the DVC remote.
    """
    home = settings().home
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="data-", dir=home.absolute()) as scratch:
        if request.data_version:
            target = Path(scratch) / "data"
            fetch(request.data_version, None, settings().home, place.lake.at("dvc"), target)
            data = _file(request.data, *_below(target))
        else:
            data = _listed(place.lake, request.data)
        yield _unpacked(data, Path(scratch))


def accounts_of(data: DataSet, parts: list[Account]) -> list[Account]:
    """Join the accounts of files that came in parts."""
    joined = dict[str, Account]()
    for part in parts:
        known = joined.get(part.source)
        joined[part.source] = part if known is None else known.joined(part)
    return [joined[source.name] for source in data.sources]


def _listed(lake: Store, data: str) -> DataSet:
    if not any(mark in data for mark in _WILD) and not data.endswith("/"):
        root, _, key = data.rpartition("/") if "://" in data else ("", "", data)
        store = open_uri(root) if root else lake
        return _file(data, store, store.head(key))
    base, pattern = _split(data)
    store = open_uri(base) if "://" in base else lake
    prefix = "" if "://" in base else base
    entries = sorted(e for e in store.list(prefix) if _matches(e.key, prefix, pattern))
    if not entries:
        raise _missing(data)
    return DataSet(
        data, tuple(_source(f"{base}/{_tail(e.key, prefix)}", store, e) for e in entries), folder=True
    )


def _split(data: str) -> tuple[str, str]:
    """Split a folder or a pattern into the folder and what its files are to match."""
    first = min((at for mark in _WILD if (at := data.find(mark)) >= 0), default=len(data))
    base, _, _ = data[:first].rpartition("/")
    return base, data[len(base) + 1 :] or "*"


def _matches(key: str, prefix: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(_tail(key, prefix), pattern)


def _tail(key: str, prefix: str) -> str:
    return key.removeprefix(f"{prefix}/") if prefix else key


def _file(name: str, store: Store, entry: Entry | None) -> DataSet:
    if entry is None:
        raise _missing(name)
    return DataSet(name, (_source(name, store, entry),), folder=False)


def _source(name: str, store: Store, entry: Entry) -> Source:
    return Source(name, store.uri, entry.key, entry.version, entry.size)


def _below(path: Path) -> tuple[Store, Entry | None]:
    store = open_uri(path.parent.as_uri())
    return store, store.head(path.name)


def _unpacked(data: DataSet, scratch: Path) -> DataSet:
    """Give the files of a folder that stands packed where a file may stand."""
    place, (source, *more) = settings(), data.sources
    if more or data.folder or not is_packed(source.read(place, (0, min(source.size, 64)))):
        return data
    archive, folder = scratch / "packed", scratch / "files"
    with archive.open("wb") as file:
        file.writelines(source.steps(place))
    folder.mkdir()
    files = unpack(archive, folder)
    return DataSet(data.name, tuple(_source(name, *_there(path)) for name, path in files), folder=True)


def _there(path: Path) -> tuple[Store, Entry]:
    store, entry = _below(path)
    if entry is None:
        raise FileNotFoundError(path)
    return store, entry


def _noted(source: Source, digest: "hashlib._Hash") -> Iterator[bytes]:
    for step in source.steps(settings()):
        digest.update(step)
        yield step


def _missing(data: str) -> RefusedError:
    return RefusedError(
        f"there is no file {data!r}",
        code="NL-R003",
        kept="everything: nothing was begun",
        advice="name a key below the lake, or a file:// or s3:// URI; a folder ends in a slash",
    )
