"""bandit on our Python, zizmor on our workflows, hadolint on the Dockerfile.

Words inside a file that would switch a rule off are not heard: exemptions stand in one place.
"""

import sys
from pathlib import Path
from typing import Any

from gates.findings import ROOT, Finding, GateError
from gates.run import answer, files, tool

PYTHON = tuple(
    f"{name}/*.py" for name in ("src", "plugins", "dags", "demo", "compose", "delivery", "gates", "servers")
)


def bandit(root: Path = ROOT) -> list[Finding]:
    """Look for dangerous calls."""
    seen = [name for name in files(*PYTHON, "scripts/*", root=root) if _is_python(root / name)]
    if not seen:
        raise GateError("no Python was found for bandit")
    words = ["--quiet", "--ignore-nosec", "--format=json"]
    found = answer([tool("bandit"), *words, *seen], (0, 1), root)
    unread = [Finding("bandit", "unread", _path(e["filename"]), 0, e["reason"]) for e in found["errors"]]
    return unread + [_of_bandit(one) for one in found["results"]]


def zizmor(root: Path = ROOT) -> list[Finding]:
    """Look for workflows and actions that do what a stranger says."""
    seen = files(
        ".github/workflows/*.yml", ".github/workflows/*.yaml", "*action.yml", "*action.yaml", root=root
    )
    if not seen:
        return []
    words = ["--offline", "--no-progress", "--quiet", "--no-config", "--no-exit-codes", "--format=json-v1"]
    found = answer([tool("zizmor"), *words, *seen], folder=root)
    return [_of_zizmor(one) for one in found] + _switched_off(root, seen, "zizmor", "zizmor: ignore")


def hadolint(root: Path = ROOT) -> list[Finding]:
    """Look for what makes an image that is shipped large, root or another one tomorrow."""
    seen = files("*Dockerfile", ":!tests/*", root=root)
    if not seen:
        raise GateError("no Dockerfile was found for hadolint")
    program = Path(sys.executable).with_name("hadolint")
    found = answer([program, "--no-fail", "--disable-ignore-pragma", "--format=json", *seen], folder=root)
    return [Finding("hadolint", one["code"], one["file"], one["line"], one["message"]) for one in found]


def _of_bandit(found: dict[str, Any]) -> Finding:
    said = f"{found['issue_severity']}: {found['issue_text']}"
    return Finding("bandit", found["test_id"], _path(found["filename"]), found["line_number"], said)


def _path(told: str) -> str:
    return told.removeprefix("./")


def _of_zizmor(found: dict[str, Any]) -> Finding:
    where = next(
        (p for p in found["locations"] if p["symbolic"].get("kind") == "Primary"), found["locations"][0]
    )
    path = where["symbolic"]["key"]["Local"]["verbatim_path"]
    line = where["concrete"]["location"]["start_point"]["row"] + 1
    return Finding(
        "zizmor", found["ident"], path, line, f"{found['determinations']['severity']}: {found['desc']}"
    )


def _switched_off(root: Path, names: list[str], gate: str, word: str) -> list[Finding]:
    lines = [
        (name, n, line)
        for name in names
        for n, line in enumerate((root / name).read_text("utf-8").splitlines(), 1)
    ]
    said = "a rule is switched off here, and not in gates/exemptions.toml"
    return [Finding(gate, "switched-off", name, n, said) for name, n, line in lines if word in line]


def _is_python(path: Path) -> bool:
    if path.suffix:
        return path.suffix == ".py"
    with path.open("rb") as file:
        return b"python" in file.readline()
