"""How a pod ended, in one sentence with a code, from what the cluster says of it."""

from typing import Any, NamedTuple

from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException

from nightlabel_airflow.commands import readable

_NOT_FOUND, _CONFLICT, _SERVER_ERROR = 404, 409, 500
_KILLED = 137
_LONGEST = 300  # characters of what the cluster says


class End(NamedTuple):
    """The end of a pod.

    Attributes:
        exit_code: Of the step's process; nothing where there is none.
        memory: It was ended for its memory.
        sentence: For people.
    """

    exit_code: int | None
    memory: bool
    sentence: str


def of_pod(pod: k8s.V1Pod, container: str) -> End:
    """Read the end of a pod.

    Args:
        pod: As the cluster has it.
        container: Name of the step's container.
    """
    state = _state(pod, container)
    ended = state.terminated if state else None
    code = ended.exit_code if ended else None
    if ended and ended.reason == "OOMKilled":
        limit = _limit(pod, container)
        return End(code, memory=True, sentence=f"NL-D009 OOMKilled: the pod needed more than {limit}")
    if reason := pod.status.reason:
        return End(code, memory=False, sentence=_lost(f"{reason}: {pod.status.message or 'no message'}"))
    if ended:
        return End(code, memory=False, sentence=_exit(ended))
    if state and state.waiting:
        told = f"{state.waiting.reason}: {state.waiting.message or 'no message'}"
        return End(None, memory=False, sentence=_lost(f"it never started: {told}"))
    return End(None, memory=False, sentence=_lost(_unscheduled(pod)))


def of_cluster(error: ApiException) -> str:
    """Explain an answer of the cluster that ends a try, while the pod may be well."""
    if error.status == _CONFLICT:
        return "NL-D003 the pod exists from a request whose answer was lost; the next try adopts it"
    if error.status == _NOT_FOUND:
        return f"NL-D004 the cluster has no such pod (any more){_NEXT}"
    what = f"{error.status} {error.reason}" if error.status else str(error.reason)
    if error.status and error.status < _SERVER_ERROR:
        return (
            f"NL-D004 the cluster refuses: {_cut(what)}; see the rights of Airflow's service account{_NEXT}"
        )
    return f"NL-D004 the cluster does not answer: {_cut(what)}{_NEXT}"


def out_of_sight(name: str) -> str:
    """Say that a try ends while its pod still works."""
    return f"NL-D004 sight of pod {name} was lost while it worked; it goes on, and the next try adopts it"


def gone(name: str) -> str:
    """Say that a pod vanished: preempted, drained, or deleted by hand."""
    return f"NL-D008 pod {name} vanished before its end{_NEXT}"


_NEXT = "; finished shards stay finished, the next try does the rest"


def _lost(why: str) -> str:
    return f"NL-D008 the pod was lost: {_cut(why)}{_NEXT}"


def _exit(ended: k8s.V1ContainerStateTerminated) -> str:
    lines = [line for line in (ended.message or "").splitlines() if line.strip()]
    last = readable(lines[-1]) if lines else ended.reason or "no word"
    killed = " (killed)" if ended.exit_code == _KILLED else ""
    return f"exit code {ended.exit_code}{killed}: {_cut(last)}"


def _state(pod: k8s.V1Pod, container: str) -> k8s.V1ContainerState | None:
    found = [status.state for status in pod.status.container_statuses or [] if status.name == container]
    return found[0] if found else None


def _unscheduled(pod: k8s.V1Pod) -> str:
    for condition in pod.status.conditions or []:
        if condition.type == "PodScheduled" and condition.status == "False":
            return f"no node took it: {condition.message or condition.reason}"
    return f"it stayed {pod.status.phase}"


def _limit(pod: k8s.V1Pod, container: str) -> str:
    resources: Any = next((c.resources for c in pod.spec.containers if c.name == container), None)
    return str((resources.limits or {}).get("memory", "its node has")) if resources else "its node has"


def _cut(text: str) -> str:
    return " ".join(text.split())[:_LONGEST]
