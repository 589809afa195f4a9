"""The forge of a laptop: a bare git repository, its pull requests as Markdown files beside its branches."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from nightlabel import log
from nightlabel.errors import RefusedError
from nightlabel.propose import flow
from nightlabel.propose.forge import Change, Proposal, State, check_paths, is_rival, superseded_by
from nightlabel.propose.git import MACHINE, Git
from nightlabel.propose.pulls import FOLDER, Pull, Pulls

LONGEST_NAME = 80
_FILE_MODES = ("100644", "100755")


@dataclass(frozen=True, slots=True)
class LocalForge:
    """A bare git repository on this machine.

    Attributes:
        repository: Path of the bare repository.
        target: Branch that proposals ask to be merged into.
    """

    repository: Path
    target: str = "main"

    @property
    def git(self) -> Git:
        """The repository's plumbing."""
        return Git(self.repository)

    @property
    def pulls(self) -> Pulls:
        """The repository's pull requests."""
        return Pulls(self.repository / FOLDER)

    def read(self, path: str) -> bytes | None:
        """Give the content of a file on the target branch; see ``Forge.read``."""
        tip = self.tip(self.target)
        entry = self.git.entry(tip, path) if tip else None
        if entry is None or entry[0] not in _FILE_MODES:
            return None
        return self.git.run("cat-file", "blob", entry[1])

    def propose(self, change: Change) -> Proposal:
        """Bring the repository to hold one open proposal of this change; see ``Forge.propose``."""
        proposal = flow.propose(self, change, self.target)
        log.get("propose").info(
            "proposed", url=proposal.url, branch=proposal.branch, created=proposal.created
        )
        return proposal

    def proposal(self, branch: str) -> Proposal | None:
        """Give the newest proposal of a branch; see ``Forge.proposal``."""
        return self.newest(branch)

    def merge(self, proposal: Proposal, by: str) -> str:
        """Say yes: merge a proposal into the target branch by a merge commit in the person's name.

        Args:
            proposal: The proposal that the person read; a newer commit on its branch is not merged.
            by: Name of the person.

        Returns:
            SHA of the merge commit. A proposal that was merged already gives the commit that did it.

        Raises:
            RefusedError: ``NL-F007``, the proposal or the target branch changed meanwhile, or it is closed.
        """
        person = _person(by)
        with self.pulls.locked():
            pull = self.pulls.get(proposal.number)
            if pull.state == "merged":
                return pull.merge_commit
            if pull.state == "closed":
                raise _stale("it is closed", proposal)
            if self.tip(pull.branch) != proposal.commit:
                raise _stale("its branch has another commit than the one that was read", proposal)
            commit = self._merged(pull, person, proposal)
            self.pulls.write(_decided(pull, "merged", person, merge_commit=commit))
        return commit

    def close(self, proposal: Proposal, by: str) -> None:
        """Say no: close a proposal and leave the target branch as it is.

        Raises:
            RefusedError: ``NL-F007``, it is merged already.
        """
        person = _person(by)
        with self.pulls.locked():
            pull = self.pulls.get(proposal.number)
            if pull.state == "merged":
                raise _stale("it is merged already", proposal)
            self.pulls.write(_decided(pull, "closed", person))

    def tip(self, branch: str) -> str | None:
        """Give the newest commit of a branch."""
        return self.git.tip(f"refs/heads/{branch}")

    def parents(self, commit: str) -> tuple[str, ...]:
        """Give the parents of a commit."""
        return tuple(self.git.line("rev-list", "--parents", "--max-count=1", commit).split()[1:])

    def tree(self, commit: str, files: Mapping[str, bytes] | None = None) -> str:
        """Give the tree of a commit, with some files replaced."""
        return self.git.tree(commit, files or {})

    def commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """Write a commit that no branch holds yet."""
        return self.git.commit(tree, parents, message)

    def move(self, branch: str, old: str | None, new: str) -> bool:
        """Move a branch on, or make it."""
        return self.git.move(f"refs/heads/{branch}", old, new)

    def newest(self, branch: str) -> Proposal | None:
        """Give the newest proposal of a branch."""
        pull = self.pulls.newest(branch)
        return self._seen(pull) if pull else None

    def open(self, change: Change, commit: str) -> Proposal | None:
        """Open a proposal; nothing where someone else opened one meanwhile."""
        with self.pulls.locked():
            standing = self.pulls.all()
            if any(pull.branch == change.branch and pull.state == "open" for pull in standing):
                return None
            pull = Pull(
                number=max((pull.number for pull in standing), default=0) + 1,
                state="open",
                branch=change.branch,
                base=change.base,
                commit=commit,
                title=change.title,
                opened=_now(),
                body=change.body,
            )
            self.pulls.write(pull)
        return replace(self._seen(pull), created=True)

    def update(self, proposal: Proposal, change: Change, commit: str) -> bool:
        """Bring the texts of an open proposal up to date; tells whether it still is open."""
        with self.pulls.locked():
            pull = self.pulls.get(proposal.number)
            if pull.state == "open":
                self.pulls.write(replace(pull, title=change.title, body=change.body, commit=commit))
        return pull.state == "open"

    def rivals(self, branch: str) -> list[Proposal]:
        """Give the open proposals of the same use case on other branches."""
        standing = self.pulls.all()
        return [self._seen(p) for p in standing if p.state == "open" and is_rival(branch, p.branch)]

    def supersede(self, older: Proposal, newer: Proposal) -> None:
        """Close an older proposal, if it is still open, with a word that names the newer one."""
        with self.pulls.locked():
            pull = self.pulls.get(older.number)
            if pull.state == "open":
                closed = _decided(pull, "closed", MACHINE[0])
                self.pulls.write(replace(closed, reason=superseded_by(newer)))

    def _seen(self, pull: Pull) -> Proposal:
        url = self.pulls.path(pull.number).absolute().as_uri()
        return Proposal(url, pull.number, pull.branch, pull.commit, state=pull.state)

    def _merged(self, pull: Pull, person: str, proposal: Proposal) -> str:
        main, tip = self.git.line("rev-parse", f"refs/heads/{pull.base}"), proposal.commit
        if merged := self._merge_of(tip, main):
            return merged
        paths = self._changed(tip, main, pull, proposal)
        files = {path: self.git.run("cat-file", "blob", f"{tip}:{path}") for path in paths}
        message = (
            f"Merge proposal {pull.number}: {pull.title}\n\nBranch: {pull.branch}\nApproved-by: {person}\n"
        )
        commit = self.git.commit(
            self.tree(main, files), (main, tip), message, who=(person, "person@localhost")
        )
        if not self.move(pull.base, main, commit):
            raise _stale(f"{pull.base} moved in this very moment", proposal)
        return commit

    def _merge_of(self, tip: str, main: str) -> str | None:
        """Find the merge commit of a merge that was cut off before it was written down."""
        between = self.git.line("rev-list", "--merges", "--parents", f"{tip}..{main}").splitlines()
        merges = [commit for commit, *parents in map(str.split, between) if tip in parents[1:]]
        return merges[-1] if merges else None

    def _changed(self, tip: str, main: str, pull: Pull, proposal: Proposal) -> list[str]:
        start = self.git.line("merge-base", main, tip)
        named = self.git.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", start, tip).decode()
        paths = [path for path in named.split("\0") if path]
        check_paths(paths, pull.branch.split("/")[1])
        moved = [path for path in paths if self.git.entry(main, path) != self.git.entry(start, path)]
        if moved:
            raise _stale(f"{pull.base} has another {moved[0]!r} since it was proposed", proposal)
        return paths


