"""A step as a command line, and what its end means to Airflow; the same for a process and for a pod."""

import json
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nightlabel.errors import RefusedError, plain
from nightlabel_airflow.compat import AirflowException, AirflowFailException

KEPT_FROM_STEPS = ("AIRFLOW_", "_AIRFLOW_")
"""Airflow's variables hold its keys, its database and its connections; no step needs one of them."""

_LONGEST = 600  # characters of a reason


def program() -> str:
    """Give the path of the command line on this machine."""
    return shutil.which("nightlabel") or str(Path(sys.executable).with_name("nightlabel"))


def arguments(name: str, usecase: str, options: Mapping[str, Any]) -> list[str]:
    """Give the arguments of a step, as a list and never for a shell.

    Raises:
        AirflowFailException: ``NL-H002``, a value holds what no argument of a process can.
    """
    line = [name, f"--usecase={usecase}"]
    for option, value in options.items():
        values = value if isinstance(value, list | tuple) else [value]
        line += [f"--{option}={item}" for item in values if item not in (None, "")]
    if odd := [word for word in line if not _is_argument(word)]:
        raise failure(f"NL-H002 {plain(odd[0][:60])!r} cannot be told to a step: it is no text", again=False)
    return [*line, "--json"]


def _is_argument(word: str) -> bool:
    try:
        return b"\0" not in word.encode()
    except UnicodeEncodeError:  # half a character, which JSON can hold
        return False


def judge(code: int | None, result: dict[str, Any] | None, *, otherwise: str) -> dict[str, Any]:
    """Turn the end of a command into its result or into the failure that Airflow understands.

    Args:
        code: Exit code; negative for a signal; nothing where it is not known.
        result: The JSON object that it said.
        otherwise: The reason where it said none.

    Raises:
        AirflowFailException: Exit code 64.
        AirflowException: Any other exit code but 0, or no result.
    """
    if code == 0 and result is not None and "error" not in result:
        return result
    raise failure(told(result) or otherwise, again=code != RefusedError.exit_code)


def failure(reason: str, *, again: bool) -> AirflowException:
    """Make the failure after which Airflow tries again, or does not."""
    kind = AirflowException if again else AirflowFailException
    return kind(reason[:_LONGEST])


def told(result: Mapping[str, Any] | None) -> str:
    """Give the sentences of the error that a command said, if it said one."""
    error = (result or {}).get("error")
    if not isinstance(error, dict):
        return ""
    parts = [f"{error.get('code', '')} {error.get('sentence', '')}".strip()]
    parts += [f"kept: {error['kept']}"] if error.get("kept") else []
    parts += [f"next: {error['next']}"] if error.get("next") else []
    return "\n".join(parts)


def last_word(code: int, tail: Sequence[str]) -> str:
    """Explain the end of a command that said no error, by the last line of its log."""
    if code == 0:
        return "the step ended well but printed no JSON object"
    how = f"signal {-code}" if code < 0 else f"exit code {code}"
    last = next((line for line in reversed(tail) if line.strip()), "no word on stderr")
    return f"{how}: {readable(last)}"


def readable(line: str) -> str:
    """Turn one line of the log, a JSON object or plain text, into a line for people."""
    entry = parsed(line)
    if entry is None or "event" not in entry:
        return plain(line)
    facts = (f"{k}={v}" for k, v in entry.items() if k not in {"event", "timestamp", "level", "room"})
    return plain(" ".join([str(entry["event"]), *facts]))


def parsed(text: str | bytes) -> dict[str, Any] | None:
    """Give the JSON object of a text, or nothing where it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
