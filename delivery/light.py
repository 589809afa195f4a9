"""Make a small environment for what speaks to GitHub alone; the whole one has six GB."""

import sys
import venv
from pathlib import Path

from delivery.runner import call, main

PACKAGES = ("PyGithub", "pydantic", "MarkupSafe", "structlog", "requests")
"""What ``delivery.comment`` imports; their versions are those of requirements.txt."""


def work() -> None:
    """Make the environment in the folder that is named."""
    folder = Path(sys.argv[1])
    venv.create(folder, with_pip=True)
    pip: list[str | Path] = [
        folder / "bin" / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]
    call([*pip, "--only-binary", ":all:", "--constraint", "requirements.txt", *PACKAGES])


if __name__ == "__main__":
    main(work)
