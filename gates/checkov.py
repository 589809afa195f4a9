"""checkov on the Dockerfile, the Kubernetes manifests and Terraform.

A check may be skipped by a comment at its resource, as checkov has it, with a reason; one without is refused.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from gates.findings import ROOT, Finding, GateError
from gates.run import files, output, tool

FOLDERS = ("inference_image", "terraform", "servers")
KINDS = ("dockerfile", "kubernetes", "terraform")
CHECKED = ("*Dockerfile", "*.yaml", "*.yml", "*.tf")
SKIP = re.compile(r"checkov(?::skip=|\.io/skip\d*:\s*)(\w*)[:=]?(.*)")
REASON = 20
"""Characters that a reason has at least."""


def checkov(root: Path = ROOT, folders: Iterable[str] = FOLDERS) -> list[Finding]:
    """Look through folders, and for checks that are skipped without a reason.

    Args:
        root: The project.
        folders: Of the project; those that are not there are left out.

    Raises:
        GateError: It saw nothing, or could not read a file.
    """
    there = [name for name in folders if files(*(f"{name}/{kind}" for kind in CHECKED), root=root)]
    if not there:
        raise GateError("no file was found for checkov")
    words = ["--skip-download", "--compact", "--quiet", "--soft-fail", "--output=json"]
    words += [word for name in there for word in ("--directory", name)]
    reports = _documents(output([tool("checkov", "checkov"), *words, "--framework", *KINDS], folder=root))
    if not any(_seen(report) for report in reports):
        raise GateError(f"checkov saw nothing in {', '.join(there)}")
    found = {finding for report in reports for finding in _of(report, root, there)}
    seen = files(*(f"{name}/{kind}" for name in there for kind in CHECKED), root=root)
    return sorted(found | {one for name in seen for one in _silent(name, (root / name).read_text("utf-8"))})


def _silent(path: str, text: str) -> Iterator[Finding]:
    """Find skips that do not say why."""
    for number, line in enumerate(text.splitlines(), 1):
        if (found := SKIP.search(line)) and len(found[2].strip()) < REASON:
            yield Finding("checkov", "silent-skip", path, number, f"{found[1]} is skipped without a reason")


def _documents(text: str) -> list[dict[str, Any]]:
    """Read the JSON documents, one for each folder, that stand one after the other."""
    found, text = [], text.strip()
    while text:
        one, end = json.JSONDecoder().raw_decode(text)
        found += one if isinstance(one, list) else [one]
        text = text[end:].strip()
    return found


def _seen(report: dict[str, Any]) -> int:
    counts = report.get("summary", report)
    return int(counts["passed"]) + int(counts["failed"])


def _of(report: dict[str, Any], root: Path, folders: list[str]) -> Iterator[Finding]:
    results = report.get("results", {})
    for one in results.get("failed_checks", []):
        said = f"{one['check_name']} ({one['resource']})"
        line = one["file_line_range"][0]
        yield Finding("checkov", one["check_id"], _path(one, root, folders), line, said)
    for path in results.get("parsing_errors", []):
        yield Finding("checkov", "unread", str(path), 0, "checkov could not read this file")


def _path(one: dict[str, Any], root: Path, folders: list[str]) -> str:
    """Give the file of a finding; of manifests checkov names the folder twice."""
    told = [
        Path(one["file_abs_path"]),
        *(root / name / one["file_path"].lstrip("/") for name in ["", *folders]),
    ]
    there = next((path for path in told if path.exists()), told[0])
    return str(there.resolve().relative_to(root.resolve()))
