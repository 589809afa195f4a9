"""What a proposal is, what a forge can do, and what no proposal may hold."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from nightlabel.errors import RefusedError

PARAMS, POINTER = "params.toml", "data.dvc"
"""The only two files of a use case that a proposal changes."""
USECASES = "src/nightlabel/usecases"
"""Folder of the use cases in the repository of the forge."""
MAX_BODY = 65_536
"""Longest text of a pull request that GitHub takes, in characters."""
MAX_TITLE = 256

_NAME = r"[a-z][a-z0-9_]{0,40}"
_BRANCH = re.compile(rf"nightlabel/(?P<usecase>{_NAME})/[0-9a-f]{{8}}-{_NAME}")
_SEGMENT = r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}"
_FILE = re.compile(rf"(?P<folder>(?:{_SEGMENT}/)*(?P<usecase>{_NAME}))/(?:params\.toml|data\.dvc)")

State = Literal["open", "merged", "closed"]


@dataclass(frozen=True, slots=True)
class Change:
    """What a proposal asks for.

    Attributes:
        branch: Branch of the proposal, always the same for one use case, data version and candidate.
        base: Branch that the proposal asks to be merged into.
        files: New content by path in the repository: the parameters and the data pointer.
        title: One line of plain text.
        body: The report, Markdown.
        message: Message of the commit.
    """

    branch: str
    base: str
    files: Mapping[str, bytes]
    title: str
    body: str
    message: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pull request as the forge holds it.

    Attributes:
        url: Address for people.
        number: Number in the forge.
        branch: Branch of the proposal.
        commit: Newest commit of the branch that the forge has seen.
        created: This call opened it; else it stood already and was adopted.
        state: Open, merged or closed without a merge.
        warning: What a person should know beside the report, or empty.
        superseded: Numbers of the older proposals of the use case that this call closed.
    """

    url: str
    number: int
    branch: str
    commit: str
    created: bool = False
    state: State = "open"
    warning: str = field(default="", compare=False)
    superseded: tuple[int, ...] = field(default=(), compare=False)


class Forge(Protocol):
    """Where people say yes or no."""

    def read(self, path: str) -> bytes | None:
        """Give the content of a file on the target branch, or nothing where there is none.

        Raises:
            RefusedError: ``NL-F002`` or ``NL-F004``, the forge does not let us in or is not there.
            UnavailableError: ``NL-F001``, the forge did not answer.
        """
        ...

    def propose(self, change: Change) -> Proposal:
        """Bring the forge to hold exactly one open proposal of this change, and no older one of its use case.

        May be repeated, cut off and run twice at once: branch and pull request are adopted where they
        stand and brought up to date. A change that was merged and still holds gives the merged proposal.

        Raises:
            RefusedError: ``NL-F003`` for a change that holds anything but the two files of one use case;
                ``NL-F002`` for a missing permission; ``NL-F004`` for a forge that is not set up.
            UnavailableError: ``NL-F001``, the forge did not answer.
        """
        ...

    def proposal(self, branch: str) -> Proposal | None:
        """Give the newest proposal of a branch, whatever its state; raises as ``read``."""
        ...


def branch_name(usecase: str, data_version: str, candidate: str) -> str:
    """Name the branch of a proposal, so that the same result always meets its own pull request.

    Args:
        usecase: Name of the use case.
        data_version: MD5 of the data set.
        candidate: Name of the candidate.
    """
    return f"nightlabel/{usecase}/{data_version[:8]}-{candidate}"


def is_rival(branch: str, other: str) -> bool:
    """Tell whether another branch proposes another result of the same use case."""
    mine, theirs = _BRANCH.fullmatch(branch), _BRANCH.fullmatch(other)
    return branch != other and bool(mine and theirs and mine["usecase"] == theirs["usecase"])


def superseded_by(newer: Proposal) -> str:
    """Say why a proposal is closed."""
    return f"Superseded by #{newer.number}: the newest winner of the use case is the one to decide on."


def change(
    usecase: str,
    candidate: str,
    data_version: str,
    *,
    params: bytes,
    pointer: bytes,
    body: str,
    base: str = "main",
    folder: str = USECASES,
) -> Change:
    """Put together the proposal of one candidate.

    Args:
        usecase: Name of the use case.
        candidate: Name of the winner.
        data_version: MD5 of the data set that it was trained on.
        params: New content of ``params.toml``.
        pointer: New content of the data pointer.
        body: The report, Markdown.
        base: Branch that the proposal asks to be merged into.
        folder: Folder of the use cases in the repository.

    Raises:
        RefusedError: ``NL-F003``, a name is not allowed.
    """
    title = f"{usecase}: make {candidate} the champion, trained on data {data_version[:8]}"
    made = Change(
        branch=branch_name(usecase, data_version, candidate),
        base=base,
        files={f"{folder}/{usecase}/{PARAMS}": params, f"{folder}/{usecase}/{POINTER}": pointer},
        title=title,
        body=body,
        message=f"{title}\n\nUsecase: {usecase}\nCandidate: {candidate}\nData-version: {data_version}\n",
    )
    check_change(made, base)
    return made


def check_change(change: Change, base: str) -> None:
    """Refuse a change that holds anything but the parameters and the data pointer of one use case.

    Raises:
        RefusedError: ``NL-F003``, with what is not allowed.
    """
    named = _BRANCH.fullmatch(change.branch)
    if named is None:
        raise _refused(f"{change.branch[:120]!r} is no branch of a proposal")
    if change.base != base:
        raise _refused(f"it goes to {change.base[:60]!r}, but the target branch is {base!r}")
    check_paths(change.files, named["usecase"])
    if len(change.files) != len((PARAMS, POINTER)):
        raise _refused(f"it holds {len(change.files)} files, not {PARAMS} and {POINTER}")
    if not _plain(change.title) or len(change.title) > MAX_TITLE or not all(map(_plain, _lines(change))):
        raise _refused("title and message must be short plain text without @ and #")
    if len(change.body) > MAX_BODY:
        raise _refused(f"its report has {len(change.body):,} characters, more than {MAX_BODY:,}")


def check_paths(paths: Iterable[str], usecase: str) -> None:
    """Refuse paths that are not the two files of a use case, side by side.

    Raises:
        RefusedError: ``NL-F003``, with the paths that are not allowed.
    """
    found = {path: _FILE.fullmatch(path) for path in paths}
    wrong = [path[:120] for path, match in found.items() if match is None or match["usecase"] != usecase]
    if wrong:
        raise _refused(f"it changes {wrong[0]!r}, which is not its to change", paths=wrong)
    if len({match["folder"] for match in found.values() if match}) > 1:
        raise _refused("its files are in two folders", paths=sorted(found))


def _lines(change: Change) -> list[str]:
    return [line for line in change.message.split("\n") if line]


def _plain(line: str) -> bool:
    return bool(line) and line.isprintable() and not set(line) & {"@", "#"}


def _refused(reason: str, **facts: object) -> RefusedError:
    return RefusedError(
        f"the proposal is refused: {reason}",
        code="NL-F003",
        kept="the forge as it was",
        advice=f"a proposal changes {PARAMS} and {POINTER} of one use case, and nothing else",
        **facts,
    )
