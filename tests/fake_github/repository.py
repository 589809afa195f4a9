"""The git side of the fake: a bare repository, driven by git itself and not by nightlabel's own plumbing."""

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "octocat"), ("EMAIL", "octocat@example.com"))
}


@dataclass(frozen=True)
class Repository:
    """A bare repository with a branch ``main``."""

    path: Path

    @classmethod
    def made(cls, path: Path, files: dict[str, bytes]) -> "Repository":
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", path], check=True)
        repository = cls(path)
        repository.put("main", files, "Start")
        return repository

    def raw(self, *words: str, stdin: bytes = b"", **environment: str) -> bytes:
        command = ["git", "--git-dir", str(self.path), *words]
        place = os.environ | WHO | environment
        return subprocess.run(command, input=stdin, capture_output=True, check=True, env=place).stdout

    def git(self, *words: str, stdin: bytes = b"", **environment: str) -> str:
        return self.raw(*words, stdin=stdin, **environment).decode().removesuffix("\n")

    def sha(self, name: str) -> str | None:
        try:
            return self.git("rev-parse", "--verify", "--quiet", name)
        except subprocess.CalledProcessError:
            return None

    def blob(self, content: bytes) -> str:
        return self.git("hash-object", "-w", "--stdin", stdin=content)

    def tree(self, base: str | None, entries: dict[str, tuple[str, str]]) -> str:
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": f"{scratch}/index"}
            if base:
                self.git("read-tree", base, **index)
            for path, (mode, sha) in entries.items():
                self.git("update-index", "--add", "--cacheinfo", f"{mode},{sha},{path}", **index)
            return self.git("write-tree", **index)

    def commit(self, tree: str, parents: list[str], message: str) -> str:
        named = [word for parent in parents for word in ("-p", parent)]
        return self.git("commit-tree", tree, *named, stdin=message.encode())

    def put(self, branch: str, files: dict[str, bytes], message: str) -> str:
        """Write files on a branch, as a person would."""
        tip = self.sha(f"refs/heads/{branch}")
        entries = {path: ("100644", self.blob(content)) for path, content in files.items()}
        commit = self.commit(self.tree(tip, entries), [tip] if tip else [], message)
        self.git("update-ref", f"refs/heads/{branch}", commit)
        return commit

    def file(self, branch: str, path: str) -> bytes:
        return self.raw("cat-file", "blob", f"refs/heads/{branch}:{path}")

    def changed(self, branch: str, base: str = "main") -> list[str]:
        """Give the paths that a pull request of the branch would show."""
        return self.git("diff", "--name-only", f"{base}...{branch}").split()

    def holds(self, ancestor: str, commit: str) -> bool:
        return self.git("merge-base", ancestor, commit) == ancestor
