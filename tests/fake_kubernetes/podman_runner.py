"""Containers as podman runs them: real images, users, limits and file systems."""

import asyncio
import json
import subprocess
from dataclasses import dataclass, field
from typing import Any

from tests.fake_kubernetes.environment import ConfigError
from tests.fake_kubernetes.quantity import quantity
from tests.fake_kubernetes.runner import Launch, Process, Running

KEPT_CAPABILITIES = ("add", "drop")
AGAIN_S = 0.05
"""Seconds after which an order is given again."""


@dataclass
class PodmanRunner:
    """Runs each container with ``podman run`` on the network of this machine.

    Attributes:
        command: The words that start podman, ``["podman"]`` or what a machine needs before and after it.
        environment: What every container finds before its own variables.
        options: Further words for ``podman run``.
    """

    command: list[str] = field(default_factory=lambda: ["podman", "--log-level", "error"])
    environment: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)

    async def has(self, image: str) -> bool:
        return await self._run("image", "exists", image) == 0

    async def start(self, launch: Launch) -> Running:
        if launch.security.get("runAsNonRoot") and launch.security.get("runAsUser") is None:
            check_user(
                await self._said("image", "inspect", "--format", "{{.User}}", launch.container["image"])
            )
        line = [*self.command, *run_words(launch, self.environment, self.options)]
        # Podman's monitor may leave a file in its working folder when memory runs out.
        client = await Process.started(line, launch.log, cwd=launch.log.parent)
        return PodmanContainer(self, launch, client)

    async def _run(self, *words: str) -> int:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = await asyncio.create_subprocess_exec(*self.command, *words, **quiet)
        return await process.wait()

    async def _said(self, *words: str) -> str:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        process = await asyncio.create_subprocess_exec(*self.command, *words, **pipes)
        said, _ = await process.communicate()
        return said.decode().strip()

    async def state(self, name: str) -> dict[str, Any]:
        """Give podman's own account of a container."""
        return json.loads(
            await self._said("container", "inspect", "--format", "{{json .State}}", name) or "{}"
        )

    async def remove(self, name: str) -> None:
        await self._run("rm", "--force", "--time", "0", name)


def check_user(user: str) -> None:
    """Refuse an image that would run as root, or whose user the node cannot judge."""
    name = user.partition(":")[0]
    if name in {"", "0"}:
        raise ConfigError("container has runAsNonRoot and image will run as root")
    if not name.isdigit():
        told = f"image has non-numeric user ({name}), cannot verify user is non-root"
        raise ConfigError(f"container has runAsNonRoot and {told}")


class PodmanContainer:
    """One container of podman, followed by the client that started it."""

    def __init__(self, runner: PodmanRunner, launch: Launch, client: Process) -> None:
        self.output = client.output
        self._runner, self._name, self._client = runner, launch.name, client
        self._limited = "memory" in launch.limits
        self._killed = False
        self._state: dict[str, Any] = {}
        self._orders: set[asyncio.Task[None]] = set()

    async def wait(self) -> int:
        code = await self._client.wait()
        self._state = await self._runner.state(self._name)
        await self._runner.remove(self._name)
        return self._state.get("ExitCode", code)

    async def over_limit(self) -> bool:
        # Not every podman hears of it from the kernel; a limited container that nobody killed tells it too.
        silent = self._limited and not self._killed and self._state.get("ExitCode") == 137
        return silent or bool(self._state.get("OOMKilled"))

    def terminate(self) -> None:
        self._order("kill", "--signal", "TERM", self._name)

    def kill(self) -> None:
        self._killed = True
        self._order("kill", "--signal", "KILL", self._name)

    def _order(self, *words: str) -> None:
        task = asyncio.create_task(self._insist(words))
        self._orders.add(task)
        task.add_done_callback(self._orders.discard)

    async def _insist(self, words: tuple[str, ...]) -> None:
        """Give an order until it is followed: podman knows a container a moment after its start."""
        over = asyncio.ensure_future(self._client.process.wait())
        while not over.done() and await self._runner._run(*words):
            await asyncio.wait({over}, timeout=AGAIN_S)


def run_words(launch: Launch, environment: dict[str, str], options: list[str]) -> list[str]:
    """Render the whole ``run`` command of a container."""
    container = launch.container
    return [
        *("run", "--name", launch.name, "--network", "host", "--pull", "never", "--log-driver", "none"),
        *_variable_words(environment | launch.variables),
        *_limit_words(launch.limits),
        *_security_words(launch.security),
        *_mount_words(launch),
        *(("--workdir", container["workingDir"]) if container.get("workingDir") else ()),
        *(("--entrypoint", json.dumps(launch.entry)) if launch.entry else ()),
        *options,
        container["image"],
        *launch.arguments,
    ]


def _variable_words(variables: dict[str, str]) -> list[str]:
    return [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]


def _limit_words(limits: dict[str, str]) -> list[str]:
    words = []
    if "memory" in limits:
        # As much swap as memory means: none beyond the memory, as on a node.
        size = str(int(quantity(limits["memory"])))
        words += ["--memory", size, "--memory-swap", size]
    if "cpu" in limits:
        words += ["--cpus", str(float(quantity(limits["cpu"])))]
    return words


def _security_words(context: dict[str, Any]) -> list[str]:
    words = []
    if (user := context.get("runAsUser")) is not None:
        group = context.get("runAsGroup")
        words += ["--user", f"{user}" if group is None else f"{user}:{group}"]
    for group in [*(context.get("supplementalGroups") or []), *filter(None, [context.get("fsGroup")])]:
        words += ["--group-add", str(group)]
    if context.get("readOnlyRootFilesystem"):
        # Podman would put writable folders at /tmp and /run, which no node does.
        words += ["--read-only", "--read-only-tmpfs=false"]
    if context.get("allowPrivilegeEscalation") is False:
        words += ["--security-opt", "no-new-privileges"]
    capabilities = context.get("capabilities") or {}
    for verb in KEPT_CAPABILITIES:
        words += [word for name in capabilities.get(verb) or [] for word in (f"--cap-{verb}", name)]
    return words


def _mount_words(launch: Launch) -> list[str]:
    kinds = {v["name"]: v.get("emptyDir") for v in launch.pod["spec"].get("volumes") or []}
    words = []
    for path, name in launch.mounts.items():
        empty = kinds[name] or {}
        if empty.get("medium") == "Memory":
            size = f",size={int(quantity(empty['sizeLimit']))}" if "sizeLimit" in empty else ""
            words += ["--tmpfs", f"{path}:rw,mode=1777{size}"]
        else:
            words += ["--volume", f"{launch.volumes[name]}:{path}"]
    return words
