"""How containers run: the interface that the node uses, and what all runners share."""

import asyncio
import os
import signal
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from tests.fake_kubernetes.environment import expand
from tests.fake_kubernetes.output import Output

Body = dict[str, Any]


@dataclass(frozen=True)
class Launch:
    """What a container is started with.

    Attributes:
        name: A name that no other container on this machine has.
        pod: The whole pod, defaults filled in.
        container: The part of the pod that starts.
        variables: Its environment.
        volumes: The folder of each emptyDir of the pod.
        log: Where its output is kept.
    """

    name: str
    pod: Body
    container: Body
    variables: dict[str, str]
    volumes: dict[str, Path]
    log: Path

    @property
    def mounts(self) -> dict[str, str]:
        """Give the name of the volume at each mount path."""
        return {m["mountPath"]: m["name"] for m in self.container.get("volumeMounts") or []}

    @property
    def entry(self) -> list[str]:
        """Give what the container puts in the place of the image's entrypoint."""
        return [expand(word, self.variables) for word in self.container.get("command") or []]

    @property
    def arguments(self) -> list[str]:
        return [expand(word, self.variables) for word in self.container.get("args") or []]

    @property
    def security(self) -> Body:
        """Give the security context: the pod's, and over it the container's."""
        own = self.container.get("securityContext") or {}
        return (self.pod["spec"].get("securityContext") or {}) | own

    @property
    def limits(self) -> dict[str, str]:
        return (self.container.get("resources") or {}).get("limits") or {}


class StartError(Exception):
    """A container that cannot be started: its command is not there, say."""


class Running(Protocol):
    """One container that was started."""

    output: Output

    async def wait(self) -> int:
        """Give the exit code when it has ended."""

    async def over_limit(self) -> bool:
        """Say whether it was killed for its memory."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it and all that it started."""


class Runner(Protocol):
    """Something that runs containers."""

    async def has(self, image: str) -> bool:
        """Say whether an image is there."""

    async def start(self, launch: Launch) -> Running:
        """Start a container, or raise StartError."""


@dataclass(eq=False)
class Process:
    """A container that is a process of this machine, with a group of its own."""

    process: asyncio.subprocess.Process
    output: Output
    killed_for_memory: bool = False
    watch: asyncio.Task[None] | None = None
    _reading: asyncio.Task[None] = field(init=False)

    def __post_init__(self) -> None:
        self._reading = asyncio.create_task(self.output.take(self.process.stdout))

    @classmethod
    async def started(cls, command: list[str], log: Path, **how: Any) -> "Process":
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                **how,
            )
        except OSError as error:
            raise StartError(str(error)) from error
        return cls(process, Output(log))

    async def wait(self) -> int:
        code = await self.process.wait()
        # All processes of a container die with its first one.
        self.signal(signal.SIGKILL)
        await self._reading
        return code if code >= 0 else 128 - code

    async def over_limit(self) -> bool:
        return self.killed_for_memory

    def terminate(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()

    def kill(self) -> None:
        self.signal(signal.SIGKILL)

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, number)
