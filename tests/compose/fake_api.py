"""A Kubernetes API as far as ``compose.cluster`` needs it: discovery, apply, a token that comes late.

What is applied is held against Kubernetes' own schema, as a cluster would.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import kubernetes_validate
import yaml

VERSION = "1.33"
GROUPS = {
    "v1": ["Namespace", "ServiceAccount", "ResourceQuota", "LimitRange", "Service", "Secret"],
    "rbac.authorization.k8s.io/v1": ["Role", "RoleBinding"],
    "networking.k8s.io/v1": ["NetworkPolicy"],
    "scheduling.k8s.io/v1": ["PriorityClass"],
    "discovery.k8s.io/v1": ["EndpointSlice"],
}
GLOBAL = {"Namespace", "PriorityClass"}
TOKEN = {"token": b64encode(b"launcher's").decode(), "ca.crt": b64encode(b"certificate").decode()}


class Cluster(ThreadingHTTPServer):
    """The API; ``applied`` holds what it was given, by kind and name."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.applied: dict[tuple[str, str], dict] = {}
        self.asked: Counter[str] = Counter()


class _Handler(BaseHTTPRequestHandler):
    server: Cluster

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked[path] += 1
        if path.endswith("/secrets/nightlabel-launcher"):
            # The controller of tokens needs a moment
            data = TOKEN if self.server.asked[path] > 1 else {}
            return self._answer(200, {"kind": "Secret", "apiVersion": "v1", "data": data})
        found = _discovery().get(path)
        return self._answer(200 if found else 404, found or {"kind": "Status", "code": 404})

    def do_PATCH(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Type"] != "application/apply-patch+yaml" or "fieldManager=" not in self.path:
            return self._answer(415, {"kind": "Status", "code": 415})
        body = yaml.safe_load(text)
        try:
            kubernetes_validate.validate(body, VERSION, strict=True)
        except kubernetes_validate.ValidationError as error:
            return self._answer(422, {"kind": "Status", "code": 422, "message": str(error)[:200]})
        self.server.applied[body["kind"], body["metadata"]["name"]] = body
        return self._answer(200, body)

    def _answer(self, status: int, body: dict) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_) -> None:
        """Say nothing."""


def _discovery() -> dict[str, dict]:
    """Give the lists by which a client finds the addresses of kinds."""
    named = [name for name in GROUPS if "/" in name]
    groups = [
        {"name": name.split("/")[0], "versions": [{"groupVersion": name, "version": "v1"}],
         "preferredVersion": {"groupVersion": name, "version": "v1"}}
        for name in named
    ]  # fmt: skip
    lists = {"/version": {"major": "1", "minor": "33"}, "/api": {"versions": ["v1"]}}
    lists["/apis"] = {"kind": "APIGroupList", "groups": groups}
    for name, kinds in GROUPS.items():
        resources = [
            {"name": f"{kind.lower()}s", "kind": kind, "namespaced": kind not in GLOBAL, "verbs": ["patch"]}
            for kind in kinds
        ]
        root = "/apis" if "/" in name else "/api"
        lists[f"{root}/{name}"] = {"kind": "APIResourceList", "groupVersion": name, "resources": resources}
    return lists


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Serve the API while the block runs."""
    with Cluster() as server:
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
