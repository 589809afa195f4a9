"""What a container wrote: kept line by line with its time, in memory and in a file, for all who follow."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

TAIL_BYTES, TAIL_LINES = 2048, 80
"""How much of a log a termination message shows: kubernetes.io/docs/tasks/debug/debug-application/."""


@dataclass(frozen=True)
class Line:
    """One line as it came, its end included where it has one."""

    at: datetime
    text: bytes

    @property
    def stamped(self) -> bytes:
        return self.at.strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() + self.text


class Output:
    """The log of one container."""

    def __init__(self, path: Path) -> None:
        self.lines: list[Line] = []
        self.ended = False
        self.path = path
        self._news = asyncio.Event()

    async def take(self, *streams: asyncio.StreamReader) -> None:
        """Read what a process writes, to the end."""
        with self.path.open("wb") as file:
            await asyncio.gather(*(self._pump(stream, file.write) for stream in streams))
        self.end()

    def end(self) -> None:
        self.ended = True
        self._tell()

    async def follow(self, start: int = 0) -> AsyncIterator[Line]:
        """Give the lines from one on, and those that come, until the container has ended."""
        place = start
        while True:
            news, ended, fresh = self._news, self.ended, self.lines[place:]
            for line in fresh:
                yield line
            place += len(fresh)
            if ended:
                return
            await news.wait()

    def tail(self) -> str:
        """Give what a termination message shows."""
        told = b"".join(line.text for line in self.lines[-TAIL_LINES:])
        return told[-TAIL_BYTES:].decode(errors="replace")

    async def _pump(self, stream: asyncio.StreamReader, write) -> None:
        rest = b""
        while chunk := await stream.read(65_536):
            write(chunk)
            *whole, rest = (rest + chunk).split(b"\n")
            self._add([text + b"\n" for text in whole])
        self._add([rest] if rest else [])

    def _add(self, texts: list[bytes]) -> None:
        at = datetime.now(UTC)
        self.lines += [Line(at, text) for text in texts]
        self._tell()

    def _tell(self) -> None:
        # Whoever waits holds the old event; the next to wait gets a new one.
        news, self._news = self._news, asyncio.Event()
        news.set()
