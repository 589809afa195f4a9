"""The API itself: what each address answers to a user who may ask."""

import copy
import json
from typing import Any

from aiohttp import web

from tests.fake_kubernetes.admission import admitted
from tests.fake_kubernetes.faults import Faults
from tests.fake_kubernetes.logs import answer_log
from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.mishaps import Mishaps, delete
from tests.fake_kubernetes.node import Node
from tests.fake_kubernetes.rbac import Asked, Rbac
from tests.fake_kubernetes.selectors import EVENT_FIELDS, POD_FIELDS, field_test, label_test
from tests.fake_kubernetes.state import Pod, State
from tests.fake_kubernetes.status import ApiError, conflict, invalid
from tests.fake_kubernetes.validation import VERSION, pod_faults
from tests.fake_kubernetes.watching import answer_list

PODS = "/api/v1/namespaces/{namespace}/pods"
EVENTS = "/api/v1/namespaces/{namespace}/events"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
VERSIONS = ("/version", "/version/")
HEALTH = ("/livez", "/readyz", "/healthz")
OPEN = {*VERSIONS, *HEALTH}
"""What needs no token."""
PATCHES = {"application/merge-patch+json", "application/strategic-merge-patch+json"}
MAP_FIELDS = ("labels", "annotations")
Body = dict[str, Any]


class Api:
    """The addresses of the API server, over what the cluster holds."""

    def __init__(
        self, state: State, node: Node, *, manifests: Manifests, rbac: Rbac, faults: Faults, mishaps: Mishaps
    ) -> None:
        self._state, self._node, self._manifests = state, node, manifests
        self._rbac, self._faults, self._mishaps = rbac, faults, mishaps

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(PODS, self._create),
            web.get(PODS, self._list),
            web.get(f"{PODS}/{{name}}", self._read),
            web.patch(f"{PODS}/{{name}}", self._patch),
            web.delete(f"{PODS}/{{name}}", self._delete),
            web.get(f"{PODS}/{{name}}/log", self._log),
            web.get(EVENTS, self._events),
            web.post(REVIEWS, self._review),
            *(web.get(path, self._version) for path in VERSIONS),
            *(web.get(path, self._healthy) for path in HEALTH),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        namespace = request.match_info["namespace"]
        others = [pod.body for pod in self._state.pods.values() if pod.namespace == namespace]
        body = admitted(await _json(request), namespace, others, self._manifests)
        if request.query.get("dryRun") == "All":
            return web.json_response(body, status=201)
        pod = self._state.add(namespace, body)
        self._node.take(pod)
        self._mishaps.meet_new(pod)
        return web.json_response(pod.body, status=201)

    async def _list(self, request: web.Request) -> web.StreamResponse:
        labels = label_test(request.query.get("labelSelector", ""))
        fields = field_test(request.query.get("fieldSelector", ""), POD_FIELDS)
        held = [pod.body for _, pod in sorted(self._state.pods.items())]

        def wanted(body: Body) -> bool:
            return _here(body, request) and labels(body["metadata"].get("labels") or {}) and fields(body)

        return await answer_list(request, self._state, "Pod", held, wanted)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        fields = field_test(request.query.get("fieldSelector", ""), EVENT_FIELDS)

        def wanted(body: Body) -> bool:
            return _here(body, request) and fields(body)

        return await answer_list(request, self._state, "Event", self._state.events, wanted)

    async def _read(self, request: web.Request) -> web.Response:
        return web.json_response(self._pod(request).body)

    async def _log(self, request: web.Request) -> web.StreamResponse:
        return await answer_log(request, self._pod(request), self._faults)

    async def _patch(self, request: web.Request) -> web.Response:
        if request.content_type not in PATCHES:
            raise ApiError(415, f"the body of the request was in an unknown format: {request.content_type}")
        pod, patch = self._pod(request), await _json(request)
        wanted = (patch.get("metadata") or {}).get("resourceVersion", pod.body["metadata"]["resourceVersion"])
        if wanted != pod.body["metadata"]["resourceVersion"]:
            why = (
                "the object has been modified; please apply your changes to the latest version and try again"
            )
            raise conflict("pods", pod.name, why)
        made = merged(pod.body, patch)
        _check_patch(pod, made)
        pod.body["metadata"] = made["metadata"]
        self._state.changed(pod)
        return web.json_response(pod.body)

    async def _delete(self, request: web.Request) -> web.Response:
        pod, options = self._pod(request), await _json(request) if request.can_read_body else {}
        _check_preconditions(pod, options.get("preconditions") or {})
        asked = options.get("gracePeriodSeconds", request.query.get("gracePeriodSeconds"))
        grace = pod.spec["terminationGracePeriodSeconds"] if asked is None else float(asked)
        delete(pod, grace, self._state, self._node)
        return web.json_response(pod.body)

    async def _review(self, request: web.Request) -> web.Response:
        body = await _json(request)
        asks = body["spec"].get("resourceAttributes") or {}
        part = f"/{asks['subresource']}" if asks.get("subresource") else ""
        named = {key: asks.get(key, "") for key in ("namespace", "name", "group")}
        asked = Asked(verb=asks.get("verb", ""), resource=f"{asks.get('resource', '')}{part}", **named)
        answer = {"allowed": self._rbac.allows(request["user"], asked)}
        kind = {"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1"}
        return web.json_response(kind | {"metadata": {}, "spec": body["spec"], "status": answer}, status=201)

    async def _version(self, request: web.Request) -> web.Response:
        major, minor = VERSION.split(".")
        told = {"gitVersion": f"v{VERSION}.0", "platform": "linux/amd64", "goVersion": "", "compiler": ""}
        dated = {"gitCommit": "", "gitTreeState": "clean", "buildDate": ""}
        return web.json_response({"major": major, "minor": minor} | told | dated)

    async def _healthy(self, request: web.Request) -> web.Response:
        return web.Response(text="ok")

    def _pod(self, request: web.Request) -> Pod:
        return self._state.pod(request.match_info["namespace"], request.match_info["name"])


