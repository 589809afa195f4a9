"""What the cluster holds: pods, events, and each change of them in order, for those who watch."""

import asyncio
import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from tests.fake_kubernetes.status import already_exists, not_found

Body = dict[str, Any]
Change = Literal["ADDED", "MODIFIED", "DELETED"]


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Ending:
    """Why a pod's containers are stopped before they end by themselves."""

    reason: str
    message: str
    grace: float = 0
    disruption: str = ""


@dataclass(eq=False)
class Pod:
    """One pod: what the API shows of it, and what the node knows of it.

    Attributes:
        body: The object that the API answers.
        folder: Its volumes and the files of its logs.
        containers: What was started, by name, as the runner gave it.
        waits: The task that waits for the end of each of them, by name.
        out_of_memory: Show the end of its containers as the kernel's doing.
        ending: Set by the first who stops the pod.
        life: The task that starts its containers and waits for them.
    """

    body: Body
    folder: Path
    containers: dict[str, Any] = field(default_factory=dict)
    waits: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    out_of_memory: bool = False
    ending: asyncio.Future[Ending] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    life: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        return self.body["metadata"]["name"]

    @property
    def namespace(self) -> str:
        return self.body["metadata"]["namespace"]

    @property
    def spec(self) -> Body:
        return self.body["spec"]

    @property
    def status(self) -> Body:
        return self.body["status"]

    @property
    def deleted(self) -> bool:
        return "deletionTimestamp" in self.body["metadata"]

    @property
    def over(self) -> bool:
        return self.status["phase"] in {"Succeeded", "Failed"}


class State:
    """Pods and events of all namespaces; every change has a resource version of its own.

    Attributes:
        version: The newest resource version.
        errors: What went wrong in the fake itself; a test must find it empty.
    """

    def __init__(self, folder: Path) -> None:
        self.version = 100
        self.pods: dict[tuple[str, str], Pod] = {}
        self.events: list[Body] = []
        self.changes: list[tuple[int, Change, Body]] = []
        self.errors: list[str] = []
        self._folder = folder
        self._changed = asyncio.Event()

    def pod(self, namespace: str, name: str) -> Pod:
        if found := self.pods.get((namespace, name)):
            return found
        raise not_found("pods", name)

    def add(self, namespace: str, body: Body) -> Pod:
        """Take a pod in: give it a name where it asks for one, an identity and its first phase."""
        meta = body["metadata"]
        meta["name"] = meta.get("name") or f"{meta['generateName']}{uuid.uuid4().hex[:5]}"
        if (namespace, meta["name"]) in self.pods:
            raise already_exists("pods", meta["name"])
        meta |= {"namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": now()}
        body["status"] = {"phase": "Pending"}
        folder = self._folder / f"{meta['name'][:60]}-{meta['uid'][:8]}"
        folder.mkdir(parents=True)
        pod = self.pods[namespace, meta["name"]] = Pod(body, folder)
        self._note("ADDED", body)
        return pod

    def changed(self, pod: Pod) -> None:
        """Note that a pod is not what it was."""
        if self.holds(pod):
            self._note("MODIFIED", pod.body)

    def holds(self, pod: Pod) -> bool:
        return self.pods.get((pod.namespace, pod.name)) is pod

    def remove(self, pod: Pod) -> None:
        if self.holds(pod):
            del self.pods[pod.namespace, pod.name]
            self._note("DELETED", pod.body)

    def event(
        self, pod: Pod, reason: str, message: str, kind: str = "Normal", source: str = "kubelet"
    ) -> None:
        meta = {"name": f"{pod.name}.{uuid.uuid4().hex[:16]}", "namespace": pod.namespace}
        body = {
            "kind": "Event",
            "apiVersion": "v1",
            "metadata": meta | {"uid": str(uuid.uuid4()), "creationTimestamp": now()},
            "involvedObject": {
                "kind": "Pod",
                "apiVersion": "v1",
                "namespace": pod.namespace,
                "name": pod.name,
            }
            | {"uid": pod.body["metadata"]["uid"]},
            "reason": reason,
            "message": message,
            "type": kind,
            "count": 1,
            "firstTimestamp": now(),
            "lastTimestamp": now(),
            "source": {"component": source},
            "reportingComponent": source,
            "reportingInstance": "",
        }
        self.events.append(body)
        self._note("ADDED", body)

    def after(self, version: int) -> Iterator[tuple[int, Change, Body]]:
        yield from (change for change in self.changes if change[0] > version)

    async def wait(self, seconds: float) -> None:
        """Wait for the next change, that long at most."""
        try:
            await asyncio.wait_for(self._changed.wait(), seconds)
        except TimeoutError:
            return

    def _note(self, change: Change, body: Body) -> None:
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.changes.append((self.version, change, copy.deepcopy(body)))
        # Whoever waits holds the old event; the next to wait gets a new one.
        self._changed.set()
        self._changed = asyncio.Event()
