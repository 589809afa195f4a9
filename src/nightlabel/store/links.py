"""Links in a folder: one that leads out of the lake is not followed, whoever put it there."""

from functools import lru_cache
from pathlib import Path

_FOLDERS = 4096  # folders of which it is remembered where they lead


def leads_out(root: str, place: Path) -> bool:
    """Tell whether a path below a root leads out of it, by a link of its own or of a folder above.

    Args:
        root: The folder of the lake; it may be a link itself.
        place: The path, whether or not there is anything.
    """
    if place == Path(root):
        return False
    if place.is_symlink():
        return _is_outside(root, place)
    try:
        found = place.parent.stat()
    except OSError:
        return False
    return _folder_is_outside(root, str(place.parent), found.st_dev, found.st_ino)


@lru_cache(_FOLDERS)
def _folder_is_outside(root: str, folder: str, device: int, number: int) -> bool:  # noqa: ARG001 - a folder that was replaced is looked at again
    return _is_outside(root, Path(folder))


def _is_outside(root: str, place: Path) -> bool:
    try:
        return not place.resolve().is_relative_to(Path(root).resolve())
    except (OSError, RuntimeError):  # a link to itself leads nowhere
        return False
