"""What a server is told by its variables; one that is told too little does not start."""

import sys
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

LEAST_PASSWORD = 12
"""Characters of a password, as many as MLflow asks for."""
USAGE = 64
"""Exit code of a server that would be refused again, sysexits.h EX_USAGE."""

_Kind = TypeVar("_Kind", bound=BaseModel)


def names(text: str) -> list[str]:
    """Give the hosts of a list between commas.

    Raises:
        ValueError: There is none, or one stands for many.
    """
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found or any("*" in name for name in found):
        raise ValueError("must name each host, with its port where that is not the usual one, and no *")
    return found


def told(kind: type[_Kind], variables: dict[str, Any]) -> _Kind:
    """Read the variables of a server, or end this process with a sentence that holds no secret.

    Args:
        kind: What the server must be told; the aliases are the variables.
        variables: Names and values.
    """
    try:
        return kind.model_validate(variables)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        said = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in faults)
        sys.stderr.write(f"nightlabel: the server does not start: {said}; see servers/README.md\n")
        sys.exit(USAGE)
