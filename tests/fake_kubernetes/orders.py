"""The test's own door: orders to the cluster that no API has, each a POST with its arguments as JSON."""

import time
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tests.fake_kubernetes.eks import Eks
from tests.fake_kubernetes.faults import PodFault, RequestFault
from tests.fake_kubernetes.server import Server


class Orders:
    """What a test can ask for; each public method is one order."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._app = web.Application()
        self._app.add_routes([web.post("/{order}", self._obey)])

    async def start(self) -> str:
        """Open the door; gives its address."""
        runner = web.AppRunner(self._app, shutdown_timeout=0)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def token(self, namespace: str, account: str) -> str:
        return self._server.rbac.token(namespace, account)

    async def expire(self, namespace: str, account: str) -> None:
        self._server.rbac.expire(namespace, account)

    async def trust(self, namespace: str, account: str, **key: Any) -> None:
        """Take the tokens of an AWS key for those of an account."""
        self._server.rbac.eks = Eks(user=f"system:serviceaccount:{namespace}:{account}", **key)

    async def signed(self) -> int:
        """Count the tokens of AWS that were taken."""
        return len(self._server.rbac.signed)

    async def rights(self, namespace: str, account: str) -> dict[str, Any]:
        """Give what an account was granted, used, and was refused."""
        rbac, user = self._server.rbac, f"system:serviceaccount:{namespace}:{account}"
        sets = {"granted": rbac.granted(user), "used": rbac.used[user], "refused": rbac.refused[user]}
        return {word: sorted(rights) for word, rights in sets.items()}

    async def answer(self, **fault: Any) -> None:
        self._server.faults.requests.append(RequestFault(**fault))

    async def mishap(self, **fault: Any) -> None:
        self._server.mishaps.script(PodFault(**fault))

    async def away(self, seconds: float, how: str) -> None:
        if how == "refused":
            await self._server.refuse(seconds)
        else:
            self._server.reset(seconds)

    async def waiting(self) -> list[dict[str, Any]]:
        return self._server.faults.waiting()

    async def clear(self) -> None:
        self._server.faults.clear()

    async def empty(self) -> None:
        await self._server.empty()

    async def pods(self) -> list[dict[str, Any]]:
        return [pod.body for pod in self._server.state.pods.values()]

    async def events(self) -> list[dict[str, Any]]:
        return self._server.state.events

    async def requests(self) -> list[dict[str, Any]]:
        return [asdict(seen) for seen in self._server.seen]

    async def errors(self) -> list[str]:
        return self._server.state.errors

    async def changed(self, version: int, seconds: float) -> int:
        """Wait for a change after one, that long at most; gives the newest."""
        state, end = self._server.state, time.monotonic() + seconds
        while state.version <= version and (left := end - time.monotonic()) > 0:
            await state.wait(left)
        return state.version

    async def _obey(self, request: web.Request) -> web.Response:
        order = getattr(self, request.match_info["order"])
        try:
            return web.json_response({"answer": await order(**await request.json())})
        except (ValueError, TypeError, KeyError) as error:
            return web.json_response({"error": repr(error)}, status=400)
