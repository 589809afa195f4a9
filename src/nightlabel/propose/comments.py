"""One comment on a pull request, made once and brought up to date from then on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from github import GithubException
from github.IssueComment import IssueComment
from github.PullRequest import PullRequest

from nightlabel.errors import RefusedError
from nightlabel.propose.client import READ_PULLS, WRITE_PULLS, Client, StrangeError, connect, refusal
from nightlabel.propose.forge import MAX_BODY
from nightlabel.propose.patience import Patience
from nightlabel.settings import Settings

T = TypeVar("T")
ROBOT = "github-actions[bot]"
"""Who writes with the token of a workflow. Only its comments are looked at: anybody may write our marker."""
CML = "CML watermark"
"""Title of the picture that CML marks its comments with."""
GAP = 1.0


@dataclass(frozen=True, slots=True)
class Comments:
    """The comments of one repository's pull requests.

    Attributes:
        client: Asks and waits.
        author: Whose comments are ours.
    """

    client: Client
    author: str = ROBOT

    def pull(self, head: str, commit: str) -> PullRequest | None:
        """Give the open pull request of a branch at a commit.

        Args:
            head: ``owner:branch``, of the repository or of a fork.
            commit: Its newest commit.
        """

        def ask() -> PullRequest | None:
            listed = self.client.repository.get_pulls(state="open", head=head)
            try:
                return next((p for p in listed if p.head.sha == commit), None)
            except TypeError:
                raise StrangeError from None

        return self._ask("list the pull requests", READ_PULLS, ask)

    def ours(self, pull: PullRequest, marker: str) -> list[IssueComment]:
        """Give our comments that hold the marker, oldest first."""

        def ask() -> list[IssueComment]:
            try:
                found = list(pull.get_issue_comments())
            except TypeError:
                raise StrangeError from None
            return [one for one in found if one.user.login == self.author and one.body.startswith(marker)]

        return self._ask("list the comments", READ_PULLS, ask)

    def post(self, pull: PullRequest, body: str, marker: str) -> str:
        """Bring a pull request to hold one comment of ours with this text.

        Args:
            pull: The pull request.
            body: The text, with the marker at its start.
            marker: What tells this comment from our others.

        Returns:
            ``created``, ``updated`` or ``unchanged``.

        Raises:
            RefusedError: ``NL-F003``, the text is too long or lacks the marker; ``NL-F002`` or ``NL-F004``,
                GitHub refuses.
            UnavailableError: ``NL-F001``, it did not answer.
        """
        if not body.startswith(marker) or len(body) > MAX_BODY:
            raise RefusedError(
                "the comment is too long, or has no marker",
                code="NL-F003",
                kept="the proposal and its comments",
                advice="report it: this is a bug",
            )
        standing = self.ours(pull, marker)
        for extra in standing[1:]:
            self._ask("delete a comment", WRITE_PULLS, extra.delete)
        if not standing:
            self._ask("write a comment", WRITE_PULLS, lambda: _whole(pull.create_issue_comment(body)))
            return "created"
        if standing[0].body == body:
            return "unchanged"
        self._ask("update a comment", WRITE_PULLS, lambda: standing[0].edit(body))
        return "updated"

    def _ask(self, what: str, needs: str, call: Callable[[], T]) -> T:
        try:
            return self.client.ask(what, needs, call)
        except GithubException as error:
            raise refusal(what, error) from None


def comments(place: Settings, *, author: str = ROBOT, gap: float = GAP) -> Comments:
    """Begin a conversation about comments.

    Args:
        place: Settings with address, repository and token.
        author: Whose comments are ours.
        gap: Seconds between two writes, as GitHub asks for.
    """
    return Comments(connect(place, Patience(), gap), author)


def _whole(comment: IssueComment) -> None:
    if not comment.body:
        raise StrangeError
