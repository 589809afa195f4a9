"""What did a pull request change? So that a change of documents starts nothing heavy.

A workflow that its own path filter skips leaves a required check waiting for ever. So each starts, and this
decides within seconds which of its jobs do. Where nothing can be told, everything runs.
"""

import re

from delivery.runner import DeliveryError, git, main, output, variable

DOCUMENTS = re.compile(r".+\.md|LICENSE|docs/.+|\.github/CODEOWNERS")
PROPOSAL = re.compile(r"src/nightlabel/usecases/[a-z][a-z0-9_]{0,40}/(params\.toml|data\.dvc)")
INFRA = re.compile(r"terraform/.+")


def changed(base: str) -> list[str] | None:
    """Give the paths that differ from where the branch left its base; nothing where that is not known."""
    if not re.fullmatch(r"[0-9a-f]{40}", base) or set(base) == {"0"}:
        return None
    try:
        named = git("diff", "--name-only", "--no-renames", "-z", f"{base}...HEAD")
    except DeliveryError:
        return None
    return [path for path in named.split("\0") if path]


def kinds(paths: list[str] | None) -> dict[str, bool]:
    """Tell what has to be looked at."""
    if paths is None:
        return {"heavy": True, "model": False, "infra": True}
    return {
        "heavy": not all(DOCUMENTS.fullmatch(path) for path in paths),
        "model": any(PROPOSAL.fullmatch(path) for path in paths),
        "infra": any(INFRA.fullmatch(path) for path in paths),
    }


def work() -> None:
    """Leave ``heavy``, ``model`` and ``infra``."""
    found = kinds(changed(variable("BASE", "")))
    output(**{name: str(value).lower() for name, value in found.items()})


if __name__ == "__main__":
    main(work)
