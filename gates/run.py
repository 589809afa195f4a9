"""Start the tools, in the environments that scripts/gates makes, and list the files that they look at."""

import json
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from gates.findings import ROOT, GateError

PLACE = ROOT / ".nightlabel" / "gates"


def tool(name: str, environment: str = "tools") -> Path:
    """Give the path of a tool.

    Raises:
        GateError: The environment is not there.
    """
    path = PLACE / environment / "bin" / name
    if not path.exists():
        raise GateError(f"{name} is not installed; first: scripts/gates")
    return path


def output(
    command: Sequence[str | Path],
    codes: Collection[int] = (0,),
    folder: Path = ROOT,
    given: str | None = None,
) -> str:
    """Run a tool and give what it prints.

    Args:
        command: Program and its words.
        codes: Exit codes that say that the tool has looked, whatever it found.
        folder: Where it runs.
        given: Its standard input.

    Raises:
        GateError: It ended otherwise.
    """
    done = subprocess.run(command, cwd=folder, input=given, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        said = (done.stderr.strip() or done.stdout.strip())[-800:]
        raise GateError(f"{Path(command[0]).name} ended with {done.returncode} and has not looked: {said}")
    return done.stdout


def answer(
    command: Sequence[str | Path],
    codes: Collection[int] = (0,),
    folder: Path = ROOT,
    given: str | None = None,
) -> Any:
    """Run a tool and give the JSON that it prints.

    Raises:
        GateError: It printed something else.
    """
    said = output(command, codes, folder, given)
    try:
        return json.loads(said)
    except ValueError as error:
        raise GateError(f"{Path(command[0]).name} did not answer in JSON: {said[:200]!r}") from error


def files(*patterns: str, root: Path = ROOT) -> list[str]:
    """Give the files of the project that git knows or would take, by patterns of git.

    Raises:
        GateError: This is no checkout.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns]
    named = output(command, folder=root).split("\0")
    return sorted({name for name in named if name and (root / name).is_file()})
