"""A namespace's ResourceQuota: counts of pods, sums of what they request and may use.

Source: https://kubernetes.io/docs/concepts/policy/resource-quotas/.
"""

from decimal import Decimal
from typing import Any

from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.quantity import quantity

Pod = dict[str, Any]
COUNTS = {"pods", "count/pods"}
SHORT = {"cpu": "requests.cpu", "memory": "requests.memory"}


def quota_refusal(pod: Pod, others: list[Pod], manifests: Manifests, namespace: str) -> str:
    """Say which quota a further pod would break; empty where there is room."""
    counted = [other for other in others if other["status"]["phase"] not in {"Succeeded", "Failed"}]
    for held in manifests.of("ResourceQuota", namespace):
        hard = {SHORT.get(key, key): text for key, text in (held["spec"].get("hard") or {}).items()}
        name = held["metadata"]["name"]
        if silent := [told for key in hard if (told := _silent(pod, key))]:
            return f"failed quota: {name}: must specify {'; '.join(silent)}"
        if over := [key for key in hard if _sum([pod, *counted], key) > quantity(hard[key])]:
            return _exceeded(name, {key: hard[key] for key in over}, pod, counted)
    return ""


def _exceeded(name: str, hard: dict[str, str], pod: Pod, counted: list[Pod]) -> str:
    parts = {
        "requested": {key: _sum([pod], key) for key in hard},
        "used": {key: _sum(counted, key) for key in hard},
        "limited": hard,
    }
    told = [f"{word}: {','.join(f'{k}={v}' for k, v in part.items())}" for word, part in parts.items()]
    return f"exceeded quota: {name}, {', '.join(told)}"


def _amounts(pod: Pod, key: str) -> list[tuple[str, str | None]]:
    kind, _, resource = key.partition(".")
    containers = pod["spec"]["containers"]
    return [(c["name"], ((c.get("resources") or {}).get(kind) or {}).get(resource)) for c in containers]


def _silent(pod: Pod, key: str) -> str:
    if key in COUNTS:
        return ""
    names = [name for name, amount in _amounts(pod, key) if amount is None]
    return f"{key} for: {','.join(names)}" if names else ""


def _sum(pods: list[Pod], key: str) -> Decimal:
    if key in COUNTS:
        return Decimal(len(pods))
    return sum((quantity(amount) for pod in pods for _, amount in _amounts(pod, key) if amount), Decimal(0))
