"""What a command says: its result on stdout, its error on stderr, either as one JSON object too."""

import json
import os
import shlex
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Never

from nightlabel.errors import NightlabelError, plain
from nightlabel.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

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
        _keep(result)
        _print_json(result)
        return
    from rich.console import Console

    from nightlabel.steps import tables

    render: Callable[[dict[str, Any]], Any] = getattr(tables, table)
    Console().print(render(result))


def say_variables(variables: dict[str, str], *, as_json: bool) -> None:
    """Print variables of the environment, one a line as shells and env files take them."""
    if as_json:
        _print_json(variables)
        return
    for name, value in variables.items():
        print(f"{name}={shlex.quote(value)}")


def fail(error: NightlabelError, *, as_json: bool) -> Never:
    """Print an error and leave with its exit code."""
    if as_json:
        about = {"code": error.code, "sentence": error.sentence, "kept": error.kept, "next": error.advice}
        told = {"error": {**about, "facts": error.facts}}
        _print_json(told)
        with suppress(NightlabelError):  # the place may be what is wrong
            _keep(told)
    from rich.console import Console

    Console(stderr=True, soft_wrap=True).print(str(error), style="red", markup=False, highlight=False)
    sys.exit(error.exit_code)


def tell_bug() -> Never:
    """Print the traceback of a bug without passwords, on printable lines; leave with its exit code."""
    for line in traceback.format_exc().splitlines():
        print(plain(line), file=sys.stderr)
    sys.exit(NightlabelError.exit_code)


def _print_json(value: dict[str, Any]) -> None:
    print(_json(value), file=_results, flush=True)


def _keep(value: dict[str, Any]) -> None:
    """Keep the answer in the lake too, where the place says so: who started a pod does not see its stdout."""
    if key := settings().result:
        from nightlabel.store import open_lake

        open_lake().create(key, _json(value).encode())  # a role of a night cannot write over anything


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, default=str)
