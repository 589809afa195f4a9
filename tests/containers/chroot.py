"""An image without an engine: its files in a folder that cannot be written, its user, no rights of root."""

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.containers.engine import CACHE, Finished, engine

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
    root = _root(image)
    for place in mounts or {}:
        (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
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
    line = [*apart, str(root), user or about["User"], *bound, "--", *program, *command]
    done = subprocess.run(line, env=variables, capture_output=True, text=True, timeout=seconds, check=False)
    return Finished(done.returncode, done.stdout, done.stderr)


def _root(image: str) -> Path:
    """Unpack an image, once."""
    root = CACHE / "roots" / image.rpartition("/")[2].replace(":", "-")
    if not root.exists():
        shutil.rmtree(root.parent, ignore_errors=True)  # of earlier images
        made = root.with_suffix(".new")
        made.mkdir(parents=True)
        archive, container = made.with_suffix(".tar"), engine().said("create", "--pull=never", image)
        engine().said("export", "--output", str(archive), container)
        engine().said("rm", container)
        subprocess.run(["tar", "-C", str(made), "-xf", str(archive)], check=True)
        archive.unlink()
        made.rename(root)
    return root
