"""The node and its scheduler: pods get a place, their containers run, and their ends are written down."""

import asyncio
import shutil
import traceback
from typing import TYPE_CHECKING, Any

from tests.fake_kubernetes import pod_status
from tests.fake_kubernetes.environment import ConfigError, variables
from tests.fake_kubernetes.faults import Faults
from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.pod_status import condition, ended, exit_codes, started, unready, waiting
from tests.fake_kubernetes.runner import Launch, Runner, Running, StartError
from tests.fake_kubernetes.state import Ending, Pod, State

if TYPE_CHECKING:
    from collections.abc import Callable

Body = dict[str, Any]
NO_ROOM = (
    "0/1 nodes are available: 1 Insufficient memory. preemption: 0/1 nodes are available: "
    "1 No preemption victims found for incoming pod."
)
BACK_OFF_S = 0.05
"""Seconds from a failed pull to the next state; a real node takes some ten."""


class StoppedError(Exception):
    """A pod that is ended from outside, before its containers have ended."""


class Node:
    """Runs the pods of a cluster.

    Attributes:
        on_running: Called with each pod that begins to run.
    """

    def __init__(self, state: State, runner: Runner, manifests: Manifests, faults: Faults) -> None:
        self.on_running: Callable[[Pod], None] = lambda _: None
        self._state, self._runner, self._manifests, self._faults = state, runner, manifests, faults

    def take(self, pod: Pod) -> None:
        """See to a new pod, from now to its end."""
        pod.life = asyncio.create_task(self._live(pod))
        pod.life.add_done_callback(self._note_failure)

    def _note_failure(self, life: asyncio.Task[None]) -> None:
        if not life.cancelled() and (error := life.exception()):
            self._state.errors.append("".join(traceback.format_exception(error)))

    def end(self, pod: Pod, ending: Ending) -> None:
        """Stop the containers of a pod; where that is under way already, it only gets quicker."""
        if not pod.ending.done():
            pod.ending.set_result(ending)
        else:
            asyncio.get_running_loop().call_later(ending.grace, kill, pod)

    async def _live(self, pod: Pod) -> None:
        try:
            await self._schedule(pod)
            await self._find_volumes(pod)
            await self._find_images(pod)
            if await self._initialize(pod):
                await self._run(pod)
        except StoppedError:
            await self._stop(pod)
        self._conclude(pod)

    async def _schedule(self, pod: Pod) -> None:
        if fault := self._faults.of_pod("unschedulable", pod.name):
            condition(pod, "PodScheduled", holds=False, reason="Unschedulable", message=NO_ROOM)
            self._state.event(pod, "FailedScheduling", NO_ROOM, "Warning", "default-scheduler")
            self._state.changed(pod)
            await pause(pod, fault.values["seconds"])
        pod_status.scheduled(pod)
        assigned = f"Successfully assigned {pod.namespace}/{pod.name} to {pod_status.NODE}"
        self._state.event(pod, "Scheduled", assigned, source="default-scheduler")
        self._state.changed(pod)
        self._keep_deadline(pod)
        if fault := self._faults.of_pod("slow_start", pod.name):
            await pause(pod, fault.values["seconds"])

    def _keep_deadline(self, pod: Pod) -> None:
        if seconds := pod.spec.get("activeDeadlineSeconds"):
            message = "Pod was active on the node longer than the specified deadline"
            ending = Ending("DeadlineExceeded", message, pod.spec["terminationGracePeriodSeconds"])
            asyncio.get_running_loop().call_later(seconds, self._reach_deadline, pod, ending)

    def _reach_deadline(self, pod: Pod, ending: Ending) -> None:
        if not pod.over and not pod.ending.done():
            self._state.event(pod, ending.reason, ending.message)
            self.end(pod, ending)

    async def _find_volumes(self, pod: Pod) -> None:
        for volume in pod.spec.get("volumes") or []:
            if "emptyDir" not in volume:
                told = (
                    f'MountVolume.SetUp failed for volume "{volume["name"]}": this fake serves emptyDir alone'
                )
                self._state.event(pod, "FailedMount", told, "Warning")
                await pause(pod, None)
            folder = pod.folder / "volumes" / volume["name"]
            folder.mkdir(parents=True)
            # Containers may run as any user, and an emptyDir belongs to them all.
            folder.chmod(0o777)

    async def _find_images(self, pod: Pod) -> None:
        gone = self._faults.of_pod("missing_image", pod.name)
        for kind in pod_status.FIELDS:
            for container in pod.spec.get(kind) or []:
                if gone or not await self._runner.has(container["image"]):
                    await self._miss_image(pod, kind, container)

    async def _miss_image(self, pod: Pod, kind: str, container: Body) -> None:
        image = container["image"]
        failed = f'Failed to pull image "{image}": rpc error: code = NotFound desc = {image}: not found'
        back_off = f'Back-off pulling image "{image}"'
        self._state.event(pod, "Pulling", f'Pulling image "{image}"')
        self._state.event(pod, "Failed", failed, "Warning")
        self._state.event(pod, "Failed", "Error: ErrImagePull", "Warning")
        waiting(pod, kind, container, "ErrImagePull", failed)
        self._state.changed(pod)
        await pause(pod, BACK_OFF_S)
        self._state.event(pod, "BackOff", back_off)
        self._state.event(pod, "Failed", "Error: ImagePullBackOff", "Warning")
        waiting(pod, kind, container, "ImagePullBackOff", f"{back_off}: ErrImagePull: {failed}")
        self._state.changed(pod)
        await pause(pod, None)

    async def _initialize(self, pod: Pod) -> bool:
        """Run the init containers, one after the other; say whether all went well."""
        for container in pod.spec.get("initContainers") or []:
            await self._start(pod, "initContainers", container)
            await self._ends(pod)
            if pod_status.state_of(pod, container["name"])["terminated"]["exitCode"]:
                return False
        return True

    async def _run(self, pod: Pod) -> None:
        for container in pod.spec["containers"]:
            await self._start(pod, "containers", container)
        pod_status.running(pod)
        self._state.changed(pod)
        self.on_running(pod)
        await self._ends(pod)

    async def _start(self, pod: Pod, kind: str, container: Body) -> None:
        try:
            made = await self._runner.start(self._launch(pod, container))
        except ConfigError as error:
            waiting(pod, kind, container, "CreateContainerConfigError", str(error))
            self._state.event(pod, "Failed", f"Error: {error}", "Warning")
            self._state.changed(pod)
            await pause(pod, None)
        except StartError as error:
            self._state.event(pod, "Failed", f"Error: {error}", "Warning")
            ended(pod, kind, container, code=128, reason="StartError", message=str(error))
        else:
            pod.containers[container["name"]] = made
            started(pod, kind, container)
            pod.waits[container["name"]] = asyncio.create_task(self._wait(pod, kind, container, made))
            self._state.event(pod, "Started", f"Started container {container['name']}")
        self._state.changed(pod)

    def _launch(self, pod: Pod, container: Body) -> Launch:
        name, log = container["name"], pod.folder / f"{container['name']}.log"
        made = variables(pod.body, container, self._manifests)
        volumes = {v["name"]: pod.folder / "volumes" / v["name"] for v in pod.spec.get("volumes") or []}
        self._state.event(pod, "Pulled", f'Container image "{container["image"]}" already present on machine')
        self._state.event(pod, "Created", f"Created container: {name}")
        return Launch(f"{pod.folder.name}-{name}", pod.body, container, made, volumes, log)

    async def _wait(self, pod: Pod, kind: str, container: Body, made: Running) -> None:
        code = await made.wait()
        killed = code and (pod.out_of_memory or await made.over_limit())
        reason = "OOMKilled" if killed else "Error" if code else "Completed"
        shown = container["terminationMessagePolicy"] == "FallbackToLogsOnError" and code
        message = made.output.tail() if shown else ""
        ended(pod, kind, container, code=code, reason=reason, message=message)
        self._state.changed(pod)

    async def _ends(self, pod: Pod) -> None:
        """Wait for all that was started, or for the pod's ending."""
        over = asyncio.gather(*pod.waits.values())
        await asyncio.wait({asyncio.ensure_future(over), pod.ending}, return_when=asyncio.FIRST_COMPLETED)
        if not over.done():
            raise StoppedError

    async def _stop(self, pod: Pod) -> None:
        left = [pod.containers[name] for name, wait in pod.waits.items() if not wait.done()]
        for container in left:
            container.terminate()
        if left:
            self._state.event(pod, "Killing", f"Stopping container {', '.join(pod.containers)}")
            await asyncio.wait(pod.waits.values(), timeout=pod.ending.result().grace)
        kill(pod)
        if left:
            await asyncio.wait(pod.waits.values())

    def _conclude(self, pod: Pod) -> None:
        ending = pod.ending.result() if pod.ending.done() else Ending("", "")
        codes = exit_codes(pod)
        if ending.reason:
            pod.status.update(phase="Failed", reason=ending.reason, message=ending.message)
        elif pod.containers or (codes and None not in codes):
            pod.status["phase"] = "Failed" if any(code != 0 for code in codes) else "Succeeded"
        if ending.disruption:
            condition(pod, "DisruptionTarget", holds=True, reason=ending.disruption, message=ending.message)
        unready(pod, "PodFailed" if pod.status["phase"] == "Failed" else "PodCompleted")
        self._state.changed(pod)
        if pod.deleted:
            self._state.remove(pod)
        shutil.rmtree(pod.folder / "volumes", ignore_errors=True)


def kill(pod: Pod) -> None:
    """End all that a pod still runs, at once."""
    for name, wait in pod.waits.items():
        if not wait.done():
            pod.containers[name].kill()


async def pause(pod: Pod, seconds: float | None) -> None:
    """Wait some seconds, or for ever; a pod that is ended meanwhile is not started."""
    await asyncio.wait({pod.ending}, timeout=seconds)
    if pod.ending.done():
        raise StoppedError
