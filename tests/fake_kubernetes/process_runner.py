"""Containers as plain processes of this machine: no isolation, but quick and everywhere."""

import asyncio
import os
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

import psutil

from tests.fake_kubernetes.quantity import quantity
from tests.fake_kubernetes.runner import Launch, Process, Running, StartError

WATCH_S = 0.1
NODE = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}


@dataclass
class ProcessRunner:
    """Runs the command of a container as a process.

    A path below a mounted volume is pointed at the volume's folder where it stands at the front of an
    argument or of a variable; elsewhere it means this machine's own path.

    Attributes:
        images: The entrypoint of each image that can be pulled.
        environment: What every container finds before its own variables.
        memory: How ``limits.memory`` is enforced: not at all; on the address space, where the program sees
            that there is no more; or on the resident memory of all its processes, which are killed.
    """

    images: dict[str, list[str]]
    environment: dict[str, str] = field(default_factory=dict)
    memory: Literal["none", "address-space", "resident"] = "none"

    async def has(self, image: str) -> bool:
        return image in self.images

    async def start(self, launch: Launch) -> Running:
        place = {name: relocate(value, launch) for name, value in launch.variables.items()}
        environment = NODE | {"HOME": str(launch.log.parent)} | self.environment | place
        command = self.command(launch)
        if not shutil.which(command[0], path=environment["PATH"]):
            raise StartError(f'exec: "{command[0]}": executable file not found in $PATH')
        how = {"env": environment, "cwd": launch.log.parent, "preexec_fn": self._limit(launch)}
        process = await Process.started(command, launch.log, **how)
        if self.memory == "resident" and "memory" in launch.limits:
            process.watch = asyncio.create_task(watch_memory(process, int(quantity(launch.limits["memory"]))))
        return process

    def command(self, launch: Launch) -> list[str]:
        """Give the whole command line: the image's entrypoint, or what the container puts in its place."""
        entry = launch.entry or self.images[launch.container["image"]]
        return [relocate(word, launch) for word in [*entry, *launch.arguments]]

    def _limit(self, launch: Launch) -> Callable[[], None] | None:
        if self.memory != "address-space" or "memory" not in launch.limits:
            return None
        size = int(quantity(launch.limits["memory"]))
        return lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))


async def watch_memory(process: Process, limit: int) -> None:
    """Kill a container whose processes hold more memory than they may."""
    while process.process.returncode is None:
        if resident(process.process.pid) > limit:
            process.killed_for_memory = True
            process.kill()
        await asyncio.sleep(WATCH_S)


def resident(pid: int) -> int:
    """Give the memory of a process and of all that it started, in bytes."""
    try:
        first = psutil.Process(pid)
        return sum(p.memory_info().rss for p in [first, *first.children(recursive=True)])
    except psutil.NoSuchProcess:
        return 0


def relocate(text: str, launch: Launch) -> str:
    """Point a path below a mounted volume at the volume's folder."""
    for path, volume in launch.mounts.items():
        if text == path or text.startswith(f"{path}/"):
            return f"{launch.volumes.get(volume, path)}{text.removeprefix(path)}"
    return text
