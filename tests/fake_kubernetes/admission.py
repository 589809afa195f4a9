"""What stands between a request and its pod: schema, rules, the namespace's standard, accounts, quotas."""

import copy
from typing import Any

from tests.fake_kubernetes.defaults import filled
from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.pod_security import refusal
from tests.fake_kubernetes.quota import quota_refusal
from tests.fake_kubernetes.status import ApiError, forbidden, invalid, not_found
from tests.fake_kubernetes.validation import pod_faults

Body = dict[str, Any]


def admitted(sent: Body, namespace: str, others: list[Body], manifests: Manifests) -> Body:
    """Give the pod that a request makes, or refuse it as the API server does."""
    body = {"apiVersion": "v1", "kind": "Pod", **copy.deepcopy(sent)}
    meta = body.setdefault("metadata", {})
    name = meta.get("name") or meta.get("generateName") or ""
    if (body["apiVersion"], body["kind"]) != ("v1", "Pod"):
        raise ApiError(
            400, f"the object provided is unrecognized: {body['apiVersion']} {body['kind']}, not a v1 Pod"
        )
    if not manifests.get("Namespace", "", namespace):
        raise not_found("namespaces", namespace)
    if meta.get("namespace", namespace) != namespace:
        raise ApiError(
            400, "the namespace of the provided object does not match the namespace sent on the request"
        )
    if faults := pod_faults(body):
        raise invalid(name, faults)
    body["spec"] = filled(body["spec"])
    _check_runs_once(body["spec"])
    _check_account(body["spec"], name, namespace, manifests)
    refused = refusal(body) if manifests.restricted(namespace) else ""
    if refused := refused or quota_refusal(body, others, manifests, namespace):
        raise forbidden("pods", name, refused)
    return {key: body[key] for key in ("apiVersion", "kind", "metadata", "spec")}


def _check_runs_once(spec: Body) -> None:
    if spec["restartPolicy"] != "Never":
        raise ApiError(501, "this fake starts no container twice: restartPolicy must be Never")


def _check_account(spec: Body, name: str, namespace: str, manifests: Manifests) -> None:
    account = spec["serviceAccountName"]
    if not manifests.get("ServiceAccount", namespace, account):
        told = f'error looking up service account {namespace}/{account}: serviceaccount "{account}" not found'
        raise forbidden("pods", name, told)
