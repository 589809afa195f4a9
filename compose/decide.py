"""Say yes to the open proposal of a place without GitHub: merge it, and make its model the champion.

``docker compose exec airflow-scheduler python -m compose.decide card_spending ann``
"""

import subprocess
import sys
from pathlib import Path

from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.propose.local import LocalForge
from nightlabel.settings import settings


def merge(usecase: str, by: str) -> str:
    """Merge the newest open proposal of a use case; gives the merge commit.

    Args:
        usecase: Its name.
        by: The person who says yes.

    Raises:
        RefusedError: ``NL-F004``, proposals of this place are decided on GitHub, or none is open.
    """
    place = settings()
    if place.forge != "local":
        raise RefusedError(
            "proposals of this place are decided on GitHub", code="NL-F004", advice="merge it there"
        )
    forge = LocalForge(Path(place.forge_remote), place.forge_branch)
    found = [pull for pull in forge.pulls.all() if pull.state == "open" and usecase in pull.branch.split("/")]
    proposal = forge.proposal(max(found, key=lambda pull: pull.number).branch) if found else None
    if proposal is None:
        raise RefusedError(
            f"no proposal of {usecase[:60]!r} is open", code="NL-F004", advice="start an experiment"
        )
    return forge.merge(proposal, by)


def main(usecase: str, by: str) -> int:
    """Merge and release.

    Args:
        usecase: Name of the use case.
        by: The person who says yes.

    Returns:
        The exit code: that of ``nightlabel release``, or of the refusal.
    """
    try:
        commit = merge(usecase, by)
    except NightlabelError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    sys.stdout.write(f"{by} said yes: merged as {commit[:10]}\n")
    command = ["nightlabel", "release", "--usecase", usecase, "--by", by]
    return subprocess.run(command, check=False).returncode  # noqa: S603 - a list of arguments


if __name__ == "__main__":
    if len(sys.argv) != 3:  # noqa: PLR2004 - the program and its two arguments
        sys.exit("usage: python -m compose.decide USECASE PERSON")
    sys.exit(main(sys.argv[1], sys.argv[2]))
