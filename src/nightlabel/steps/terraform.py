"""A place that Terraform made: its output ``nightlabel`` holds the settings, each without its prefix."""

import json
import sys
from pathlib import Path
from typing import Any

from nightlabel.errors import RefusedError
from nightlabel.settings import PREFIX, read

OUTPUT = "nightlabel"
"""Name of the output."""

_ASK = "terraform output -json | nightlabel doctor --from-terraform -"


def variables(source: str) -> dict[str, str]:
    """Read what ``terraform output -json`` says of the place.

    Args:
        source: Path of a file; ``-`` is the standard input.

    Returns:
        The ``NIGHTLABEL_`` variables of the place, allowed ones all.

    Raises:
        RefusedError: ``NL-S007``, that is no such output; ``NL-S001``, a setting in it is not allowed.
    """
    told = {f"{PREFIX}{name.upper()}": str(value) for name, value in _output(_text(source)).items()}
    read(told)
    return told


def _text(source: str) -> str:
    if source == "-":
        return sys.stdin.read()
    try:
        return Path(source).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise _refused(f"{source!r} cannot be read: {error}") from error


def _output(text: str) -> dict[str, str | int]:
    try:
        said: Any = json.loads(text)
    except ValueError as error:
        raise _refused(f"what Terraform said is no JSON: {error}") from error
    output = said.get(OUTPUT) if isinstance(said, dict) else None
    settings = output.get("value") if isinstance(output, dict) else None
    if not isinstance(settings, dict) or not settings:
        raise _refused(f"Terraform has no output {OUTPUT!r} with settings")
    if odd := [name for name, value in settings.items() if not isinstance(value, str | int)]:
        raise _refused(f"the output {OUTPUT!r} holds more than words and numbers: {', '.join(odd)}")
    return settings


def _refused(sentence: str) -> RefusedError:
    return RefusedError(sentence, code="NL-S007", kept="everything", advice=_ASK)
