"""What happens to pods: scripted by a test, done at once to a pod that runs, or later to one that will."""

import asyncio
import copy
from types import SimpleNamespace
from typing import TYPE_CHECKING

from tests.fake_kubernetes import pod_status
from tests.fake_kubernetes.defaults import filled
from tests.fake_kubernetes.faults import Faults, PodFault
from tests.fake_kubernetes.node import Node, kill
from tests.fake_kubernetes.output import Output
from tests.fake_kubernetes.state import Ending, Pod, State, now

if TYPE_CHECKING:
    from collections.abc import Callable

LOW_MEMORY = (
    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 42Mi. Container base was "
    "using 512Mi, request is 0, has larger consumption of memory."
)


class Mishaps:
    """Does to pods what the faults say."""

    def __init__(self, state: State, node: Node, faults: Faults) -> None:
        self._state, self._node, self._faults = state, node, faults
        self._done: dict[str, Callable[[Pod, PodFault], None]] = {
            "evict": self._evict,
            "oom": self._oom,
            "kill": self._kill,
            "delete": self._delete,
            "replace": self._replace,
        }
        node.on_running = self._meet

    def script(self, fault: PodFault) -> None:
        """Take a fault in; pods that run already are hit by it too."""
        self._faults.pods.append(fault)
        for pod in list(self._state.pods.values()):
            if (
                fault.kind in self._done
                and pod.status["phase"] == "Running"
                and fault.hit(fault.kind, pod.name)
            ):
                self._strike(pod, fault)
            elif fault.kind == "duplicate" and fault.hit("duplicate", pod.name):
                self.copy(pod)

    def meet_new(self, pod: Pod) -> None:
        """Do what is to happen to a pod that was just made."""
        if self._faults.of_pod("duplicate", pod.name):
            self.copy(pod)

    def copy(self, pod: Pod) -> None:
        """Start the same pod once more, under another name."""
        meta = {
            k: copy.deepcopy(v) for k, v in pod.body["metadata"].items() if k in {"labels", "annotations"}
        }
        spec = {k: copy.deepcopy(v) for k, v in pod.spec.items() if k != "nodeName"}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": meta | {"generateName": f"{pod.name}-"},
            "spec": spec,
        }
        self._node.take(self._state.add(pod.namespace, body))

    def _meet(self, pod: Pod) -> None:
        for kind in self._done:
            if fault := self._faults.of_pod(kind, pod.name):
                self._strike(pod, fault)

    def _strike(self, pod: Pod, fault: PodFault) -> None:
        if fault.after:
            asyncio.get_running_loop().call_later(fault.after, self._strike_late, pod, fault)
        else:
            self._done[fault.kind](pod, fault)

    def _strike_late(self, pod: Pod, fault: PodFault) -> None:
        if pod.status["phase"] == "Running" and self._state.holds(pod):
            self._done[fault.kind](pod, fault)
        else:
            # It came too late for this pod, so it still waits for one.
            fault.hits -= 1

    def _evict(self, pod: Pod, fault: PodFault) -> None:
        self._state.event(pod, "Evicted", LOW_MEMORY, "Warning")
        self._node.end(pod, Ending("Evicted", LOW_MEMORY, disruption="TerminationByKubelet"))

    def _oom(self, pod: Pod, fault: PodFault) -> None:
        pod.out_of_memory = True
        kill(pod)

    def _kill(self, pod: Pod, fault: PodFault) -> None:
        kill(pod)

    def _delete(self, pod: Pod, fault: PodFault) -> None:
        self._state.event(pod, "TaintManagerEviction", f"Marking for deletion Pod {pod.namespace}/{pod.name}")
        message = "Taint manager: deleting due to NoExecute taint"
        pod_status.condition(
            pod, "DisruptionTarget", holds=True, reason="DeletionByTaintManager", message=message
        )
        delete(pod, fault.values["grace"], self._state, self._node)

    def _replace(self, pod: Pod, fault: PodFault) -> None:
        """Put a pod of somebody else in a pod's place, which has succeeded without doing anything."""
        self._node.end(pod, Ending("", ""))
        self._state.remove(pod)
        other = self._state.add(pod.namespace, somebody_elses(pod.name, fault.values["labels"]))
        (container,) = other.spec["containers"]
        pod_status.scheduled(other)
        pod_status.ended(other, "containers", container, code=0, reason="Completed")
        other.containers["base"] = SimpleNamespace(output=Output(other.folder / "base.log"))
        other.containers["base"].output.end()
        other.status["phase"] = "Succeeded"
        other.ending.set_result(Ending("", ""))
        self._state.changed(other)


def somebody_elses(name: str, labels: dict[str, str]) -> dict:
    """Give a pod that has nothing to do with the one whose name it has."""
    container = {"name": "base", "image": "registry.example/somebody-else:1"}
    spec = filled({"restartPolicy": "Never", "containers": [container]})
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels}, "spec": spec}


def delete(pod: Pod, grace: float, state: State, node: Node) -> None:
    """Delete a pod: at once where nothing of it runs or no grace is given, else when its containers ended."""
    unplaced = "nodeName" not in pod.spec
    pod.body["metadata"].update(deletionTimestamp=now(), deletionGracePeriodSeconds=0 if unplaced else grace)
    state.changed(pod)
    node.end(pod, Ending("", "", grace))
    if pod.over or unplaced or not grace:
        state.remove(pod)
