"""What a command says: its result on stdout, its error on stderr, either as one JSON object too."""

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Never

if TYPE_CHECKING:
    from collections.abc import Callable

    from nightlabel.errors import NightlabelError

_results = sys.stdout


def claim_stdout() -> None:
    """Keep stdout for the one JSON object; what a library prints goes to stderr."""
    global _results  # noqa: PLW0603 - there is one stdout in a process
    sys.stdout.flush()
    _results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)


def say(result: dict[str, Any], *, as_json: bool, table: str = "facts") -> None:
    """Print a result.

    Args:
        result: What the step gave.
        as_json: For a machine, and not for a person.
        table: Name of the function in ``nightlabel.steps.tables`` that draws it for a person.
    """
    if as_json:
        _print_json(result)
        return
    from rich.console import Console

    from nightlabel.steps import tables

    render: Callable[[dict[str, Any]], Any] = getattr(tables, table)
    Console().print(render(result))


def fail(error: "NightlabelError", *, as_json: bool) -> Never:
    """Print an error and leave with its exit code."""
    if as_json:
        told = {"code": error.code, "sentence": error.sentence, "kept": error.kept, "next": error.advice}
        _print_json({"error": {**told, "facts": error.facts}})
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(str(error), style="red", markup=False, highlight=False)
    sys.exit(error.exit_code)


def _print_json(value: dict[str, Any]) -> None:
    print(json.dumps(value, default=str), file=_results, flush=True)
