"""A step as a pod: started by the operator of Kubernetes, judged by us.

What the operator says of a pod is not taken for the truth: a step is done when it has left its answer in the
lake, and a night is done when its receipts are there. A pod that ends otherwise is explained by a code and
one sentence, and only a refusal is not tried again. A pod that may still be at work is never deleted for an
answer of the cluster that went wrong: the next try adopts it.
"""

from collections.abc import Callable, Sequence
from functools import cache, cached_property
from typing import Any

from airflow.providers.cncf.kubernetes.operators.pod import FoundMoreThanOnePodFailure, KubernetesPodOperator
from airflow.providers.cncf.kubernetes.pod_generator import make_safe_label_value
from airflow.providers.cncf.kubernetes.utils.pod_manager import PodManager, PodNotFoundException
from airflow.sdk import Context
from kubernetes.client import models as k8s
from kubernetes.client.exceptions import ApiException

from nightlabel_airflow import answers, commands, ends
from nightlabel_airflow.compat import AirflowException
from nightlabel_airflow.task import StepTask

RESULT = "NIGHTLABEL_RESULT"
"""The variable that tells a pod where to keep its answer."""

LOG_PATIENCE = 60.0
"""Seconds without a line after which a log is asked for again: it may hang, and hide the end of its pod."""

_CONFLICT = 409


