"""Files that hold secrets: nobody but this user may read them, not even for a moment."""

import os
from pathlib import Path


def write(path: Path, text: str) -> None:
    """Write a file with mode 0600, whole or not at all, over whatever was there.

    Args:
        path: The file; its folder stands already.
        text: What it shall hold.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
