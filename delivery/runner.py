"""The runner of a workflow: its variables, its event, and where a step leaves what others read."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Never

ROOT = Path(__file__).parents[1]
REFUSED = 64
"""Exit code of what the same input will be refused again for, as nightlabel's."""


class DeliveryError(Exception):
    """A step cannot be done; the sentence is for people."""


def variable(name: str, otherwise: str | None = None) -> str:
    """Give a variable of the step.

    Args:
        name: Its name.
        otherwise: What stands for one that is not set; without it, the variable is needed.

    Raises:
        DeliveryError: It is needed and not set.
    """
    value = os.environ.get(name) or otherwise
    if value is None:
        raise DeliveryError(f"the variable {name} is not set: see docs/delivery.md for all that a step needs")
    return value


def event() -> dict[str, Any]:
    """Give the event that started the workflow."""
    found: dict[str, Any] = json.loads(Path(variable("GITHUB_EVENT_PATH")).read_text(encoding="utf-8"))
    return found


def output(**values: str) -> None:
    """Leave values for later steps; each is one line, so that none can pass for another."""
    for name, value in values.items():
        if not value.isprintable():
            raise DeliveryError(f"the output {name} is not one line")
    _append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in values.items()))


def summary(text: str) -> None:
    """Show Markdown on the page of the run."""
    _append("GITHUB_STEP_SUMMARY", text.rstrip() + "\n\n")


def call(
    words: Sequence[str | Path], *, stdin: str | None = None, more: Mapping[str, str] | None = None
) -> str:
    """Run a program; its errors go to the log.

    Args:
        words: The program and its arguments.
        stdin: Text for its standard input, such as a password.
        more: Further variables.

    Returns:
        Its standard output.

    Raises:
        DeliveryError: It failed, or is not there.
    """
    print(f"$ {' '.join(map(str, words))}", file=sys.stderr, flush=True)
    try:
        done = subprocess.run(  # noqa: S603 - an argument list, no shell
            list(map(str, words)),
            input=stdin,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            cwd=ROOT,
            env={**os.environ, **(more or {})},
        )
    except FileNotFoundError:
        raise DeliveryError(f"there is no program {words[0]}") from None
    if done.returncode:
        print(done.stdout[-4000:], file=sys.stderr)
        raise DeliveryError(
            f"{Path(words[0]).name} {words[1] if len(words) > 1 else ''} failed ({done.returncode})"
        )
    return done.stdout


def git(*words: str) -> str:
    """Run git in the checkout."""
    return call(["git", *words])


def main(work: Callable[[], None]) -> Never:
    """Do a step, and leave with its exit code; what stopped it is shown on the page of the run."""
    try:
        work()
    except DeliveryError as error:
        fail(str(error))
    sys.exit(0)


def fail(sentence: str) -> Never:
    """Show why the step is refused, and leave."""
    line = " ".join(sentence.split())
    print(f"::error::{line}", flush=True)
    summary(f"**Refused:** {_words(line)}")
    sys.exit(REFUSED)


def _words(text: str) -> str:
    """Show text as text: nothing in it is Markdown or HTML."""
    return "".join(c if c.isalnum() or c in " .,;:()=-'/" else f"&#{ord(c)};" for c in text)


def _append(name: str, text: str) -> None:
    if path := os.environ.get(name):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
