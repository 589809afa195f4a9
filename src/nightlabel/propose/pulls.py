"""Pull requests as Markdown files with front matter, in a folder beside a bare repository."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from nightlabel.errors import RefusedError
from nightlabel.propose.forge import State

FOLDER = "nightlabel-pulls"
_FENCE = "---"


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull request.

    Attributes:
        number: Its number, from 1.
        state: Open, merged or closed.
        branch: Branch that asks to be merged.
        base: Branch that it asks to be merged into.
        commit: Newest commit of the branch.
        title: One line.
        opened: When, ISO 8601 in UTC.
        decided: When it was merged or closed, or empty.
        decided_by: Who did, or empty.
        merge_commit: The commit on the base that merged it, or empty.
        reason: Why it was closed by the machine, or empty.
        body: The report, Markdown.
    """

    number: int
    state: State
    branch: str
    base: str
    commit: str
    title: str
    opened: str
    decided: str = ""
    decided_by: str = ""
    merge_commit: str = ""
    reason: str = ""
    body: str = ""


@dataclass(frozen=True, slots=True)
class Pulls:
    """The pull requests of one bare repository."""

    folder: Path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder alone: opening and deciding read first and write after."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def all(self) -> list[Pull]:
        """Give all pull requests, oldest first."""
        return [_parse(path) for path in sorted(self.folder.glob("[0-9]*.md"))]

    def newest(self, branch: str) -> Pull | None:
        """Give the newest pull request of a branch."""
        found = [pull for pull in self.all() if pull.branch == branch]
        return found[-1] if found else None

    def get(self, number: int) -> Pull:
        """Give one pull request.

        Raises:
            RefusedError: ``NL-F004``, there is none of that number.
        """
        return _parse(self.path(number))

    def path(self, number: int) -> Path:
        """Give the file of a pull request."""
        return self.folder / f"{number:04d}.md"

    def write(self, pull: Pull) -> None:
        """Write a pull request; readers see the old file or the new one whole."""
        facts = {k: v for k, v in asdict(pull).items() if k != "body"}
        head = "".join(f"{name}: {json.dumps(value, ensure_ascii=False)}\n" for name, value in facts.items())
        scratch = self.folder / f".{pull.number:04d}.{os.getpid()}"
        scratch.write_text(f"{_FENCE}\n{head}{_FENCE}\n\n{pull.body}", encoding="utf-8")
        scratch.replace(self.path(pull.number))


def _parse(path: Path) -> Pull:
    known = {field.name for field in fields(Pull)} - {"body"}
    try:
        text = path.read_text(encoding="utf-8")
        _, head, body = text.split(f"{_FENCE}\n", 2)
        facts: dict[str, Any] = {
            name: json.loads(value)
            for name, _, value in (line.partition(": ") for line in head.splitlines())
            if name in known
        }
        return Pull(**facts, body=body.removeprefix("\n"))
    except (OSError, ValueError, TypeError) as error:
        raise RefusedError(
            f"{path.name} is no pull request: {type(error).__name__}",
            code="NL-F004",
            kept="the file, as it is",
            advice=f"look at {path}",
        ) from None
