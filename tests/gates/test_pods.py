"""Every pod that the operator renders keeps to the standard *restricted*; a spoiled one does not."""

import copy

import pytest

from gates.manifests import judge_file
from tests.fake_kubernetes.pod_security import violations
from tests.pods.test_spec import bag, rendered, tasks

pytestmark = pytest.mark.airflow

SPOILED = {
    "privileged": ("container", "privileged", True),
    "allowPrivilegeEscalation != false": ("container", "allowPrivilegeEscalation", True),
    "unrestricted capabilities": ("container", "capabilities", {"add": ["SYS_ADMIN"]}),
    "runAsUser=0": ("container", "runAsUser", 0),
    "runAsNonRoot != true": ("container", "runAsNonRoot", False),
    "seccompProfile": ("container", "seccompProfile", {"type": "Unconfined"}),
    "host namespaces": ("pod", "hostNetwork", True),
    "restricted volume types": ("pod", "volumes", [{"name": "node", "hostPath": {"path": "/"}}]),
}


def spoil(pod: dict, where: str, field: str, value: object) -> dict:
    bad = copy.deepcopy(pod)
    spec = bad["spec"]
    (spec if where == "pod" else spec["containers"][0].setdefault("securityContext", {}))[field] = value
    return bad


def test_every_pod_keeps_to_the_standard_and_a_spoiled_one_is_refused_for_what_was_spoiled(monkeypatch):
    pods = [rendered(task) for task in tasks(bag(monkeypatch))]

    assert len(pods) > 3
    for pod in pods:
        assert violations(pod) == []
        for reason, (where, field, value) in SPOILED.items():
            assert reason in [found.reason for found in violations(spoil(pod, where, field, value))]


def test_the_image_of_a_rendered_pod_that_moves_is_refused(monkeypatch):
    import yaml  # noqa: PLC0415 - needed here alone

    pod = rendered(tasks(bag(monkeypatch))[0]) | {"kind": "Pod"}
    moving = yaml.safe_dump(pod).replace(
        pod["spec"]["containers"][0]["image"], "registry.example/nightlabel:latest"
    )

    assert judge_file("pod.yaml", yaml.safe_dump(pod)) == []
    assert "moving-image" in [found.rule for found in judge_file("pod.yaml", moving)]