def init_from(repository: Path, source: Path | Mapping[str, bytes], target: str = "main") -> LocalForge:
    """Make the bare repository of a laptop, seeded once; one that stands already is left as it is.

    Args:
        repository: Path of the bare repository.
        source: A git checkout, whose ``HEAD`` becomes the target branch; or files by path.
        target: Name of the target branch.

    Raises:
        RefusedError: ``NL-F004``, git refuses, such as for a checkout of another user.
    """
    made = LocalForge(repository, target)
    if (repository / "HEAD").exists() and made.tip(target):
        return made
    repository.parent.mkdir(parents=True, exist_ok=True)
    made.git.run("init", "--quiet", "--bare", "--template=", f"--initial-branch={target}")
    if isinstance(source, Path):
        branch = f"HEAD:refs/heads/{target}"
        made.git.run(
            "fetch", "--quiet", "--no-tags", "--update-shallow", "--", str(source.absolute()), branch,
            environment={"HOME": str(Path.home()), "GIT_CONFIG_GLOBAL": str(Path.home() / ".gitconfig")},
        )  # fmt: skip
    else:
        commit = made.commit(made.git.tree(None, source), (), "Start\n")
        made.move(target, None, commit)
    return made


def _decided(pull: Pull, state: State, person: str, merge_commit: str = "") -> Pull:
    return replace(pull, state=state, decided=_now(), decided_by=person, merge_commit=merge_commit)


def _person(by: str) -> str:
    name = by.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable() or set(name) & set("<>@#"):
        raise RefusedError(
            f"{by[:60]!r} cannot name a person: one line of at most {LONGEST_NAME} characters without <>@#",
            code="NL-H002",
            kept="everything: nothing was decided",
            advice="name a person: --by ann",
        )
    return name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _stale(reason: str, proposal: Proposal) -> RefusedError:
    return RefusedError(
        f"proposal {proposal.number} is not decided: {reason}",
        code="NL-F007",
        kept="the target branch as it was",
        advice="run the step propose again, read the report, decide again",
        proposal=proposal.number,
    )
