"""The errors of nightlabel, one tree.

::

    NightlabelError          exit 1   a bug, or a fault that nobody has named yet
    ├── RefusedError         exit 64  the same input will be refused again: tell a person
    │   └── QuarantineError  exit 64  one file cannot be read: it goes to quarantine, the others go on
    └── UnavailableError     exit 75  a service did not answer: retry after a pause

The sentence is for people, the facts for machines, and the exit code travels where an exception cannot.
"""

from typing import Any, ClassVar

MAX_MESSAGE = 600
"""Longest text of an error, in characters: it must fit an alarm and a pod's termination message."""


class NightlabelError(Exception):
    """What every error of nightlabel is.

    Args:
        sentence: The cause, in one sentence.
        code: The stable code, such as ``NL-A002``; each stands in ``docs/errors.md``.
        kept: What was kept or left untouched, for people.
        advice: The next command or action, for people.
        facts: Ids and numbers, for machines.
    """

    exit_code: ClassVar[int] = 1

    def __init__(
        self, sentence: str, *, code: str = "NL-X000", kept: str = "", advice: str = "", **facts: Any
    ) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.code = code
        self.kept = kept
        self.advice = advice
        self.facts = facts

    def __str__(self) -> str:
        """Give code, sentence, what was kept and what to do next, on one line each."""
        lines = [f"{self.code} {self.sentence}"]
        lines += [f"kept: {self.kept}"] if self.kept else []
        lines += [f"next: {self.advice}"] if self.advice else []
        text = "\n".join(lines)
        return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


class RefusedError(NightlabelError):
    """The same input will be refused again: do not retry, tell a person."""

    exit_code = 64  # sysexits.h EX_USAGE


class QuarantineError(RefusedError):
    """A whole file cannot be split into records: it is one quarantined id, the other files go on."""


class UnavailableError(NightlabelError):
    """A service did not answer: retry after a pause."""

    exit_code = 75  # sysexits.h EX_TEMPFAIL
