"""An image without an engine: its files in a folder that cannot be written, its user, no rights of root."""

import fcntl
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.containers.build import locked
from tests.containers.engine import CACHE, Finished, engine

_ROOTS = CACHE / "roots"

# Own mounts and processes. The variables, PATH too, are those of the image.
_INSIDE = """
set -e
path=$PATH PATH=/usr/sbin:/usr/bin:/sbin:/bin root=$1 ids=$2; shift 2
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs -o mode=1777,size=1g tmpfs "$root/tmp"
while [ "$1" != -- ]; do mount --bind "$2" "$root$1"; shift 2; done
shift
mount -o remount,bind,ro "$root"
setpriv=$(command -v setpriv) chroot=$(command -v chroot) PATH=$path
exec "$setpriv" --no-new-privs --bounding-set=-all,+sys_chroot,+setuid,+setgid --inh-caps=-all \\
  "$chroot" --userspec="$ids" "$root" "$@"
"""


def run(
    image: str,
    command: Sequence[str],
    seconds: float,
    *,
    env: Mapping[str, str] | None = None,
    user: str = "",
    mounts: Mapping[str, str] | None = None,
    entrypoint: str = "",
    **limits,
) -> Finished:
    """Run an image's program to its end; limits of memory and cores do not hold here."""
    about = json.loads(engine().said("image", "inspect", "--format", "{{json .Config}}", image))
    bound = [word for inside, outside in (mounts or {}).items() for word in (inside, outside)]
    variables = dict(line.split("=", 1) for line in about["Env"]) | dict(env or {})
    program = [entrypoint] if entrypoint else about["Entrypoint"]
    apart = [
        shutil.which("unshare"),
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "/bin/sh",
        "-c",
        _INSIDE,
        "sh",
    ]
    with _unpacked(image) as root:
        for place in mounts or {}:
            (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
        line = [*apart, str(root), user or about["User"], *bound, "--", *program, *command]
        how = {"env": variables, "capture_output": True, "text": True, "timeout": seconds}
        done = subprocess.run(line, **how, check=False)
    return Finished(done.returncode, done.stdout, done.stderr)


@contextmanager
def _unpacked(image: str) -> Iterator[Path]:
    """Give an image's files, unpacked once; they stay as long as somebody uses them."""
    root = _ROOTS / image.rpartition("/")[2].replace(":", "-")
    with ExitStack() as use:
        with locked("roots", fcntl.LOCK_EX):
            use.enter_context(locked(root.name, fcntl.LOCK_SH))
            if not root.exists():
                _remove_unused()
                _unpack(image, root)
        yield root


def _remove_unused() -> None:
    """Take away the files of earlier images."""
    for root in _ROOTS.glob("*"):
        with suppress(BlockingIOError), locked(root.name, fcntl.LOCK_EX | fcntl.LOCK_NB):
            shutil.rmtree(root, ignore_errors=True)
            (CACHE / f"{root.name}.lock").unlink()


def _unpack(image: str, root: Path) -> None:
    made, archive = root.with_suffix(".new"), CACHE / "root.tar"
    made.mkdir(parents=True)
    container = engine().said("create", "--pull=never", image)
    engine().said("export", "--output", str(archive), container)
    engine().said("rm", container)
    subprocess.run(["tar", "-C", str(made), "-xf", str(archive)], check=True)
    archive.unlink()
    made.rename(root)
