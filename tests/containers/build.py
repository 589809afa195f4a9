"""Images: a base made of Debian packages, and the shipped Dockerfile built on it."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from tests.containers.engine import CACHE, engine, put

ROOT = Path(__file__).parents[2]
BASE = "localhost/nightlabel-base:bookworm"
"""Stands in for python:3.11-slim-bookworm."""

_KEPT_HOURS = 72
_BUILDING = "building"
"""The lock that builds share, and that whoever removes images has alone."""

_PACKAGES = "python3.11,python3-pip,python3-venv,ca-certificates"
_SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")
_UNNEEDED = ("var/lib/apt/lists", "var/cache/apt", "usr/share/doc", "usr/share/man", "usr/share/locale")
_IN_DEBIAN = ("usr/lib/python3.11/EXTERNALLY-MANAGED", *_UNNEEDED)
_FOLDERS = {"airflow": ("locks", "compose", "servers", "plugins", "dags")}
"""What a target is made of besides what all are."""
_INPUTS = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE", ".dockerignore")


def base_image() -> str:
    """Make the base, once per machine; gives its name."""
    with _alone("base"):
        if engine().call("image", "exists", BASE).returncode:
            _import(_root_folder())
    return BASE


def build(target: str = "label", **arguments: str) -> str:
    """Build a target of the shipped Dockerfile, once for the same inputs; gives the image's name.

    Args:
        target: Its stage.
        arguments: Further build arguments.
    """
    base = base_image()
    told = {"BASE": base, "COMMIT": "0" * 40, "VERSION": "0.0.0"} | arguments
    name = f"localhost/nightlabel-{target}:{_digest(base, told, _FOLDERS.get(target, ()))}"
    with _alone(target):
        _asked_for(name).touch()
        if engine().call("image", "exists", name).returncode:
            _build(target, name, told)
            _forget(target)
    return name


@cache
def is_able() -> bool:
    """Tell whether containers run here with a limit of memory; if not, say so where nobody can miss it."""
    limits = ("--memory", "64m", "--memory-swap", "64m", "--network", "host", "--pull=never")
    tried = engine().call("run", "--rm", *limits, base_image(), "true", seconds=120)
    if tried.returncode:
        reason = tried.stderr.strip()[-300:]
        told = (
            f"no container runs on this machine ({reason}): images run in a chroot, without limits of memory"
        )
        warnings.warn(told, stacklevel=2)
    return not tried.returncode


def _build(target: str, name: str, told: dict[str, str]) -> None:
    words = [word for key, value in told.items() for word in ("--build-arg", f"{key}={value}")]
    mounts = [word for mount in _mounts() for word in ("--volume", f"{mount}:ro")]
    place = ("--file", str(ROOT / "inference_image" / "Dockerfile"), str(ROOT))
    isolation = "oci" if is_able() else "chroot"
    options = ("--network", "host", "--pull=never", "--format", "oci", "--isolation", isolation)
    options += ("--target", target, "--tag", name)
    with locked(_BUILDING, fcntl.LOCK_SH):
        engine().said("build", *options, *words, *mounts, *place, seconds=1800)


def _forget(target: str) -> None:
    """Remove images that nobody has asked for in days, and what they were made of, unless somebody builds."""
    old = ("--filter", f"until={_KEPT_HOURS}h")
    made = ("--filter", f"reference=localhost/nightlabel-{target}", *old)
    with suppress(BlockingIOError), locked(_BUILDING, fcntl.LOCK_EX | fcntl.LOCK_NB):
        held = engine().said("images", "--format", "{{.Repository}}:{{.Tag}}", *made).split()
        if unused := [name for name in held if not _was_asked_for(name)]:
            engine().said("image", "rm", *unused)
            for name in unused:
                _asked_for(name).unlink(missing_ok=True)
        engine().said("image", "prune", "--force", *old)


def _asked_for(name: str) -> Path:
    """Give the file whose age tells when an image was last asked for."""
    return CACHE / f"{name.rpartition('/')[2].replace(':', '-')}.asked"


def _was_asked_for(name: str) -> bool:
    asked = _asked_for(name)
    return asked.exists() and time.time() - asked.stat().st_mtime < _KEPT_HOURS * 3600


def _mounts() -> Iterator[str]:
    """Give what a RUN needs of this machine's way to packages; nothing of it stays in the image."""
    settings = CACHE / "pip.conf"
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    )
    # Lines such as global.find-links='/a/folder'; variables of pip count as its settings do.
    found = [line.partition("=") for line in listed.stdout.splitlines() if "=" in line]
    told = {name.rpartition(".")[2]: value.strip("'") for name, _, value in found}
    told = {name: value for name, value in told.items() if name not in {"constraint", "no-build-isolation"}}
    # Debian's Python is 3.11.2, and a lock may hold what wants 3.11.5; the versions are pinned all the same.
    told["ignore-requires-python"] = "true"
    put(settings, "[global]\n" + "".join(f"{name} = {value}\n" for name, value in sorted(told.items())))
    yield f"{settings}:/etc/pip.conf"
    if _TRUST.exists():
        yield f"{_TRUST}:{_TRUST}"
    for folder in sorted({_folder(word) for value in told.values() for word in value.split()}):
        if folder.is_absolute() and folder.is_dir():
            yield f"{folder}:{folder}"


