"""The one way in which any forge is brought to hold one open proposal of a use case.

The branch only ever grows: each commit of a proposal holds the target branch's files with the two changed
ones, and names the target's tip among its parents, so that one look tells whether it is up to date. Nobody's
commit is lost, and a move that is not a growth tells that someone else was faster.

Another winner has a branch and a proposal of its own, because a yes belongs to one candidate. Once it is
open, the older open proposals of the use case are closed with a word. Of two that are opened at once, the
number says which one is older, so that they cannot close each other.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.propose.forge import Change, Proposal, check_change

ROUNDS = 8
"""How often a proposal starts over because others move the same branches."""


class Ground(Protocol):
    """What a forge must be able to do; commits and trees are named by their SHA."""

    def tip(self, branch: str) -> str | None:
        """Give the newest commit of a branch."""
        ...

    def parents(self, commit: str) -> tuple[str, ...]:
        """Give the parents of a commit."""
        ...

    def tree(self, commit: str, files: Mapping[str, bytes] | None = None) -> str:
        """Give the tree of a commit, with some files replaced."""
        ...

    def commit(self, tree: str, parents: tuple[str, ...], message: str) -> str:
        """Write a commit that no branch holds yet."""
        ...

    def move(self, branch: str, old: str | None, new: str) -> bool:
        """Move a branch on, or make it; tells whether it did, and not someone else something else."""
        ...

    def newest(self, branch: str) -> Proposal | None:
        """Give the newest proposal of a branch."""
        ...

    def open(self, change: Change, commit: str) -> Proposal | None:
        """Open a proposal; nothing where someone else opened one meanwhile."""
        ...

    def update(self, proposal: Proposal, change: Change, commit: str) -> bool:
        """Bring the texts of an open proposal up to date; tells whether it still is open."""
        ...

    def rivals(self, branch: str) -> list[Proposal]:
        """Give the open proposals of the same use case on other branches."""
        ...

    def supersede(self, older: Proposal, newer: Proposal) -> None:
        """Close an older proposal, if it is still open, with a word that names the newer one."""
        ...


def propose(ground: Ground, change: Change, target: str) -> Proposal:
    """Bring a forge to hold exactly one open proposal of a change, and no older one of its use case.

    Args:
        ground: The forge.
        change: What to propose.
        target: Branch that the forge takes proposals for.

    Raises:
        RefusedError: ``NL-F003``, the change is not allowed; ``NL-F004``, there is no target branch.
        UnavailableError: ``NL-F001``, others moved the same branches all the time.
    """
    check_change(change, target)
    for _ in range(ROUNDS):
        base = ground.tip(target)
        if base is None:
            raise RefusedError(
                f"the forge has no branch {target!r}, or does not show it to us",
                code="NL-F004",
                kept="the results of the run; nothing was proposed",
                advice="correct NIGHTLABEL_FORGE_REPOSITORY and NIGHTLABEL_FORGE_BRANCH",
            )
        tree = ground.tree(base, change.files)
        if tree == ground.tree(base) and (said := ground.newest(change.branch)) and said.state == "merged":
            return said
        commit = _grown(ground, change, base, tree)
        if commit and (proposal := _opened(ground, change, commit)):
            return replace(proposal, superseded=_superseded(ground, proposal))
    raise UnavailableError(
        f"others kept moving {change.branch!r} or {target!r} for {ROUNDS} rounds",
        code="NL-F001",
        kept="the registered challenger; nothing is half done",
        advice="run the step again",
    )


def _grown(ground: Ground, change: Change, base: str, tree: str) -> str | None:
    tip = ground.tip(change.branch)
    if tip and base in ground.parents(tip) and ground.tree(tip) == tree:
        return tip
    parents = dict.fromkeys([tip, base] if tip else [base])
    commit = ground.commit(tree, tuple(parents), change.message)
    return commit if ground.move(change.branch, tip, commit) else None


def _opened(ground: Ground, change: Change, commit: str) -> Proposal | None:
    newest = ground.newest(change.branch)
    if newest is None or newest.state != "open":
        return ground.open(change, commit)
    return replace(newest, commit=commit) if ground.update(newest, change, commit) else None


def _superseded(ground: Ground, proposal: Proposal) -> tuple[int, ...]:
    older = [rival for rival in ground.rivals(proposal.branch) if rival.number < proposal.number]
    for rival in older:
        ground.supersede(rival, proposal)
    return tuple(rival.number for rival in older)
