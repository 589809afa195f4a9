"""A folder of files as one file, so that it has one name by content and moves as one object.

DVC takes a second for some hundred files, and a data set may have millions. The archive is a tar whose bytes
depend on names and contents alone; its first member, which marks it, lists the names.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

MARK = b"nightlabel-folder.json\x00"
"""First bytes of an archive."""


def pack(names: Sequence[str], files: Iterable[tuple[int, Iterator[bytes]]], target: Path) -> None:
    """Write files into one archive.

    Args:
        names: Name of each file.
        files: Size and bytes of each, step by step.
        target: The archive.
    """
    with tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as archive:
        _add(archive, MARK[:-1].decode(), *_whole(json.dumps(names).encode()))
        for at, (size, steps) in enumerate(files):
            _add(archive, str(at), size, steps)


def is_packed(head: bytes) -> bool:
    """Tell an archive by its first bytes."""
    return head.startswith(MARK)


def unpack(archive: Path, folder: Path) -> list[tuple[str, Path]]:
    """Write the files of an archive into a folder, under numbers; give each name and where it is."""
    with tarfile.open(archive) as packed:
        listed = packed.extractfile(MARK[:-1].decode())
        names = json.load(listed) if listed else []
        paths = [folder / str(at) for at in range(len(names))]
        for path in paths:
            packed.extract(path.name, folder, filter="data")
    return list(zip(names, paths, strict=True))


def _whole(data: bytes) -> tuple[int, Iterator[bytes]]:
    return len(data), iter([data])


def _add(archive: tarfile.TarFile, name: str, size: int, steps: Iterator[bytes]) -> None:
    member = tarfile.TarInfo(name)
    member.size = size
    archive.addfile(member, io.BufferedReader(_Steps(steps)))


class _Steps(io.RawIOBase):
    """Bytes that come step by step, as a file."""

    def __init__(self, steps: Iterator[bytes]) -> None:
        self._steps, self._left = steps, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # what BufferedReader gives
        self._left = self._left or next(self._steps, b"")
        taken = min(len(buffer), len(self._left))
        buffer[:taken], self._left = self._left[:taken], self._left[taken:]
        return taken
