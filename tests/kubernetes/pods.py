"""Pods for the tests of the fake cluster."""

import time
from pathlib import Path
from typing import Any

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
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for status in fake.pod()["status"].get("containerStatuses", []):
            if status["state"].get("waiting", {}).get("reason") == reason:
                return status["state"]["waiting"]
        time.sleep(0.02)
    raise TimeoutError(fake.pod()["status"])
