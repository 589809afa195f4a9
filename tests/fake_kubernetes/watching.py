"""Lists, and watches of what they list, as one line of JSON for each change.

Source: https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes.
"""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.fake_kubernetes.logs import truth
from tests.fake_kubernetes.state import State

Body = dict[str, Any]
Wanted = Callable[[Body], bool]
WATCH_S = 1800.0


async def answer_list(
    request: web.Request, state: State, kind: str, held: list[Body], wanted: Wanted
) -> web.StreamResponse:
    """Answer a list, or a watch of it where the request asks for one."""
    found = [body for body in held if wanted(body)]
    if truth(request.query, "watch"):
        return await _watch(request, state, kind, found, wanted)
    limit = int(request.query.get("limit") or 0) or len(found)
    meta = {"resourceVersion": str(state.version)}
    # A list is cut without a token to go on with: nothing of ours is that long.
    return web.json_response(
        {"kind": f"{kind}List", "apiVersion": "v1", "metadata": meta, "items": found[:limit]}
    )


async def _watch(
    request: web.Request, state: State, kind: str, found: list[Body], wanted: Wanted
) -> web.StreamResponse:
    loop = asyncio.get_running_loop()
    end = loop.time() + float(request.query.get("timeoutSeconds") or WATCH_S)
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    asked = request.query.get("resourceVersion") or "0"
    seen = state.version if asked == "0" else int(asked)
    for body in found if asked == "0" else []:
        await response.write(_line("ADDED", body))
    while (left := end - loop.time()) > 0:
        for version, change, body in state.after(seen):
            seen = version
            if body["kind"] == kind and wanted(body):
                await response.write(_line(change, body))
        await state.wait(left)
    return response


def _line(change: str, body: Body) -> bytes:
    return json.dumps({"type": change, "object": body}).encode() + b"\n"
