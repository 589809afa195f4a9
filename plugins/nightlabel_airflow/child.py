"""One child process: its log goes on line by line, its result comes back, its whole group can be ended."""

import os
import signal
import subprocess
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Thread, Timer
from typing import IO

TAIL = 40
"""Lines of the log that are kept to explain a failure."""
GRACE = 3.0
"""Seconds between SIGTERM and SIGKILL; Airflow gives a task five before it kills the task itself."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a child ended.

    Attributes:
        code: Its exit code; negative for the signal that ended it.
        output: All of its stdout.
        tail: The last lines of its stderr.
    """

    code: int
    output: str
    tail: tuple[str, ...]


class Child:
    """A command in a process group of its own."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - a list of arguments, never a shell
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
            process_group=0,
        )

    def follow(self, say: Callable[[str], None]) -> Ended:
        """Hand on the log until the command ends; nothing of its group outlives this call.

        Args:
            say: Takes one line of the log, without its newline.
        """
        tail: deque[str] = deque(maxlen=TAIL)
        try:
            with _drained(self._process.stdout) as output:
                for line in self._process.stderr or ():
                    tail.append(line.rstrip("\n"))
                    say(tail[-1])
                code = self._process.wait()
            return Ended(code, "".join(output), tuple(tail))
        finally:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> None:
        """Ask the whole group to end, and end it soon; safe to call from a signal handler."""
        self._signal(signal.SIGTERM)
        timer = Timer(GRACE, self._signal, [signal.SIGKILL])
        timer.daemon = True
        timer.start()

    def _signal(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


@contextmanager
def _drained(stream: IO[str] | None) -> Iterator[list[str]]:
    """Read a stream beside the main thread, so that neither pipe can fill and stop the child."""
    parts: list[str] = []
    reader = Thread(target=lambda: parts.extend(stream or ()), daemon=True)
    reader.start()
    yield parts
    reader.join()
