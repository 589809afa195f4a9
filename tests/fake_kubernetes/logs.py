"""The log of a container over HTTP: the whole of it, its end, or as it comes.

Source: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from aiohttp import web

from tests.fake_kubernetes.faults import Faults
from tests.fake_kubernetes.output import Line, Output
from tests.fake_kubernetes.pod_status import state_of
from tests.fake_kubernetes.state import Pod
from tests.fake_kubernetes.status import ApiError

FOR_EVER_S = 3600


def truth(query: Mapping[str, str], name: str) -> bool:
    """Say whether a query asks for something; clients write it in several ways."""
    return query.get(name, "").lower() in {"true", "1"}


async def answer_log(request: web.Request, pod: Pod, faults: Faults) -> web.StreamResponse:
    """Answer with what a container wrote."""
    query = request.query
    output = _output(pod, query)
    first = first_line(output.lines, query)
    response = web.StreamResponse(headers={"Content-Type": "text/plain"})
    response.enable_chunked_encoding()
    if not truth(query, "follow"):
        await response.prepare(request)
        text = b"".join(_shown(line, query) for line in output.lines[first:])
        await response.write(text[: int(query.get("limitBytes", len(text)))])
        return response
    await response.prepare(request)
    await _follow(request, response, output, first, faults.of_pod("log", pod.name))
    return response


async def _follow(request, response, output: Output, first: int, fault) -> None:
    limit = fault.values["lines"] if fault else None
    written = 0
    async for line in output.follow(first):
        if written == limit:
            break
        await response.write(_shown(line, request.query))
        written += 1
    if fault and fault.values["how"] == "hang":
        await asyncio.sleep(FOR_EVER_S)
    if fault and fault.values["how"] == "cut" and request.transport:
        request.transport.abort()


def _output(pod: Pod, query: Mapping[str, str]) -> Output:
    names = [c["name"] for kind in ("containers", "initContainers") for c in pod.spec.get(kind) or []]
    if "container" not in query and len(pod.spec["containers"]) > 1:
        told = f"a container name must be specified for pod {pod.name}, choose one of: [{' '.join(names)}]"
        raise ApiError(400, told)
    name = query.get("container") or names[0]
    if name not in names:
        raise ApiError(400, f"container {name} is not valid for pod {pod.name}")
    if truth(query, "previous"):
        raise ApiError(400, f'previous terminated container "{name}" in pod "{pod.name}" not found')
    if name not in pod.containers:
        raise ApiError(400, f'container "{name}" in pod "{pod.name}" is waiting to start: {_wait(pod, name)}')
    return pod.containers[name].output


def _wait(pod: Pod, name: str) -> str:
    reason = state_of(pod, name).get("waiting", {}).get("reason", "ContainerCreating")
    pulling = {"ErrImagePull", "ImagePullBackOff"}
    return "trying and failing to pull image" if reason in pulling else reason


def first_line(lines: list[Line], query: Mapping[str, str]) -> int:
    """Give the number of the first line that a query asks for."""
    first = max(0, len(lines) - int(query["tailLines"])) if "tailLines" in query else 0
    since = _since(query)
    while since and first < len(lines) and lines[first].at < since:
        first += 1
    return first


def _since(query: Mapping[str, str]) -> datetime | None:
    if "sinceSeconds" in query:
        return datetime.now(UTC) - timedelta(seconds=int(query["sinceSeconds"]))
    return datetime.fromisoformat(query["sinceTime"]) if "sinceTime" in query else None


def _shown(line: Line, query: Mapping[str, str]) -> bytes:
    return line.stamped if truth(query, "timestamps") else line.text
