"""Git plumbing on a bare repository: no working tree, no hooks, nothing of the person's settings."""

import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from nightlabel.errors import RefusedError, UnavailableError

SECONDS = 120
NOBODY = "0" * 40
"""The SHA that says: there is no such branch yet."""
CLEAN = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/nonexistent",
    "LC_ALL": "C",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_LITERAL_PATHSPECS": "1",
}
"""The whole environment of a git command: nothing of the person's settings, and no question asked."""
MACHINE = ("nightlabel", "nightlabel@localhost")


@dataclass(frozen=True, slots=True)
class Git:
    """One bare repository."""

    repository: Path

    def run(self, *words: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """Run one git command.

        Args:
            words: The command and its arguments.
            stdin: Bytes for its standard input.
            environment: Further variables, such as ``GIT_INDEX_FILE``.

        Returns:
            Its standard output.

        Raises:
            RefusedError: ``NL-F004``, there is no git, or it refuses.
            UnavailableError: ``NL-F001``, git did not end in time.
        """
        command = [_program(), "--git-dir", str(self.repository), "-c", "core.hooksPath=/dev/null", *words]
        try:
            done = subprocess.run(  # noqa: S603 - an argument list, no shell; names are checked before
                command,
                input=stdin,
                capture_output=True,
                timeout=SECONDS,
                env=CLEAN | dict(environment or {}),
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise UnavailableError(
                f"git {words[0]} did not end within {SECONDS} seconds",
                code="NL-F001",
                kept="the results of the run, and the repository as git left it",
                advice="run the step again",
            ) from None
        if done.returncode:
            raise _refused(words[0], self.repository, done.stderr)
        return done.stdout

    def line(self, *words: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        """Run one git command that answers with one line."""
        return self.run(*words, stdin=stdin, environment=environment).decode().strip()

    def tip(self, ref: str) -> str | None:
        """Give the commit that a branch or tag names, or nothing where there is none."""
        found = self.line("for-each-ref", "--format=%(objectname) %(refname)", "--", ref)
        pairs = (line.split(" ", 1) for line in found.splitlines())
        return next((sha for sha, name in pairs if name == ref), None)

    def entry(self, commit: str, path: str) -> tuple[str, str] | None:
        """Give mode and SHA of what stands at a path of a commit, or nothing."""
        found = self.run("ls-tree", "-z", "--full-tree", commit, "--", path).decode().rstrip("\0")
        if not found:
            return None
        mode, _, sha = found.partition("\t")[0].split(" ")
        return mode, sha

    def tree(self, commit: str | None, files: Mapping[str, bytes]) -> str:
        """Write the tree of a commit, or an empty one, with some files replaced."""
        with tempfile.TemporaryDirectory() as scratch:
            index = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}
            if commit:
                self.run("read-tree", commit, environment=index)
            for path, content in files.items():
                sha = self.line("hash-object", "-w", "--stdin", stdin=content)
                self.run("update-index", "--add", "--cacheinfo", f"100644,{sha},{path}", environment=index)
            return self.line("write-tree", environment=index)

    def commit(
        self, tree: str, parents: tuple[str, ...], message: str, *, who: tuple[str, str] = MACHINE
    ) -> str:
        """Write a commit by a person, name and address."""
        name, mail = who
        people = {
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", name), ("EMAIL", mail))
        }
        named = [word for parent in parents for word in ("-p", parent)]
        return self.line("commit-tree", tree, *named, stdin=message.encode(), environment=people)

    def move(self, ref: str, old: str | None, new: str) -> bool:
        """Move a branch on if it still is where it was; tells whether it did."""
        try:
            self.run("update-ref", "--", ref, new, old or NOBODY)
        except RefusedError as error:
            if "cannot lock ref" in error.sentence:
                return False
            raise
        return True


def _program() -> str:
    program = shutil.which("git")
    if program is None:
        raise RefusedError(
            "there is no git on this machine",
            code="NL-F004",
            kept="everything: nothing was begun",
            advice="install git 2.28 or newer",
        )
    return program


def _refused(command: str, repository: Path, stderr: bytes) -> RefusedError:
    said = stderr.decode(errors="replace").strip().partition("\n")[0]
    return RefusedError(
        f"git cannot {command} in {repository}: {said[:300] or 'it gives no reason'}",
        code="NL-F004",
        kept="all branches as they were",
        advice="check that NIGHTLABEL_FORGE_REPOSITORY names a bare git repository that you may write",
    )