def merged(held: Any, patch: Any) -> Any:
    """Apply a JSON merge patch (RFC 7396); for maps a strategic merge patch means the same."""
    if not isinstance(patch, dict):
        return patch
    made = copy.deepcopy(held) if isinstance(held, dict) else {}
    for key, value in patch.items():
        if value is None:
            made.pop(key, None)
        else:
            made[key] = merged(made.get(key), value)
    return made


async def _json(request: web.Request) -> Body:
    try:
        body = await request.json()
    except json.JSONDecodeError as error:
        raise ApiError(400, f"the body of the request is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise ApiError(400, "the body of the request is no JSON object")
    return body


def _here(body: Body, request: web.Request) -> bool:
    return body["metadata"]["namespace"] == request.match_info["namespace"]


def _check_patch(pod: Pod, made: Body) -> None:
    fixed = [key for key in ("kind", "apiVersion", "spec", "status") if made.get(key) != pod.body.get(key)]
    old, new = ({k: v for k, v in b["metadata"].items() if k not in MAP_FIELDS} for b in (pod.body, made))
    if fixed or old != new:
        raise invalid(
            pod.name, [f"{(fixed or ['metadata'])[0]}: Forbidden: this fake changes labels and annotations"]
        )
    told = {key: made["metadata"][key] for key in ("name", *MAP_FIELDS) if key in made["metadata"]}
    if faults := pod_faults({"apiVersion": "v1", "kind": "Pod", "metadata": told, "spec": pod.spec}):
        raise invalid(pod.name, faults)


def _check_preconditions(pod: Pod, wanted: Body) -> None:
    for field in ("uid", "resourceVersion"):
        held = pod.body["metadata"][field]
        if wanted.get(field) not in (None, held):
            told = "UID" if field == "uid" else "ResourceVersion"
            why = f"{told} in precondition: {wanted[field]}, {told} in object meta: {held}"
            raise conflict("pods", pod.name, f"Precondition failed: {why}")
