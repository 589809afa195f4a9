"""The forge of a team: GitHub, through its REST API."""

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from github import GithubException, InputGitTreeElement, UnknownObjectException
from github.ContentFile import ContentFile
from github.GitBlob import GitBlob
from github.GitCommit import GitCommit
from github.GitObject import GitObject
from github.GitTree import GitTree
from github.PullRequest import PullRequest

from nightlabel import log
from nightlabel.errors import RefusedError
from nightlabel.propose import flow
from nightlabel.propose.client import (
    READ_CONTENTS,
    READ_PULLS,
    UNAUTHORIZED,
    WRITE_CONTENTS,
    WRITE_PULLS,
    Client,
    StrangeError,
    connect,
    refusal,
    said,
)
from nightlabel.propose.forge import Change, Proposal, State, is_rival, superseded_by
from nightlabel.propose.patience import Patience
from nightlabel.settings import Settings

T = TypeVar("T")
Made = TypeVar("Made", GitCommit, GitTree)
WRITE_GAP = 1.0
"""Seconds between two writes, as GitHub's documentation asks for."""
UNPROCESSABLE = 422
UNCHECKED = "github-actions[bot]"
"""Author of what a workflow's own token opens: GitHub starts no checks on that."""

_OUTRUN = re.compile(r"already exists|not a fast.forward|does not exist", re.IGNORECASE)


class GitHubForge:
    """One repository on GitHub.

    Args:
        place: Settings with address, repository, target branch and credentials.
        patience: Makes the patience of each conversation.
        gap: Seconds between two writes.
    """

    def __init__(
        self, place: Settings, *, patience: Callable[[], Patience] = Patience, gap: float = WRITE_GAP
    ) -> None:
        self._place, self._patience, self._gap = place, patience, gap

    def read(self, path: str) -> bytes | None:
        """Give the content of a file on the target branch; see ``Forge.read``."""
        return self._talk(lambda hub: hub.read(path))

    def propose(self, change: Change) -> Proposal:
        """Bring GitHub to hold one open pull request of this change; see ``Forge.propose``."""
        proposal = self._talk(lambda hub: flow.propose(hub, change, self._place.forge_branch))
        report = log.get("propose").warning if proposal.warning else log.get("propose").info
        report("proposed", url=proposal.url, created=proposal.created, warning=proposal.warning)
        return proposal

    def proposal(self, branch: str) -> Proposal | None:
        """Give the newest pull request of a branch; see ``Forge.proposal``."""
        return self._talk(lambda hub: hub.newest(branch))

    def _talk(self, about: Callable[["Hub"], T]) -> T:
        """Talk with fresh credentials; once more where an App's token is not, or no longer, known."""
        patience = self._patience()
        try:
            return about(self._hub(patience))
        except RefusedError as error:
            if error.facts.get("status") != UNAUTHORIZED or not self._place.github_app_id:
                raise
            return about(self._hub(patience))

    def _hub(self, patience: Patience) -> "Hub":
        client = connect(self._place, patience, self._gap)
        return Hub(client, self._place.forge_repository, self._place.forge_branch)


