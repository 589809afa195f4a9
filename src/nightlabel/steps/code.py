"""Which code runs."""

import subprocess
from functools import cache
from pathlib import Path

from nightlabel.settings import settings


@cache
def commit() -> str:
    """Give the git commit of the running code: the setting, else git's answer, else ``unknown``."""
    if settings().commit:
        return settings().commit
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "HEAD"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=10)  # noqa: S603 - fixed words
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return answer.stdout.strip()
