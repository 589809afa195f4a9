"""The engine: podman in a mount namespace of its own, with its images beside the user's cache."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "nightlabel-tests"
"""What is made once per machine: the base, images, and what they were made of."""

TOOLS = ("podman", "crun", "unshare", "debootstrap")
_SETTINGS = """
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
# A machine with both versions of control groups shows podman an empty one, so it takes that away for itself.
_APART = 'umount /sys/fs/cgroup/unified 2>/dev/null; exec "$@"'


class NoEngineError(Exception):
    """This machine cannot run containers, and why."""


@dataclass(frozen=True)
class Finished:
    """A container that ended: its exit code and what it said."""

    code: int
    stdout: str
    stderr: str


@dataclass(frozen=True)
class Engine:
    """What starts podman.

    Attributes:
        prefix: Its first words; podman's own follow.
        environment: Variables that it needs.
    """

    prefix: tuple[str, ...]
    environment: dict[str, str]

    def call(self, *words: str, seconds: float = 600) -> subprocess.CompletedProcess[str]:
        """Run one command to its end; its exit code is the caller's business."""
        command = [*self.prefix, *words]
        environment = {**os.environ, **self.environment}
        options = {"env": environment, "cwd": CACHE}  # it leaves a file ``oom`` where it runs out of memory
        return subprocess.run(
            command, **options, capture_output=True, text=True, timeout=seconds, check=False
        )

    def said(self, *words: str, seconds: float = 600) -> str:
        """Run one command that must succeed; give what it said."""
        done = self.call(*words, seconds=seconds)
        if done.returncode:
            raise RuntimeError(f"podman {' '.join(words)[:200]}: {done.stdout[-2000:]}{done.stderr[-4000:]}")
        return done.stdout.strip()


def put(path: Path, text: str) -> None:
    """Write a file that others may be reading: they find the old text or the new one, whole."""
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)


@cache
def engine() -> Engine:
    """Give the engine of this machine.

    Raises:
        NoEngineError: A tool is missing, or podman does not start.
    """
    if missing := [tool for tool in TOOLS if not shutil.which(tool)]:
        raise NoEngineError(f"{', '.join(missing)} not found: .ci/run installs them")
    storage, settings = CACHE / "storage", CACHE / "containers.conf"
    storage.mkdir(parents=True, exist_ok=True)
    put(settings, _SETTINGS)
    prefix = ("unshare", "--mount", "sh", "-c", _APART, "sh", "podman", "--log-level", "error")
    places = ("--root", str(storage), "--runroot", f"/run/nightlabel-tests-{os.getuid()}")
    found = Engine((*prefix, *places), {"CONTAINERS_CONF": str(settings)})
    tried = found.call("info", "--format", "{{.Store.GraphDriverName}}", seconds=60)
    if tried.returncode:
        raise NoEngineError(f"podman does not start: {tried.stderr.strip()[-500:]}")
    return found
