"""What the API server fills in where a pod says nothing.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/.
"""

from typing import Any

POD = {
    "dnsPolicy": "ClusterFirst",
    "enableServiceLinks": True,
    "preemptionPolicy": "PreemptLowerPriority",
    "priority": 0,
    "restartPolicy": "Always",
    "schedulerName": "default-scheduler",
    "serviceAccountName": "default",
    "terminationGracePeriodSeconds": 30,
}
CONTAINER = {
    "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File",
}


def filled(spec: dict[str, Any]) -> dict[str, Any]:
    """Give a pod's spec with its defaults."""
    made = POD | _said(spec)
    made.setdefault("securityContext", {})
    made["serviceAccount"] = made["serviceAccountName"]
    for kind in ("initContainers", "containers"):
        if spec.get(kind):
            made[kind] = [_container(c) for c in spec[kind]]
    return made


def quality(spec: dict[str, Any]) -> str:
    """Give the class of quality of service that the resources of a pod amount to."""
    held = [c.get("resources") or {} for c in spec["containers"]]
    if not any(part.get("requests") or part.get("limits") for part in held):
        return "BestEffort"
    sure = all({"cpu", "memory"} <= set(p.get("limits") or {}) and p["requests"] == p["limits"] for p in held)
    return "Guaranteed" if sure else "Burstable"


def _said(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if value is not None}


def _container(container: dict[str, Any]) -> dict[str, Any]:
    made = CONTAINER | _said(container)
    tagged = ":" in made["image"].rpartition("/")[2] and not made["image"].endswith(":latest")
    made.setdefault("imagePullPolicy", "IfNotPresent" if tagged else "Always")
    resources = dict(made.get("resources") or {})
    if limits := resources.get("limits"):
        resources["requests"] = limits | (resources.get("requests") or {})
    return made | {"resources": resources}
