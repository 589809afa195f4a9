"""Pods for the tests of the fake cluster, and what waits for what they do."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kubernetes import watch
from tests.waiting import until

MANIFESTS = Path(__file__).parent / "manifests" / "cluster.yaml"
SHELL = f"registry.example/shell@sha256:{'a' * 64}"
SLEEP = "echo up; exec sleep 60"
IMAGES = {SHELL: ["/bin/sh", "-c"]}


def pod(program: str = "true", *, name: str = "p", labels: dict[str, str] | None = None, **spec: Any) -> dict:
    """Give a pod that runs a shell program once."""
    container = {"name": "base", "image": SHELL, "args": [program], **spec.pop("container", {})}
    meta = {"name": name, "labels": labels or {}}
    return {"metadata": meta, "spec": {"restartPolicy": "Never", "containers": [container], **spec}}


def strict_pod() -> dict:
    """Give a pod that a restricted namespace takes."""
    made = pod(securityContext={"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}})
    made["spec"]["containers"][0]["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }
    return made


def ended(body: dict) -> dict:
    """Give how the first container of a pod ended."""
    return body["status"]["containerStatuses"][0]["state"]["terminated"]


def log(api: Any, name: str = "p", **query: Any) -> str:
    """Give what the API answers for a pod's log."""
    # kubernetes 36.0 gives the repr of the bytes where it is to decode them (kubernetes-client/python#2596).
    return api.read_namespaced_pod_log(name, "nights", _preload_content=False, **query).data.decode()


def waiting(fake: Any, reason: str) -> dict:
    """Wait until the first container of the only pod waits for a reason; gives its state."""

    def found() -> dict | None:
        states = [status["state"] for status in fake.pod()["status"].get("containerStatuses", [])]
        waits = [state["waiting"] for state in states if "waiting" in state]
        return next((state for state in waits if state["reason"] == reason), None)

    if not (state := until(found)):
        raise TimeoutError(fake.pod()["status"])
    return state


def changes(api: Any, made: Any) -> Iterator[Any]:
    """Give what a pod became since it was made, each state of it, however late they are asked for."""
    since = made.metadata.resource_version
    stream = watch.Watch().stream(
        api.list_namespaced_pod, "nights", resource_version=since, timeout_seconds=120
    )
    yield from (change["object"] for change in stream)


def follow_to(fake: Any, api: Any, word: str) -> None:
    """Wait until a pod that runs has written a word."""
    fake.wait(phase="Running")
    reply = api.read_namespaced_pod_log("p", "nights", follow=True, _preload_content=False)
    found = b""
    while word.encode() not in found:
        found += reply.read1(1000)
    reply.close()


class Gate:
    """What a pod's program waits for, so that a test decides when it goes on."""

    def __init__(self, folder: Path) -> None:
        self._place = folder / "gate"

    @property
    def wait(self) -> str:
        """The words by which a shell waits for it."""
        return f"until [ -e '{self._place}' ]; do sleep 0.05; done"

    def open(self) -> None:
        self._place.touch()
