"""A person at a terminal: a program on a pseudo-terminal of its own, keys to press, a screen to read."""

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
CTRL_C, CTRL_D = "\x03", "\x04"
ROWS, COLUMNS = 50, 120
PATIENCE = 240  # seconds
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class Terminal:
    """A Python program that believes a person is there.

    Attributes:
        raw: All that it wrote so far, control codes included.
    """

    def __init__(self, *command: str, **variables: str) -> None:
        environment = {**os.environ, "TERM": "xterm", **variables}
        self.raw, self._closed, self._code = "", False, 0
        self.pid, self._screen = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
            os.chdir(ROOT)
            os.execve(sys.executable, [sys.executable, *command], environment)  # noqa: S606 - no shell

    @property
    def text(self) -> str:
        """All that it wrote so far, as plain text."""
        return CONTROL.sub("", self.raw)

    def press(self, keys: str) -> None:
        os.write(self._screen, keys.encode())

    def until(self, *words: str, seconds: float = PATIENCE) -> None:
        """Read until any of the words stand on the screen."""
        end = time.monotonic() + seconds
        while not any(wanted in self.text for wanted in words):
            assert self._read(end - time.monotonic()), f"no {words!r} in:\n{self.text}"

    def until_it_waits(self) -> None:
        """Wait until the program has said all, and sleeps until it hears something."""
        end = time.monotonic() + PATIENCE
        while psutil.Process(self.pid).status() != psutil.STATUS_SLEEPING:
            assert time.monotonic() < end, f"it goes on working:\n{self.text}"
            time.sleep(0.01)

    def ends(self, seconds: float = PATIENCE) -> int:
        """Read until the program ends; gives its exit code."""
        end = time.monotonic() + seconds
        while self._read(end - time.monotonic()):
            pass
        assert time.monotonic() < end, f"it did not end:\n{self.text}"
        return self.close()

    def close(self) -> int:
        """Hang up, which ends the program if it still runs; gives its exit code."""
        if not self._closed:
            os.close(self._screen)
            _, status = os.waitpid(self.pid, 0)
            self._closed, self._code = True, os.waitstatus_to_exitcode(status)
        return self._code

    def _read(self, seconds: float) -> bool:
        """Read what comes next; tells whether the program still writes."""
        if not select.select([self._screen], [], [], max(0, seconds))[0]:
            return False
        try:
            found = os.read(self._screen, 65536)
        except OSError:  # Linux answers so when the program has gone
            return False
        self.raw += found.decode(errors="replace")
        return bool(found)