def _folder(word: str) -> Path:
    """Give the folder that a setting names; the pages of an index name files beside them."""
    return Path(word.removeprefix("file://")).parent if word.startswith("file://") else Path(word)


def _root_folder() -> Path:
    root = CACHE / "base"
    shutil.rmtree(root, ignore_errors=True)
    what = ["--variant=minbase", f"--include={_PACKAGES}", "bookworm"]
    command = ["debootstrap", *what, str(root), *_mirror()]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=900)
    for name in _IN_DEBIAN:
        place = root / name
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    for name, program in {"python": "python3.11", "python3": "python3.11", "pip": "pip3"}.items():
        (root / "usr" / "local" / "bin" / name).symlink_to(f"/usr/bin/{program}")
    return root


def _import(root: Path) -> None:
    archive = CACHE / "base.tar"
    apart = [f"--exclude=./{name}/*" for name in ("proc", "sys", "dev")]
    subprocess.run(["tar", "-C", str(root), *apart, "-cf", str(archive), "."], check=True)
    path = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    changes = [word for line in (f"ENV {path}", "ENV LANG=C.UTF-8") for word in ("--change", line)]
    engine().said("import", "--quiet", *changes, str(archive), BASE)
    archive.unlink()
    shutil.rmtree(root)


def _mirror() -> list[str]:
    """Give the mirror of this machine's own Debian packages, or nothing, for that of debootstrap."""
    lines = _SOURCES.read_text().splitlines() if _SOURCES.exists() else []
    return [line.split()[1] for line in lines if line.startswith("URIs:")][:1]


def _digest(base: str, told: dict[str, str], more: tuple[str, ...]) -> str:
    total = hashlib.sha256(
        repr((engine().said("image", "inspect", "--format", "{{.Id}}", base), told)).encode()
    )
    names = ("src", "inference_image", *more)
    folders = [path for name in names for path in sorted((ROOT / name).rglob("*"))]
    for path in [*(ROOT / name for name in _INPUTS), *folders]:
        if path.is_file() and "__pycache__" not in path.parts and ".egg-info" not in str(path):
            total.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return total.hexdigest()[:16]


@contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let one process of this machine make a thing; the others wait and find it."""
    with locked(name, fcntl.LOCK_EX):
        yield


@contextmanager
def locked(name: str, how: int) -> Iterator[None]:
    """Hold a lock of this machine: ``how`` as ``flock`` takes it."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, how)
        yield
