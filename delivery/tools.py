"""Install what the tests start beside Python: a container engine, its helpers, and Java for Spark."""

import shutil
from pathlib import Path

from delivery.runner import call, main

PROGRAMS = {
    "podman": "podman",
    "crun": "crun",
    "debootstrap": "debootstrap",
    "java": "openjdk-17-jre-headless",
}
HELPERS = ("netavark", "aardvark-dns")
HELPERS_IN = Path("/usr/lib/podman")


def missing() -> list[str]:
    """Name the packages that are not there."""
    found = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    return found + [helper for helper in HELPERS if not (HELPERS_IN / helper).exists()]


def work() -> None:
    """Install what is missing."""
    if wanted := missing():
        call(["sudo", "apt-get", "update", "--quiet"])
        call(["sudo", "apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *wanted])


if __name__ == "__main__":
    main(work)
