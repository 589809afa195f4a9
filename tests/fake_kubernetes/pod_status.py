"""A pod's status as the node writes it: conditions, and the state of each container.

Source: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/.
"""

from typing import Any

from tests.fake_kubernetes.defaults import quality
from tests.fake_kubernetes.state import Pod, now

Body = dict[str, Any]
NODE, ADDRESS = "node-1", "127.0.0.1"
FIELDS = {"containers": "containerStatuses", "initContainers": "initContainerStatuses"}


def condition(pod: Pod, kind: str, holds: bool, reason: str = "", message: str = "") -> None:  # noqa: FBT001
    """Set one condition of a pod."""
    made = {"type": kind, "status": str(holds), "lastProbeTime": None, "lastTransitionTime": now()}
    made |= {key: text for key, text in (("reason", reason), ("message", message)) if text}
    others = [c for c in pod.status.get("conditions", []) if c["type"] != kind]
    pod.status["conditions"] = [*others, made]


def scheduled(pod: Pod) -> None:
    """Show that a pod has a node, which now sees to it."""
    pod.spec["nodeName"] = NODE
    condition(pod, "PodScheduled", holds=True)
    condition(pod, "Initialized", holds=not pod.spec.get("initContainers"))
    unready(pod, "ContainersNotReady")
    where = {"hostIP": ADDRESS, "podIP": ADDRESS, "podIPs": [{"ip": ADDRESS}], "startTime": now()}
    pod.status.update(where, qosClass=quality(pod.spec))
    for kind in FIELDS:
        for container in pod.spec.get(kind) or []:
            waiting(
                pod, kind, container, "PodInitializing" if _waits_for_init(pod, kind) else "ContainerCreating"
            )


def running(pod: Pod) -> None:
    """Show that all containers of a pod run."""
    pod.status["phase"] = "Running"
    condition(pod, "Initialized", holds=True)
    condition(pod, "Ready", holds=True)
    condition(pod, "ContainersReady", holds=True)


def unready(pod: Pod, reason: str) -> None:
    condition(pod, "Ready", holds=False, reason=reason)
    condition(pod, "ContainersReady", holds=False, reason=reason)


def waiting(pod: Pod, kind: str, container: Body, reason: str, message: str = "") -> None:
    state = {"reason": reason} | ({"message": message} if message else {})
    _container(pod, kind, container, {"waiting": state})


def started(pod: Pod, kind: str, container: Body) -> None:
    _container(pod, kind, container, {"running": {"startedAt": now()}})


def ended(pod: Pod, kind: str, container: Body, *, code: int, reason: str, message: str = "") -> None:
    """Show how a container ended."""
    begun = state_of(pod, container["name"]).get("running", {}).get("startedAt", now())
    state = {"exitCode": code, "reason": reason, "startedAt": begun, "finishedAt": now()}
    state |= {"message": message} if message else {}
    _container(pod, kind, container, {"terminated": state})


def state_of(pod: Pod, name: str) -> Body:
    """Give the state of a container; empty where the node has not seen the pod yet."""
    statuses = [s for field in FIELDS.values() for s in pod.status.get(field, [])]
    return next((status["state"] for status in statuses if status["name"] == name), {})


def exit_codes(pod: Pod) -> list[int | None]:
    """Give the exit code of each container that has a status; None where it has not ended."""
    states = [status["state"] for status in pod.status.get("containerStatuses", [])]
    return [state.get("terminated", {}).get("exitCode") for state in states]


def _waits_for_init(pod: Pod, kind: str) -> bool:
    return kind == "containers" and bool(pod.spec.get("initContainers"))


def _container(pod: Pod, kind: str, container: Body, state: Body) -> None:
    made = {
        "name": container["name"],
        "image": container["image"],
        "imageID": "" if "waiting" in state else container["image"],
        "ready": "running" in state,
        "started": "running" in state,
        "restartCount": 0,
        "state": state,
        "lastState": {},
    }
    if "waiting" not in state:
        made["containerID"] = f"fake://{pod.body['metadata']['uid']}/{container['name']}"
    held = {status["name"]: status for status in pod.status.get(FIELDS[kind], [])}
    pod.status[FIELDS[kind]] = [*(held | {container["name"]: made}).values()]
