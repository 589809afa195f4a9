"""The server: the API on a port that can be taken away, and the gate that each request passes."""

import asyncio
import re
import time
import traceback
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from tests.fake_kubernetes.api import OPEN, REVIEWS, Api
from tests.fake_kubernetes.faults import Faults, RequestFault
from tests.fake_kubernetes.logs import truth
from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.mishaps import Mishaps
from tests.fake_kubernetes.node import Node
from tests.fake_kubernetes.rbac import Asked, Rbac
from tests.fake_kubernetes.runner import Runner
from tests.fake_kubernetes.state import Ending, State
from tests.fake_kubernetes.status import ApiError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
VERBS = {"POST": "create", "GET": "get", "PATCH": "patch", "DELETE": "delete"}
ADDRESS = re.compile(
    r"(?:/api/v1|/apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+))?"
    r"/(?P<resource>[^/]+)(?:/(?P<name>[^/]+)(?:/(?P<part>[^/]+))?)?"
)
LOCAL = "127.0.0.1"


@dataclass
class Seen:
    """One request that came, and how it was answered."""

    verb: str
    path: str
    query: str
    user: str
    code: int
    at: float


class Server:
    """One cluster, served over HTTP."""

    def __init__(self, folder: Path, manifests: Manifests, runner: Runner) -> None:
        self.state, self.faults, self.manifests = State(folder), Faults(), manifests
        self.rbac = Rbac(manifests)
        self.node = Node(self.state, runner, manifests, self.faults)
        self.mishaps = Mishaps(self.state, self.node, self.faults)
        self.seen: list[Seen] = []
        self.port = 0
        self._resetting_until = 0.0
        # The longest body that a real API server takes is 3 MiB.
        app = web.Application(middlewares=[self._gate], client_max_size=3 << 20)
        parts = {"rbac": self.rbac, "faults": self.faults, "mishaps": self.mishaps}
        app.add_routes(Api(self.state, self.node, manifests=manifests, **parts).routes())
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0)
        self._site: web.TCPSite | None = None

    async def start(self) -> None:
        await self._runner.setup()
        await self._open()

    async def stop(self) -> None:
        """End all pods, and the server."""
        await self.empty()
        await self._runner.cleanup()

    async def empty(self) -> None:
        """End all pods, and forget what was; an API that was taken away is back."""
        self._resetting_until = 0
        await self._open()
        pods = list(self.state.pods.values())
        for pod in pods:
            self.node.end(pod, Ending("", ""))
        await asyncio.gather(*(pod.life for pod in pods if pod.life), return_exceptions=True)
        for pod in pods:
            self.state.remove(pod)
        for record in (
            self.faults,
            self.state.events,
            self.state.errors,
            self.seen,
            self.rbac.used,
            self.rbac.refused,
        ):
            record.clear()

    async def refuse(self, seconds: float) -> None:
        """Take the API away: nobody listens, and open connections break."""
        site, self._site = self._site, None
        if site:
            await site.stop()
        self._break_connections()
        asyncio.get_running_loop().call_later(seconds, lambda: asyncio.ensure_future(self._open()))

    def reset(self, seconds: float) -> None:
        """Take the API away: connections are taken, and broken when a request comes."""
        self._resetting_until = time.monotonic() + seconds
        self._break_connections()

    async def _open(self) -> None:
        while self._site is None:
            site = web.TCPSite(self._runner, LOCAL, self.port)
            try:
                await site.start()
            except OSError:
                # Somebody has the port for a moment: as the near end of a connection, say.
                await asyncio.sleep(0.05)
            else:
                self._site = site
        self.port = self._runner.addresses[0][1]

    def _break_connections(self) -> None:
        for connection in list(self._runner.server.connections):
            if connection.transport:
                connection.transport.abort()

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        seen = Seen(request.method, request.path, request.query_string, "", 0, time.time())
        self.seen.append(seen)
        if time.monotonic() < self._resetting_until:
            return _lost(request)
        try:
            answer = await self._answered(request, handler, seen)
        except ApiError as error:
            answer = error.answer()
        except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as error:
            answer = ApiError(error.status, "the server could not find the requested resource").answer()
        except (asyncio.CancelledError, ConnectionError):
            raise
        except Exception as error:  # noqa: BLE001 - a fault of the fake must show in the test, whatever it is
            self.state.errors.append(traceback.format_exc())
            answer = ApiError(500, f"the fake failed: {error!r}").answer()
        seen.code = answer.status
        return answer

    async def _answered(self, request: web.Request, handler: Handler, seen: Seen) -> web.StreamResponse:
        fault = self.faults.of_request(request.method, request.path)
        if fault and fault.lose == "request":
            return _lost(request)
        if request.path not in OPEN:
            request["user"] = seen.user = self.rbac.user(request.headers.get("Authorization", ""))
            self._permit(request)
        if fault:
            await asyncio.sleep(fault.delay)
        if fault and fault.code:
            return _scripted(fault)
        answer = await handler(request)
        return _lost(request) if fault and fault.lose else answer

    def _permit(self, request: web.Request) -> None:
        # Everybody who has a token may ask what it is good for (the role system:basic-user).
        if request.path != REVIEWS and (asked := asked_of(request)):
            self.rbac.permit(request["user"], asked)


def asked_of(request: web.Request) -> Asked | None:
    """Give what a request wants to do, in the words of a role; nothing where it is about no resource."""
    if not (found := ADDRESS.fullmatch(request.path)):
        return None
    place = {name: text or "" for name, text in found.groupdict().items()}
    verb = VERBS.get(request.method, request.method.lower())
    if verb == "get" and not place["name"]:
        verb = "watch" if truth(request.query, "watch") else "list"
    resource = "/".join(filter(None, (place["resource"], place["part"])))
    return Asked(verb, resource, place["namespace"], place["name"], place["group"])


def _scripted(fault: RequestFault) -> web.Response:
    told = fault.message or f"scripted by the test: {fault.code}"
    return ApiError(fault.code, told, reason=fault.reason).answer(fault.headers)


def _lost(request: web.Request) -> web.Response:
    if request.transport:
        with suppress(OSError):
            request.transport.abort()
    return web.Response(status=499)
