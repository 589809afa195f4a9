"""The gates' tools, installed once for all tests; and small projects for the gates to look at."""

import subprocess
from pathlib import Path

import pytest

from gates.findings import ROOT


@pytest.fixture(scope="session", autouse=True)
def _tools():
    done = subprocess.run([ROOT / "scripts" / "gates"], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"the gates' tools are not installed, so no gate was tested: {done.stderr[-800:]}")


class Project:
    """A checkout of its own.

    Attributes:
        root: Its folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str) -> None:
        who = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")
        subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def commit(self, message: str = "A step") -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", f"--message={message}")


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)
