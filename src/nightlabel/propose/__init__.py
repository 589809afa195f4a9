"""A winner becomes a pull request: parameters, report, and the forge where people say yes or no."""

from pathlib import Path

from nightlabel.propose.forge import Change, Forge, Proposal, branch_name, change
from nightlabel.settings import Settings, settings

__all__ = ["Change", "Forge", "Proposal", "branch_name", "change", "forge"]


def forge(place: Settings | None = None) -> Forge:
    """Give the forge of the settings.

    Args:
        place: The settings; else those of this process.
    """
    place = place or settings()
    if place.forge == "github":
        from nightlabel.propose.github import GitHubForge  # noqa: PLC0415 - a laptop needs no GitHub

        return GitHubForge(place)
    from nightlabel.propose.local import LocalForge  # noqa: PLC0415 - and a team needs no local forge

    return LocalForge(Path(place.forge_remote), place.forge_branch)