@dataclass(frozen=True, slots=True)
class Hub:
    """One conversation about proposals.

    Attributes:
        client: Asks and waits.
        name: The repository, ``owner/name``.
        target: Branch that proposals ask to be merged into.
    """

    client: Client
    name: str
    target: str
    _commits: dict[str, GitCommit] = field(default_factory=dict)
    _trees: dict[str, GitTree] = field(default_factory=dict)
    _pulls: dict[int, PullRequest] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        """Give the content of a file on the target branch."""
        what, repository = f"read {path!r}", self.client.repository
        with _told(what):
            found = self._found(what, lambda: repository.get_contents(path, ref=self.target))
            if not isinstance(found, ContentFile) or found.type != "file":
                return None
            return found.decoded_content

    def tip(self, branch: str) -> str | None:
        """Give the newest commit of a branch."""
        what, repository = f"read the branch {branch!r}", self.client.repository
        with _told(what):
            return self._found(what, lambda: _sha(repository.get_git_ref(f"heads/{branch}").object))

    def parents(self, commit: str) -> tuple[str, ...]:
        """Give the parents of a commit."""
        return tuple(parent.sha for parent in self._commit(commit).parents)

    def tree(self, commit: str, files: Mapping[str, bytes] | None = None) -> str:
        """Give the tree of a commit, with some files replaced."""
        start = self._commit(commit).tree
        if not files:
            return _sha(start)
        what, create = "write the tree", self.client.repository.create_git_tree
        entries = [
            InputGitTreeElement(path, "100644", "blob", sha=self._blob(content))
            for path, content in files.items()
        ]
        with _told(what):
            made = self.client.ask(what, WRITE_CONTENTS, lambda: _whole(create(entries, base_tree=start)))
        self._trees[made.sha] = made
        return made.sha

    def commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """Write a commit that no branch holds yet."""
        what, create = "write the commit", self.client.repository.create_git_commit
        ancestors = [self._commit(parent) for parent in parents]
        with _told(what):
            made = self.client.ask(
                what, WRITE_CONTENTS, lambda: _whole(create(message, self._trees[tree], ancestors))
            )
        return made.sha

    def move(self, branch: str, old: str | None, new: str) -> bool:
        """Move a branch on, or make it; GitHub refuses what is not a growth of the branch."""
        repository = self.client.repository

        def ask() -> None:
            if old is None:
                _sha(repository.create_git_ref(f"refs/heads/{branch}", new).object)
            else:
                standing = repository.get_git_ref(f"heads/{branch}")
                _sha(standing.object)  # loads it: an unloaded reference is written to the address for reading
                standing.edit(new, force=False)

        what = f"move the branch {branch!r}"
        with _told(what):
            try:
                self.client.ask(what, WRITE_CONTENTS, ask)
            except GithubException as error:
                if error.status != UNPROCESSABLE or not _OUTRUN.search(said(error)):
                    raise
                return self.tip(branch) == new  # ours, its reply lost; or someone else was faster
        return True

    def newest(self, branch: str) -> Proposal | None:
        """Give the newest pull request of a branch."""
        what, owner = "list the pull requests", self.name.split("/")[0]

        def ask() -> PullRequest | None:
            listed = self.client.repository.get_pulls(
                state="all", head=f"{owner}:{branch}", base=self.target, sort="created", direction="desc"
            )
            try:  # GitHub ignores a filter that it does not like, so that each one is looked at
                return next((p for p in listed if p.head.ref == branch and self._is_ours(p)), None)
            except TypeError:  # what PyGithub makes of a page that is no list
                raise StrangeError from None

        with _told(what):
            pull = self.client.ask(what, READ_PULLS, ask)
        return self._seen(pull) if pull else None

    def open(self, change: Change, commit: str) -> Proposal | None:
        """Open a pull request; nothing where someone else opened one meanwhile."""
        what, create = "open the pull request", self.client.repository.create_pull

        def ask() -> PullRequest:
            made = create(change.base, change.branch, title=change.title, body=change.body)
            if not made.number:
                raise StrangeError
            return made

        with _told(what):
            try:
                pull = self.client.ask(what, WRITE_PULLS, ask)
            except GithubException as error:
                if error.status == UNPROCESSABLE and "already exists" in said(error):
                    return None
                raise
        return replace(self._seen(pull), commit=commit, created=True)

    def update(self, proposal: Proposal, change: Change, commit: str) -> bool:
        """Bring the texts of an open pull request up to date; tells whether it still is open."""
        del commit  # GitHub follows the branch by itself
        pull, what = self._pulls[proposal.number], "update the pull request"
        if (pull.title, _unix(pull.body)) != (change.title, _unix(change.body)):
            with _told(what):
                edit = lambda: pull.edit(title=change.title, body=change.body)  # noqa: E731 - may run again
                self.client.ask(what, WRITE_PULLS, edit)
        return pull.state == "open"

    def rivals(self, branch: str) -> list[Proposal]:
        """Give the open pull requests of the same use case on other branches."""
        what = "list the open pull requests"

        def ask() -> list[PullRequest]:
            listed = self.client.repository.get_pulls(state="open", base=self.target)
            try:
                return [p for p in listed if is_rival(branch, p.head.ref) and self._is_ours(p)]
            except TypeError:
                raise StrangeError from None

        with _told(what):
            return [self._seen(pull) for pull in self.client.ask(what, READ_PULLS, ask)]

    def supersede(self, older: Proposal, newer: Proposal) -> None:
        """Close an older pull request with a comment that names the newer one, said once."""
        pull, what, words = self._pulls[older.number], "close the older pull request", superseded_by(newer)

        def comment() -> None:
            try:
                said_before = any(comment.body == words for comment in pull.get_issue_comments())
            except TypeError:
                raise StrangeError from None
            if not said_before and pull.create_issue_comment(words).body != words:
                raise StrangeError

        with _told(what):
            self.client.ask(what, WRITE_PULLS, comment)
            self.client.ask(what, WRITE_PULLS, lambda: pull.edit(state="closed"))

    def _seen(self, pull: PullRequest) -> Proposal:
        self._pulls[pull.number] = pull
        state: State = "merged" if pull.merged_at else "open" if pull.state == "open" else "closed"
        return Proposal(
            pull.html_url, pull.number, pull.head.ref, pull.head.sha, False, state, _warning(pull)
        )

    def _is_ours(self, pull: PullRequest) -> bool:
        repository = pull.head.repo
        return repository is not None and repository.full_name.lower() == self.name.lower()

    def _commit(self, sha: str) -> GitCommit:
        what, repository = "read a commit", self.client.repository

        def ask() -> GitCommit:
            commit = repository.get_git_commit(sha)
            _sha(commit.tree)  # loads it
            return commit

        if sha not in self._commits:
            with _told(what):
                self._commits[sha] = self.client.ask(what, READ_CONTENTS, ask)
        return self._commits[sha]

    def _blob(self, content: bytes) -> str:
        what, create = "write a file", self.client.repository.create_git_blob
        text = base64.b64encode(content).decode()
        with _told(what):
            return self.client.ask(what, WRITE_CONTENTS, lambda: _sha(create(text, "base64")))

    def _found(self, what: str, call: Callable[[], T]) -> T | None:
        try:
            return self.client.ask(what, READ_CONTENTS, call)
        except UnknownObjectException:
            return None


@contextmanager
def _told(what: str) -> Iterator[None]:
    try:
        yield
    except GithubException as error:
        raise refusal(what, error) from None


def _sha(thing: GitCommit | GitTree | GitBlob | GitObject | None) -> str:
    sha = thing.sha if thing else None
    if not sha or not re.fullmatch(r"[0-9a-f]{40}", sha):
        raise StrangeError
    return sha


def _whole(thing: Made) -> Made:
    _sha(thing)
    return thing


def _unix(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").rstrip()


def _warning(pull: PullRequest) -> str:
    if pull.user.login != UNCHECKED:
        return ""
    return (
        "no checks run on it: a workflow's own token opened it; propose with an App or a fine-grained token"
    )
