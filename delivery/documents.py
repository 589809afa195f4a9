"""Check the documents, and nothing that needs the packages of the project."""

import re
import sys
import tempfile
import venv
from pathlib import Path

from delivery.runner import ROOT, call, main

TESTS = "tests/test_documents.py"
NEEDS_PACKAGES = "every_command"


def pinned(name: str) -> str:
    """Give a package with its pinned version."""
    found = re.search(rf"^{name}==\S+", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    return found[0] if found else name


def work() -> None:
    """Run the tests of the documents in an environment of their own."""
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        python = Path(scratch) / "bin" / "python"
        call([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", pinned("pytest")])
        words: list[str | Path] = [
            "-m",
            "pytest",
            "-q",
            "-c",
            "/dev/null",
            "--rootdir",
            ROOT,
            "--noconftest",
            TESTS,
        ]
        sys.stdout.write(call([str(python), *words, "-p", "no:cacheprovider", "-k", f"not {NEEDS_PACKAGES}"]))


if __name__ == "__main__":
    main(work)
