"""What a pod of a step is: image, size, rights and security. Imported only where steps run in pods.

Every pod keeps to the Pod Security Standard *restricted*, has no token of the cluster, and the rights in the
store of its own service account: planning, labelling, publishing and training are four different ones.
"""

from functools import cache
from typing import Any

from kubernetes.client import models as k8s

from nightlabel.contract import Card
from nightlabel.settings import OF_CHAMPION, Settings
from nightlabel_airflow.commands import readable
from nightlabel_airflow.task import StepTask

USER = 10001
"""User and group that the images are made for."""

START_SECONDS = 300
"""Longest wait for a node and for the image; a pod that takes longer is given up and tried again."""

ACCOUNTS = {
    "plan": "nightlabel-planner",
    "label": "nightlabel-labeller",
    "publish": "nightlabel-publisher",
    "monitor": "nightlabel-trainer",
    "validate": "nightlabel-trainer",
    "split": "nightlabel-trainer",
    "train": "nightlabel-trainer",
    "evaluate": "nightlabel-trainer",
    "gate": "nightlabel-trainer",
    "register": "nightlabel-trainer",
}
"""Service account of each step that can run in a pod; the others need what only Airflow's place has."""

_IMAGE_OF_CHAMPION = "{{ image_of_night(label_date(dag_run, params.date), key(run_id)) }}"
"""Looked up when the task runs, so that no parsing of DAG files asks the registry."""
_LABELLING = {"plan", "label", "publish"}
_LONGEST_SECONDS = 7200  # of a step that no deadline bounds
_GRACE_SECONDS = 300  # behind the deadline, at which labelling stops by itself
_STOP_SECONDS = 30  # between the word to stop and the end of the process
_SCRATCH = "scratch"


def image(step: str, place: Settings) -> str:
    """Give the image that a step runs in, or nothing where it runs in a process."""
    if step in _LABELLING:
        return _IMAGE_OF_CHAMPION if place.pod_image == OF_CHAMPION else place.pod_image
    return place.pod_training_image if step in ACCOUNTS else ""


@cache
def operator(place: Settings) -> type[StepTask]:
    """Give the operator that starts pods in this place's cluster."""
    if place.steps_in == "eks":
        from nightlabel_airflow.podstep import eks_step  # noqa: PLC0415 - Amazon's provider is only needed there

        return eks_step()
    from nightlabel_airflow.podstep import PodStep  # noqa: PLC0415 - it imports this module

    return PodStep


def arguments(step: str, card: Card, place: Settings) -> dict[str, Any]:
    """Give the arguments of a step's operator that say what its pod is.

    Args:
        step: The command's word.
        card: The use case, with sizes and deadline.
        place: The settings of Airflow's place.
    """
    seconds = card.deadline_minutes * 60 + _GRACE_SECONDS if step in _LABELLING else _LONGEST_SECONDS
    return {
        **_cluster(place, f"nightlabel-{card.name}-{step}".replace("_", "-")),
        "image": image(step, place),
        "image_pull_policy": "IfNotPresent",
        "namespace": place.pod_namespace,
        "service_account_name": ACCOUNTS[step],
        "automount_service_account_token": False,
        "priority_class_name": "nightlabel",
        "container_resources": _resources(step, card),
        "security_context": _POD_SECURITY,
        "container_security_context": _CONTAINER_SECURITY,
        "volumes": [k8s.V1Volume(name=_SCRATCH, empty_dir=k8s.V1EmptyDirVolumeSource(size_limit="2Gi"))],
        "volume_mounts": [k8s.V1VolumeMount(name=_SCRATCH, mount_path="/tmp")],  # noqa: S108 - of the pod alone
        "env_vars": _environment(step, place),
        "env_from": _secrets(place),
        "active_deadline_seconds": seconds,
        "termination_grace_period": _STOP_SECONDS,
        "termination_message_policy": "FallbackToLogsOnError",
        "startup_timeout_seconds": START_SECONDS,
        "startup_check_interval_seconds": 2,
        "on_finish_action": "delete_pod",
        "deferrable": place.pod_deferrable,
        "get_logs": True,
        "container_name_log_prefix_enabled": False,
        "log_formatter": lambda _, line: readable(line),
        "log_pod_spec_on_failure": False,
    }


def _cluster(place: Settings, name: str) -> dict[str, Any]:
    """Say which cluster it is, in the words of its operator."""
    if place.steps_in == "eks":
        connection = {"aws_conn_id": place.pod_connection or None, "region": place.s3_region}
        return {"cluster_name": place.eks_cluster, "pod_name": name, **connection}
    if place.pod_connection:
        return {"kubernetes_conn_id": place.pod_connection, "name": name}
    return {"kubernetes_conn_id": None, "in_cluster": True, "name": name}


def _resources(step: str, card: Card) -> k8s.V1ResourceRequirements:
    size = card.pod if step in _LABELLING else card.training_pod
    asked = {"cpu": f"{round(size.cpu * 1000)}m", "memory": f"{size.memory_mb}Mi", "ephemeral-storage": "2Gi"}
    return k8s.V1ResourceRequirements(requests=asked, limits=asked)


def _environment(step: str, place: Settings) -> list[k8s.V1EnvVar]:
    told = {
        **place.for_pods(),
        "NIGHTLABEL_HOME": "/tmp/nightlabel",  # noqa: S108 - of the pod alone
        "NIGHTLABEL_IMAGE": image(step, place),
        "NIGHTLABEL_LOG_JSON": "true",
        "OMP_NUM_THREADS": "1",
    }
    return [k8s.V1EnvVar(name=name, value=value) for name, value in sorted(told.items())]


def _secrets(place: Settings) -> list[k8s.V1EnvFromSource]:
    if not place.pod_secret:
        return []
    return [k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name=place.pod_secret))]


_POD_SECURITY = k8s.V1PodSecurityContext(
    run_as_non_root=True,
    run_as_user=USER,
    run_as_group=USER,
    fs_group=USER,
    seccomp_profile=k8s.V1SeccompProfile(type="RuntimeDefault"),
)
_CONTAINER_SECURITY = k8s.V1SecurityContext(
    allow_privilege_escalation=False,
    privileged=False,
    read_only_root_filesystem=True,
    capabilities=k8s.V1Capabilities(drop=["ALL"]),
)
