"""The errors of nightlabel, one tree.

::

    NightlabelError          exit 1   a bug, or a fault that nobody has named yet
    ├── RefusedError         exit 64  the same input will be refused again: tell a person
    │   └── QuarantineError  exit 64  one file cannot be read: it goes to quarantine, the others go on
    └── UnavailableError     exit 75  a service did not answer: retry after a pause

The sentence is for people, the facts for machines, and the exit code travels where an exception cannot.
"""

import re
from typing import Any, ClassVar

MAX_MESSAGE = 600
"""Longest text of an error, in characters: it must fit an alarm and a pod's termination message."""

UNNAMED = "NL-X000"
"""Code of an error that nobody has named yet."""

_SHORTEST = 100  # characters that are left of the first line

_PASSWORDS = re.compile(r"(?<=://)[^/@\s]+@")


def without_passwords(text: str) -> str:
    """Leave out the names and passwords of addresses."""
    return _PASSWORDS.sub("", text)


def plain(text: str) -> str:
    """Leave out the passwords of addresses, and escape what a terminal or a log could obey.

    Args:
        text: Anything; what libraries and servers say stands in errors and logs.

    Returns:
        One line of printable characters.
    """
    without = without_passwords(text)
    if without.isprintable():
        return without
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in without)


class NightlabelError(Exception):
    """What every error of nightlabel is.

    Args:
        sentence: The cause, in one sentence; it is made ``plain``, as are ``kept`` and ``advice``.
        code: The stable code, such as ``NL-A002``; each stands in ``docs/errors.md``.
        kept: What was kept or left untouched, for people.
        advice: The next command or action, for people.
        facts: Ids and numbers, for machines.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, sentence: str, *, code: str = UNNAMED, kept: str = "", advice: str = "", **facts: Any
    ) -> None:
        super().__init__(plain(sentence))
        self.sentence = plain(sentence)
        self.code = code
        self.kept = plain(kept)
        self.advice = plain(advice)
        self.facts = facts

    def __str__(self) -> str:
        """Give code, sentence, what was kept and what to do next, on one line each."""
        more = [f"kept: {self.kept}"] if self.kept else []
        more += [f"next: {self.advice}"] if self.advice else []
        rest = "".join(f"\n{line}" for line in more)
        room = max(MAX_MESSAGE - len(rest), _SHORTEST)  # a long sentence costs nobody the next command
        return _cut(_cut(f"{self.code} {self.sentence}", room) + rest, MAX_MESSAGE)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


class RefusedError(NightlabelError):
    """The same input will be refused again: do not retry, tell a person."""

    exit_code = 64  # sysexits.h EX_USAGE


class QuarantineError(RefusedError):
    """A whole file cannot be split into records: it is one quarantined id, the other files go on."""


class UnavailableError(NightlabelError):
    """A service did not answer: retry after a pause."""

    exit_code = 75  # sysexits.h EX_TEMPFAIL
