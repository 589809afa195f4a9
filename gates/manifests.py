"""Our own rules for Kubernetes manifests, where checkov is blind or asks for less."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from gates.cloud import is_wide
from gates.findings import ROOT, Finding, GateError
from gates.run import files
from tests.fake_kubernetes.pod_security import LABEL, violations

MANIFESTS = ("inference_image/k8s/*.yaml", "inference_image/k8s/*.yml")
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
Object = dict[str, Any]


def manifests(root: Path = ROOT) -> list[Finding]:
    """Hold the rules against all manifests.

    Raises:
        GateError: There are none, or one cannot be read.
    """
    names = files(*MANIFESTS, root=root)
    if not names:
        raise GateError("no manifest was found")
    return [
        finding for name in names for finding in judge_file(name, (root / name).read_text(encoding="utf-8"))
    ]


def judge_file(path: str, text: str) -> list[Finding]:
    """Hold the rules against the objects of one file."""
    try:
        objects = [one for one in yaml.safe_load_all(text) if isinstance(one, dict)]
    except yaml.YAMLError as error:
        raise GateError(f"{path} is no YAML: {error}") from error
    return [
        Finding(
            "manifests", rule.__name__.replace("_", "-"), path, 0, f"{one.get('kind')} {_name(one)}: {said}"
        )
        for one in objects
        for rule in RULES
        for said in rule(one)
    ]


def restricted_pod(one: Object) -> Iterator[str]:
    """Every pod keeps to the Pod Security Standard *restricted*."""
    for pod in _pods(one):
        yield from map(str, violations(pod))


def moving_image(one: Object) -> Iterator[str]:
    """Every image is named by its digest."""
    for pod in _pods(one):
        for container in _containers(pod):
            if not DIGEST.search(str(container.get("image", ""))):
                yield f"the image {container.get('image')!r} is not named by its digest"


def open_ingress(one: Object) -> Iterator[str]:
    """Nobody lets the whole world in, on whatever port."""
    if one.get("kind") == "NetworkPolicy":
        for rule in one["spec"].get("ingress") or []:
            if not rule.get("from"):
                yield "lets anybody in"
            yield from (f"lets in {cidr}" for cidr in _ranges(rule) if is_wide(cidr))
        if "Ingress" not in one["spec"].get("policyTypes", ["Ingress"]):
            yield "says nothing about who may come in"
    if one.get("kind") == "Service" and one["spec"].get("type") in {"LoadBalancer", "NodePort"}:
        yield f"opens a door of type {one['spec']['type']}"
    if one.get("kind") == "Ingress":
        yield "opens a door of the cluster"


def open_namespace(one: Object) -> Iterator[str]:
    """A namespace enforces the standard *restricted*."""
    if one.get("kind") == "Namespace" and (one["metadata"].get("labels") or {}).get(LABEL) != "restricted":
        yield f"must have the label {LABEL}: restricted"


def token_of_the_cluster(one: Object) -> Iterator[str]:
    """No account gives its pods a token of the cluster."""
    if one.get("kind") == "ServiceAccount" and one.get("automountServiceAccountToken") is not False:
        yield "must say automountServiceAccountToken: false"


def wide_right(one: Object) -> Iterator[str]:
    """A role names what it is for, and is of one namespace."""
    if one.get("kind") in {"ClusterRole", "ClusterRoleBinding"}:
        yield "gives rights in the whole cluster"
    for rule in one.get("rules") or [] if one.get("kind") in {"Role", "ClusterRole"} else []:
        if "*" in [word for words in rule.values() for word in words]:
            yield "gives rights by *"
        if {"secrets", "pods/exec", "pods/attach"} & set(rule.get("resources", [])):
            yield "gives a way into pods or their secrets"


RULES: list[Callable[[Object], Iterator[str]]] = [
    restricted_pod,
    moving_image,
    open_ingress,
    open_namespace,
    token_of_the_cluster,
    wide_right,
]


def _pods(one: Object) -> Iterator[Object]:
    """Give the pods that an object is, or makes."""
    if one.get("kind") == "Pod":
        yield one
    elif isinstance(spec := one.get("spec"), dict):
        template = (spec.get("jobTemplate") or {}).get("spec", spec).get("template")
        if isinstance(template, dict) and "spec" in template:
            yield template


def _containers(pod: Object) -> Iterator[Object]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod["spec"].get(kind) or []


def _ranges(rule: Object) -> list[str]:
    return [peer["ipBlock"]["cidr"] for peer in rule.get("from") or [] if "ipBlock" in peer]


def _name(one: Object) -> str:
    return str((one.get("metadata") or {}).get("name", ""))
