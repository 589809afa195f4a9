"""The repository of proposals in a place without GitHub, with the files that a proposal may change."""

from collections.abc import Iterator
from pathlib import Path

from nightlabel.propose.local import init_from
from nightlabel.settings import Settings


def open_forge(place: Settings) -> None:
    """Make the repository, once; nothing where proposals go to GitHub.

    Args:
        place: The settings of this place.
    """
    if place.forge == "local":
        init_from(Path(place.forge_remote), dict(use_cases(place)), place.forge_branch)


def use_cases(place: Settings) -> Iterator[tuple[str, bytes]]:
    """Give the files of all use cases, as they stand in the repository."""
    for file in sorted(place.usecases.rglob("*")):
        if file.is_file() and file.suffix != ".pyc":
            yield f"src/nightlabel/usecases/{file.relative_to(place.usecases)}", file.read_bytes()
