"""detect-secrets on the files of today and on every version of every file that git holds.

Nothing is asked of any service: a secret that were sent somewhere to be verified would be out.
"""

import hashlib
import io
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gates.findings import ROOT, Finding, GateError
from gates.run import answer, files, output, tool

KEY = 8
"""Characters of a secret's SHA-1 that name it; so few that they do not look like a secret themselves."""

LOCKED = r"^\s+--hash=sha256:[0-9a-f]{64}( \\)?$"
"""Lines of locks: digests of packages that anybody may read."""

HISTORY, MESSAGES = "history", "messages of commits"


def secrets(root: Path = ROOT) -> list[Finding]:
    """Look for secrets in the tree, in every version that git holds, and in the messages of commits.

    Raises:
        GateError: The history is not all here.
    """
    with tempfile.TemporaryDirectory() as place:
        today = _tree(root, Path(place, "tree"))
        if not today:
            raise GateError("no file was found for detect-secrets")
        _history(root, Path(place, HISTORY), today)
        return sorted(_scan(Path(place)))


def _tree(root: Path, place: Path) -> set[tuple[str, str]]:
    """Copy the files of today; gives each one's digest and path, as git names them."""
    found = set()
    for name in files(root=root):
        data = (root / name).read_bytes()
        _write(place / name, data)
        found.add((hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest(), name))
    return found


def _history(root: Path, place: Path, known: set[tuple[str, str]]) -> None:
    """Write out every version of every file, but for those that are known, and all messages."""
    if output(["git", "rev-parse", "--is-shallow-repository"], folder=root).strip() != "false":
        raise GateError("only a part of the history is here; first: git fetch --unshallow")
    listed = output(["git", "rev-list", "--all", "--objects", "--filter=object:type=blob"], folder=root)
    named = {(blob, path) for blob, _, path in (line.partition(" ") for line in listed.splitlines()) if path}
    for (blob, path), data in _contents(root, sorted(named - known)):
        _write(place / blob / path, data)
    said = output(["git", "log", "--all", "--format=%an%n%ae%n%B"], folder=root)
    _write(place / "all" / MESSAGES, said.encode())


def _contents(root: Path, blobs: list[tuple[str, str]]) -> Iterator[tuple[tuple[str, str], bytes]]:
    """Read blobs in one go of git."""
    asked = "".join(f"{blob}\n" for blob, _ in blobs).encode()
    done = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=root, input=asked, capture_output=True, check=True
    )
    stream = io.BytesIO(done.stdout)
    for which in blobs:
        size = int(stream.readline().split()[2])
        yield which, stream.read(size)
        stream.readline()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _scan(place: Path) -> set[Finding]:
    """Scan ``tree/path`` and ``history/blob/path``; each secret of a file is told once, by today's line."""
    options = ["--all-files", "--no-verify", "--exclude-lines", LOCKED]
    options += ["--disable-filter", "detect_secrets.filters.allowlist.is_line_allowlisted"]
    found = answer([tool("detect-secrets"), "-c", "2", "scan", *options, "."], folder=place)["results"]
    every = [_told(where, one) for where in sorted(found) for one in found[where]]
    return set({(f.path, f.rule, f.key): f for f in every}.values())


def _told(where: str, one: dict[str, Any]) -> Finding:
    kind, _, path = where.partition("/")
    key = one["hashed_secret"][:KEY]
    if kind == HISTORY:
        past = path.partition("/")[2]
        return Finding("secrets", one["type"], past, 0, "looks like a secret, in the history", key)
    return Finding("secrets", one["type"], path, one["line_number"], "looks like a secret", key)
