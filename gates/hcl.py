"""Print Terraform files as JSON; run by the Python of the tools' environment, which has the parser.

For each folder that is named: its blocks, with file and line. ``jsonencode(...)`` is read as the data in it.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import hcl2
from hcl2 import SerializationOptions

PLAIN = SerializationOptions(strip_string_quotes=True, explicit_blocks=False, preserve_heredocs=False)
ENCODED = re.compile(r"\$\{jsonencode\((.*)\)\}", re.DOTALL)


def main(folders: list[str]) -> None:
    """Print one object: folder to kind of block to blocks."""
    print(json.dumps({folder: blocks(Path(folder)) for folder in folders}))


def blocks(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read all files of a folder; the values of ``*.tfvars`` stand under ``given``."""
    found: dict[str, list[dict[str, Any]]] = {"given": []}
    for path in sorted(folder.glob("*.tf")):
        text = path.read_text("utf-8")
        for kind, entries in hcl2.loads(text, serialization_options=PLAIN).items():
            told = [{"file": path.name, "line": line(text, kind, e), "block": decoded(e)} for e in entries]
            found.setdefault(kind, []).extend(told)
    for path in sorted([*folder.glob("terraform.tfvars"), *folder.glob("*.auto.tfvars")]):
        found["given"].append(decoded(hcl2.loads(path.read_text("utf-8"), serialization_options=PLAIN)))
    return found


def line(text: str, kind: str, block: dict[str, Any]) -> int:
    """Give the line that a block begins in, from 1; 0 for a block without names."""
    names = []
    while len(block) == 1 and isinstance(inner := next(iter(block.values())), dict):
        names.append(next(iter(block)))
        block = inner
    names = names[: 2 if kind in {"resource", "data"} else 1]
    head = r"\s+".join([kind, *(f'"{re.escape(name)}"' for name in names)])
    found = re.search(rf"^\s*{head}", text, re.MULTILINE) if names else None
    return text.count("\n", 0, found.end()) + 1 if found else 0


def decoded(value: Any) -> Any:
    """Read ``jsonencode(...)`` inside a value as data."""
    if isinstance(value, dict):
        return {key: decoded(one) for key, one in value.items()}
    if isinstance(value, list):
        return [decoded(one) for one in value]
    if isinstance(value, str) and (match := ENCODED.fullmatch(value.strip())):
        return decoded(hcl2.loads(f"x = {match[1]}\n", serialization_options=PLAIN)["x"])
    return value


if __name__ == "__main__":
    main(sys.argv[1:])
