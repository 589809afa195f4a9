"""The human's yes: asked for, and then carried out as a merge and a release."""

import getpass
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.prompt import Confirm

from demo import summary
from demo.data import USECASE
from demo.place import ROOT, DemoError, Place, step_environment
from nightlabel.propose.local import LocalForge, init_from
from nightlabel.store import Store


def open_forge(place: Place) -> None:
    """Make the bare repository that stands in for GitHub, from this checkout; one that stands stays."""
    init_from(Path(place.settings.forge_remote), ROOT, place.settings.forge_branch)


def decide(console: Console, place: Place, lake: Store, run: str, *, yes: bool) -> str:
    """Show what came out of an experiment, ask the human, and carry out the answer.

    Returns:
        The next command, where a proposal stays open; else nothing.

    Raises:
        DemoError: The release was refused.
    """
    verdict = summary.experiment(console, lake, run)
    if verdict["outcome"] != "promote":
        console.print("Nothing is proposed: the champion, where there is one, stays.")
        return ""
    proposal = summary.proposal(console, place, lake, run)
    if asked(console, yes=yes):
        release(console, place, proposal)
        return ""
    console.print("Nothing is released, and the proposal stays open.")
    return "make demo YES=1, which proposes again and says yes"


def asked(console: Console, *, yes: bool) -> bool:
    """Ask whether the challenger becomes champion; nobody there to ask is no yes, and no answer is none."""
    if yes:
        console.print("YES=1: the answer is yes.")
        return True
    if not sys.stdin.isatty():
        console.print("Nobody is here to say yes.")
        return False
    try:
        return Confirm.ask(
            "Merge the proposal and make this model the champion?", console=console, default=False
        )
    except EOFError:
        console.print()
        return False


def release(console: Console, place: Place, proposal: dict[str, Any]) -> None:
    """Merge the proposal and move the champion.

    Raises:
        DemoError: The release was refused.
    """
    by = _person()
    forge = LocalForge(Path(place.settings.forge_remote), place.settings.forge_branch)
    standing = forge.proposal(proposal["branch"])
    if standing is None:
        raise DemoError(f"the forge holds no proposal of {proposal['branch']}")
    commit = forge.merge(standing, by)
    result = subprocess.run(
        ["nightlabel", "release", "--usecase", USECASE, "--by", by, "--json"],
        env=step_environment(place),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        raise DemoError(f"the release was refused: {result.stderr.strip()[-600:]}")
    console.print(
        f"{by} said yes: merged as {commit[:10]}, and the challenger is champion now.", highlight=False
    )


def _person() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number without a name
        return f"user {os.getuid()}"
