"""One container, started as a cluster starts a pod's: no rights, nothing writable but what is mounted."""

import uuid
from collections.abc import Mapping, Sequence

from tests.containers import chroot
from tests.containers.build import is_able
from tests.containers.engine import Finished, engine


def words(
    image: str,
    command: Sequence[str] = (),
    *,
    env: Mapping[str, str] | None = None,
    memory: str = "1g",
    cpus: float = 1,
    read_only: bool = True,
    user: str = "",
    mounts: Mapping[str, str] | None = None,
    entrypoint: str = "",
) -> list[str]:
    """Give the words that run a container on this machine's network.

    Args:
        image: Its name.
        command: Arguments of its entry point.
        env: Variables.
        memory: Limit of memory and swap together.
        cpus: Limit of cores.
        read_only: The root file system cannot be written; ``/tmp`` is in memory.
        user: Another user than the image's.
        mounts: Folders of this machine, by their place in the container.
        entrypoint: Another program than the image's.
    """
    return [
        *(
            "run",
            "--rm",
            "--name",
            f"nightlabel-{uuid.uuid4().hex[:12]}",
            "--network",
            "host",
            "--pull=never",
        ),
        *("--cap-drop", "all", "--security-opt", "no-new-privileges", "--log-driver", "none"),
        *("--memory", memory, "--memory-swap", memory, "--cpus", str(cpus)),
        *(("--read-only", "--read-only-tmpfs=false") if read_only else ()),
        *("--tmpfs", "/tmp:rw,mode=1777,size=1g"),  # noqa: S108 - the container's
        *(word for name, value in (env or {}).items() for word in ("--env", f"{name}={value}")),
        *(word for inside, outside in (mounts or {}).items() for word in ("--volume", f"{outside}:{inside}")),
        *(("--user", user) if user else ()),
        *(("--entrypoint", entrypoint) if entrypoint else ()),
        image,
        *command,
    ]


def run(image: str, command: Sequence[str] = (), *, seconds: float = 120, **options) -> Finished:
    """Run a container to its end; options as in ``words``."""
    if not is_able():
        return chroot.run(image, command, seconds, **options)
    done = engine().call(*words(image, command, **options), seconds=seconds)
    return Finished(done.returncode, done.stdout, done.stderr)