class PodStep(StepTask, KubernetesPodOperator):
    """Run ``nightlabel STEP`` in a pod of its own."""

    template_fields = tuple(
        dict.fromkeys((*StepTask.template_fields, *KubernetesPodOperator.template_fields))
    )

    def execute(self, context: Context) -> Any:
        """Start the pod, or go on with one that an earlier try has started; give the answer.

        Raises:
            AirflowFailException: The step refused its input, or ran out of memory twice.
            AirflowException: Any other failure: Airflow tries again.
        """
        self.refuse_unknown_fields(context)
        return self._to_its_end(context, lambda: super(PodStep, self).execute(context))

    def trigger_reentry(self, context: Context, event: dict[str, Any]) -> Any:
        """Go on when the triggerer has seen the end of the pod; as ``execute``."""
        return self._to_its_end(
            context, lambda: super(PodStep, self).trigger_reentry(context, event), event["name"]
        )

    def build_pod_request_obj(self, context: Context | None = None, *, dry_run: bool = False) -> k8s.V1Pod:
        """Make the pod, with the step's command line, its labels and the place of its answer."""
        halved = self.step == "label" and context is not None and answers.noted(self._memory_key)
        line = self.line(**({"halvings": 1} if halved else {}))
        # Kubernetes puts variables, secrets too, in for $(NAME); a doubled $ is one $ and nothing else.
        self.arguments, self.labels = [word.replace("$", "$$") for word in line], self._labels()
        pod = super().build_pod_request_obj(context, dry_run=dry_run)
        kept = answers.key(self._folder, pod.metadata.name)
        pod.spec.containers[0].env.append(k8s.V1EnvVar(name=RESULT, value=kept))
        return pod

    def get_or_create_pod(self, pod_request_obj: k8s.V1Pod, context: Context) -> k8s.V1Pod:
        """Start the pod; one that is at work, or has done its work for an earlier try, is taken as it is."""
        self._adopts = True
        try:
            return super().get_or_create_pod(pod_request_obj, context)
        except ApiException as error:
            pod = self._look(pod_request_obj.metadata.name) if error.status == _CONFLICT else None
            if pod is None or not self._is_ours(pod, context):
                raise
            self.log.warning("pod %s was there already: the answer to its start was lost", pod.metadata.name)
            self._persist_pod_identity_to_task_state_store(context, pod)
            return pod
        finally:
            self._adopts = False

    def find_pod(self, namespace: str, context: Context, *, exclude_checked: bool = True) -> k8s.V1Pod | None:
        """Find the pod of an earlier try; of several, the newest is kept: a second one does no harm."""
        try:
            return super().find_pod(namespace, context, exclude_checked=exclude_checked)
        except FoundMoreThanOnePodFailure:
            pods = self._own_pods(context, exclude_checked=exclude_checked)
        *others, newest = sorted(pods, key=lambda pod: pod.metadata.creation_timestamp)
        self._sweep(others)
        return newest

    def log_matching_pod(self, pod: k8s.V1Pod, context: Context) -> None:
        """Say which pod is adopted; it may be anybody's, so its labels are not relied on."""
        self.log.info("found pod %s, this is try %s", pod.metadata.name, context["ti"].try_number)

    def process_pod_deletion(self, pod: k8s.V1Pod, *, reraise: bool = True) -> bool:
        """Delete a pod that is done, unless it belongs to somebody else."""
        if pod is not None and not self._is_ours(pod, self._context):
            self.log.warning("pod %s is not of this task, and stays", pod.metadata.name)
            return False
        if pod is not None and self._adopts and self._has_answered(pod):
            self.log.info("pod %s has done its work while nobody waited for it", pod.metadata.name)
            return False
        return bool(super().process_pod_deletion(pod, reraise=reraise))

    def cleanup(
        self,
        pod: k8s.V1Pod,
        remote_pod: k8s.V1Pod,
        xcom_result: dict[str, Any] | None = None,
        context: Context | None = None,
    ) -> None:
        """Delete the pod at its end, and explain an end that is no good one; leave it where it may work."""
        if self._killed or not remote_pod:
            return
        now = self._look(remote_pod.metadata.name) or remote_pod
        if now.status.phase == "Running" and not self._ended(now):
            raise commands.failure(ends.out_of_sight(now.metadata.name), again=True)
        try:
            super().cleanup(pod, now, xcom_result, context)
        except AirflowException:
            self._explain(now)

    @cached_property
    def pod_manager(self) -> PodManager:
        """What talks to the cluster about pods."""
        return _Manager(kube_client=self.client, callbacks=self.callbacks)

    def _get_pod_from_task_state_store(self, context: Context) -> k8s.V1Pod | None:
        """Adopt the pod of an earlier try by its name, unless that name belongs to somebody else by now."""
        pod = super()._get_pod_from_task_state_store(context)
        if pod is not None and not self._is_ours(pod, context):
            self.log.warning("pod %s is not of this task any more", pod.metadata.name)
            return None
        return pod

    def _to_its_end(self, context: Context, work: Callable[[], Any], name: str = "") -> Any:
        self._context = context
        self.labels = self._labels()
        try:
            work()
        except ApiException as error:
            raise commands.failure(ends.of_cluster(error), again=True) from error
        except PodNotFoundException as error:
            raise commands.failure(ends.gone(name), again=True) from error
        answer = self._answer(context, name or (self.pod.metadata.name if self.pod else ""))
        self._sweep(self._own_pods(context))
        return answer

    def _answer(self, context: Context, pod: str) -> Any:
        result = answers.read(answers.key(self._folder, pod))
        otherwise = f"NL-D006 pod {pod} is said to have ended well, but left no answer: it may be another's"
        self.do_xcom_push = True  # Airflow's word for handing the answer on; the operator's is for a sidecar
        return self.finish(context, commands.judge(0, result, otherwise=otherwise))

    def _explain(self, pod: k8s.V1Pod) -> None:
        """Turn the end of a pod into the failure that Airflow understands."""
        end, said = ends.of_pod(pod, self.base_container_name), answers.key(self._folder, pod.metadata.name)
        if end.memory:
            first = answers.note(self._memory_key, pod.metadata.name)
            how = "the next try holds half as much" if first else "a second time: raise memory_mb of its pod"
            raise commands.failure(f"{end.sentence}; {self._what}; {how}", again=first)
        commands.judge(end.exit_code or None, answers.read(said), otherwise=f"{end.sentence} ({self._what})")

    def _own_pods(self, context: Context, *, exclude_checked: bool = False) -> list[k8s.V1Pod]:
        selector = self._build_find_pod_label_selector(context, exclude_checked=exclude_checked)
        found: list[k8s.V1Pod] = self.client.list_namespaced_pod(
            self.namespace, label_selector=selector
        ).items
        return [pod for pod in found if not pod.metadata.deletion_timestamp]

    def _sweep(self, pods: Sequence[k8s.V1Pod]) -> None:
        """Delete pods of this task that nobody waits for: a cluster may start one twice."""
        for pod in pods:
            self.log.warning("pod %s is a second one for this task, and is deleted", pod.metadata.name)
            self.pod_manager.delete_pod(pod)

    def _look(self, name: str) -> k8s.V1Pod | None:
        """Give the pod as the cluster has it now, or nothing where it has none, or does not answer."""
        try:
            return self.hook.get_pod(name, str(self.namespace))
        except ApiException:
            return None

    def _has_answered(self, pod: k8s.V1Pod) -> bool:
        done = pod.status.phase == "Succeeded"
        return done and answers.read(answers.key(self._folder, pod.metadata.name)) is not None

    def _ended(self, pod: k8s.V1Pod) -> bool:
        states = [s.state for s in pod.status.container_statuses or [] if s.name == self.base_container_name]
        return any(state and state.terminated for state in states)

    def _is_ours(self, pod: k8s.V1Pod, context: Context | None) -> bool:
        own, found = self._get_ti_pod_labels(context, include_try_number=False), pod.metadata.labels or {}
        return all(found.get(name) == value for name, value in own.items())

    def _labels(self) -> dict[str, str]:
        told = {"use-case": self.usecase, "step": self.step, "item": self.item}
        told |= {name: str(self.options.get(name, "")) for name in ("run", "date")}
        safe = {f"nightlabel/{name}": make_safe_label_value(value) for name, value in told.items() if value}
        return {"app.kubernetes.io/name": "nightlabel", **safe}

    @property
    def _folder(self) -> str:
        return answers.folder(self.usecase, self.options)

    @property
    def _memory_key(self) -> str:
        return f"{self._folder}/memory/{self.step}-{self.item or 'all'}.json"

    @property
    def _what(self) -> str:
        return f"{self.step} {self.item}".strip()

    _context: Context | None = None
    _adopts = False
    """Whether a pod is being looked for: one that has ended is then deleted, unless it did its work."""


class _Manager(PodManager):
    """Follows logs with less patience than the operator's five minutes."""

    def read_pod_logs(self, pod: k8s.V1Pod, container_name: str, **how: Any) -> Any:
        return super().read_pod_logs(
            pod, container_name, **how | {"_request_timeout": (LOG_PATIENCE, LOG_PATIENCE)}
        )


@cache
def eks_step() -> type[PodStep]:
    """Give the same on EKS, whose operator finds the cluster by its name and renews its token."""
    from airflow.providers.amazon.aws.operators.eks import EksPodOperator  # noqa: PLC0415 - needed there alone

    return type("EksStep", (PodStep, EksPodOperator), {"__module__": __name__})
