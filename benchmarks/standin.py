"""A small S3 in memory that costs less than what is measured: one process, uvloop, no signature checks.

moto answers a few hundred requests a second, so it would measure itself. This server knows what labelling
and its peers ask for: GET (ranges, ``If-Match``), HEAD, PUT (``If-None-Match: *``), uploads in parts,
DELETE, ListObjectsV2; it can answer late, and with 503. The night is made in place, so that a million files
cost no upload.

``python -m benchmarks.standin --files 20000 --delay-ms 20`` prints its port when it is ready, and serves
until it is stopped. ``GET /-/requests`` counts the requests so far by method.
"""

import argparse
import asyncio
import bisect
import gc
import hashlib
import json
import random
import re
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import NamedTuple, cast
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape, unescape

import uvloop

from benchmarks import workload
from benchmarks.workload import Night

COUNTS = "/-/requests"

_PAGE = 1000  # keys of one page of a listing, as S3 has it
_LAST = "\U0010ffff"  # sorts after every key
_DATE = formatdate(usegmt=True)
_MODIFIED = "2026-01-01T00:00:00.000Z"
_SIGNATURE = "X-Amz-Algorithm="  # begins the query of a signed address, which asks for nothing more
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

Send = Callable[[bytes], None]


class Blob(NamedTuple):
    """One object, held as the whole answer to a plain GET.

    Attributes:
        answer: Status line, headers and body.
        head: Length of what stands before the body.
        etag: In quotes.
    """

    answer: bytes
    head: int
    etag: str

    @property
    def size(self) -> int:
        """Length of the body in bytes."""
        return len(self.answer) - self.head


@dataclass(slots=True)
class Blobs:
    """Objects by ``bucket/key``, with a sorted list of keys for listings."""

    objects: dict[str, Blob] = field(default_factory=dict)
    keys: list[str] | None = None

    def put(self, key: str, body: bytes) -> str:
        """Keep an object, and give its ETag."""
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        answer = _answer("200 OK", body, _about(etag))
        if key not in self.objects:
            self.keys = None
        self.objects[key] = Blob(answer, len(answer) - len(body), etag)
        return etag

    def delete(self, key: str) -> None:
        """Forget an object, if there is one."""
        if self.objects.pop(key, None):
            self.keys = None

    def page(self, prefix: str, after: str, limit: int) -> tuple[list[str], bool]:
        """Give the next keys of a prefix, and whether there are more."""
        if self.keys is None:
            self.keys = sorted(self.objects)
        start = bisect.bisect_right(self.keys, after) if after else bisect.bisect_left(self.keys, prefix)
        found = self.keys[start : start + limit + 1]
        while found and not found[-1].startswith(prefix):
            found.pop()
        return found[:limit], len(found) > limit


class Late:
    """Sends all answers late by the same time, on one timer: one for each would cost as much as its answer.

    Args:
        seconds: How late.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._waiting = deque[tuple[float, Send, bytes]]()

    def send(self, send: Send, answer: bytes) -> None:
        """Send an answer when it is time."""
        loop = asyncio.get_running_loop()
        self._waiting.append((loop.time() + self._seconds, send, answer))
        if len(self._waiting) == 1:
            loop.call_later(self._seconds, self._due, loop)

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        now = loop.time()
        while self._waiting and self._waiting[0][0] <= now:
            _, send, answer = self._waiting.popleft()
            send(answer)
        if self._waiting:
            loop.call_later(self._waiting[0][0] - now, self._due, loop)


@dataclass(slots=True)
class Server:
    """What the connections share.

    Attributes:
        late: Sends the answers late; nothing sends them at once.
        refuse: Share of requests that are answered with 503.
        requests: Number of requests by method.
        uploads: Parts of unfinished uploads, by upload id and number.
    """

    blobs: Blobs = field(default_factory=Blobs)
    late: Late | None = None
    refuse: float = 0.0
    requests: Counter[str] = field(default_factory=Counter)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    chance: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - no secret

    def answer(self, method: str, target: str, headers: bytes, body: bytes) -> bytes:
        """Answer one request.

        Args:
            method: Of HTTP.
            target: Path and query.
            headers: All of them, each with its line end before and after.
            body: The payload.
        """
        if target == COUNTS:
            return _answer("200 OK", json.dumps(self.requests).encode())
        self.requests[method] += 1
        if self.refuse and self.chance.random() < self.refuse:
            return _error("503 Slow Down", "SlowDown")
        path, _, query = target.partition("?")
        key = unquote(path[1:]) if "%" in path else path[1:]
        asked = {} if query.startswith(_SIGNATURE) else _asked(query)
        match method:
            case "GET" if "list-type" in asked:
                answer = self._list(f"{key.strip('/')}/", asked)
            case "GET" | "HEAD":
                answer = self._get(method, key, headers)
            case "PUT" | "POST" if asked.keys() & {"uploads", "uploadId"}:
                answer = self._upload(key, asked, headers, body)
            case "PUT":
                answer = self._put(key, headers, body)
            case "POST" if "delete" in asked:
                answer = self._delete_all(key.strip("/"), body)
            case "DELETE":
                answer = self._delete(key, asked)
            case _:
                answer = _error("501 Not Implemented", "NotImplemented")
        return answer

    def _get(self, method: str, key: str, headers: bytes) -> bytes:
        if (blob := self.blobs.objects.get(key)) is None:
            return _error("404 Not Found", "NoSuchKey")
        lowered = headers.lower()
        if b"\r\nif-match:" in lowered and blob.etag.encode() not in headers:
            return _error("412 Precondition Failed", "PreconditionFailed")
        if method == "HEAD":
            return blob.answer[: blob.head]
        if b"\r\nrange:" not in lowered:
            return blob.answer
        first, last = _range(_header(headers, b"range"), blob.size)
        if first >= blob.size:
            return _error("416 Range Not Satisfiable", "InvalidRange")
        part = f"Content-Range: bytes {first}-{last}/{blob.size}\r\n{_about(blob.etag)}"
        return _answer("206 Partial Content", blob.answer[blob.head + first : blob.head + last + 1], part)

    def _put(self, key: str, headers: bytes, body: bytes) -> bytes:
        if b"\r\nif-none-match:" in headers.lower() and key in self.blobs.objects:
            return _error("412 Precondition Failed", "PreconditionFailed")
        return _answer("200 OK", headers=f"ETag: {self.blobs.put(key, body)}\r\n")

    def _delete(self, key: str, asked: dict[str, str]) -> bytes:
        if "uploadId" in asked:
            self.uploads.pop(asked["uploadId"], None)
        else:
            self.blobs.delete(key)
        return _answer("204 No Content")

    def _delete_all(self, bucket: str, body: bytes) -> bytes:
        keys = re.findall(r"<Key>(.*?)</Key>", body.decode())
        for key in keys:
            self.blobs.delete(f"{bucket}/{unescape(key)}")
        return _xml("DeleteResult", "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys))

    def _upload(self, key: str, asked: dict[str, str], headers: bytes, body: bytes) -> bytes:
        if "uploads" in asked:
            name = f"upload-{self.requests['POST']}"
            self.uploads[name] = {}
            return _xml("InitiateMultipartUploadResult", f"<UploadId>{name}</UploadId>")
        if (parts := self.uploads.get(asked["uploadId"])) is None:
            return _error("404 Not Found", "NoSuchUpload")
        if "partNumber" in asked:
            parts[int(asked["partNumber"])] = body
            return _answer("200 OK", headers=f'ETag: "part-{asked["partNumber"]}"\r\n')
        put = self._put(key, headers, b"".join(parts[number] for number in sorted(parts)))
        if not put.startswith(b"HTTP/1.1 200"):
            return put
        del self.uploads[asked["uploadId"]]
        etag = escape(self.blobs.objects[key].etag)
        return _xml("CompleteMultipartUploadResult", f"<ETag>{etag}</ETag>")

    def _list(self, root: str, asked: dict[str, str]) -> bytes:
        prefix, delimiter = root + asked.get("prefix", ""), asked.get("delimiter", "")
        after = asked.get("continuation-token") or asked.get("start-after") or ""
        limit = min(int(asked.get("max-keys", _PAGE)), _PAGE)
        find = self._folders if delimiter else self._keys
        found, last, more = find(prefix, root + after if after else "", limit, root, delimiter)
        token = f"<NextContinuationToken>{escape(last[len(root) :])}</NextContinuationToken>" if more else ""
        return _xml(
            "ListBucketResult",
            f"<Name>{root[:-1]}</Name><Prefix>{escape(prefix[len(root) :])}</Prefix>"
            f"<MaxKeys>{limit}</MaxKeys><KeyCount>{len(found)}</KeyCount><IsTruncated>{str(more).lower()}</IsTruncated>{token}"
            + "".join(found),
        )

    def _keys(self, prefix: str, after: str, limit: int, root: str, _: str) -> tuple[list[str], str, bool]:
        keys, more = self.blobs.page(prefix, after, limit)
        return [self._entry(key, root) for key in keys], keys[-1] if keys else "", more

    def _folders(
        self, prefix: str, after: str, limit: int, root: str, delimiter: str
    ) -> tuple[list[str], str, bool]:
        """Find the keys and folders right below a prefix, one jump a folder."""
        found, more = list[str](), True
        while len(found) < limit and more:
            keys, more = self.blobs.page(prefix, after, 1)
            if not keys:
                break
            name, inner, _ = keys[0][len(prefix) :].partition(delimiter)
            folder = f"{prefix}{name}{delimiter}"
            tag = f"<CommonPrefixes><Prefix>{escape(folder[len(root) :])}</Prefix></CommonPrefixes>"
            found.append(tag if inner else self._entry(keys[0], root))
            after = folder + _LAST if inner else keys[0]
            more = bool(self.blobs.page(prefix, after, 1)[0])
        return found, after, more

    def _entry(self, key: str, root: str) -> str:
        blob = self.blobs.objects[key]
        return (
            f"<Contents><Key>{escape(key[len(root) :])}</Key><LastModified>{_MODIFIED}</LastModified>"
            f"<ETag>{escape(blob.etag)}</ETag><Size>{blob.size}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
        )


def _asked(query: str) -> dict[str, str]:
    return {k: v[0] for k, v in parse_qs(query, keep_blank_values=True).items()} if query else {}


def _about(etag: str) -> str:
    return f"ETag: {etag}\r\nLast-Modified: {_DATE}\r\nAccept-Ranges: bytes\r\n"


def _answer(status: str, body: bytes = b"", headers: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}\r\n".encode() + body


def _xml(name: str, inner: str) -> bytes:
    space = "http://s3.amazonaws.com/doc/2006-03-01/"
    body = f'<?xml version="1.0" encoding="UTF-8"?><{name} xmlns="{space}">{inner}</{name}>'
    return _answer("200 OK", body.encode(), "Content-Type: application/xml\r\n")


def _error(status: str, code: str) -> bytes:
    body = f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code></Error>'
    return _answer(status, body.encode(), "Content-Type: application/xml\r\n")


def _header(headers: bytes, name: bytes) -> str:
    _, _, rest = headers.lower().partition(b"\r\n" + name + b":")
    return rest[: rest.find(b"\r\n")].decode().strip()


def _range(text: str, size: int) -> tuple[int, int]:
    first, _, last = text.removeprefix("bytes=").partition("-")
    if not first:
        return max(0, size - int(last)), size - 1
    return int(first), min(int(last or size), size - 1)


class _Connection(asyncio.Protocol):
    def __init__(self, server: Server) -> None:
        self._server = server
        self._held = bytearray()
        self._wanted = 0  # bytes without which what is held is no whole request
        self._send: Send = lambda _: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._send = cast("asyncio.Transport", transport).write

    def data_received(self, data: bytes) -> None:
        if self._held:
            self._held += data
            if len(self._held) < self._wanted:
                return
            data = bytes(self._held)
        at = self._answered(data)
        self._held = bytearray(data[at:])

    def _answered(self, data: bytes) -> int:
        """Answer the whole requests in some bytes, and give where the rest starts."""
        at, self._wanted = 0, 0
        while (end := data.find(b"\r\n\r\n", at)) >= 0:
            line, _, headers = data[at : end + 2].partition(b"\r\n")
            method, target, _ = line.decode("latin-1").split(" ", 2)
            headers = b"\r\n" + headers
            size = 0 if method in ("GET", "HEAD") else int(_header(headers, b"content-length") or 0)
            body = end + 4
            if len(data) < body + size:
                if len(data) == body and b"100-continue" in headers.lower():
                    self._send(_CONTINUE)
                self._wanted = body + size - at
                break
            self._reply(self._server.answer(method, target, headers, data[body : body + size]))
            at = body + size
        return at

    def _reply(self, answer: bytes) -> None:
        if self._server.late:
            self._server.late.send(self._send, answer)
        else:
            self._send(answer)


async def serve(server: Server, port: int, on_ready: Callable[[int], None]) -> None:
    """Serve on this machine until the task is cancelled.

    Args:
        server: What to serve.
        port: 0 takes a free one.
        on_ready: Is told the port.
    """
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(lambda: _Connection(server), "127.0.0.1", port, backlog=1024)
    on_ready(listener.sockets[0].getsockname()[1])
    await listener.serve_forever()


def deliver(blobs: Blobs, night: Night) -> None:
    """Put a night into its partition, and its first files into the short one as well."""
    for number, (name, body) in enumerate(workload.files(night)):
        blobs.put(f"{workload.BUCKET}/{workload.inbox()}/{name}", body)
        if number < workload.FEW:
            blobs.put(f"{workload.BUCKET}/{workload.inbox(workload.FEW_DAY)}/{name}", body)


def main() -> None:
    """Make a night and serve it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--files", type=int, default=0, help="files of the night")
    parser.add_argument("--rows", type=float, default=Night().rows, help="mean records of a file")
    parser.add_argument("--shape", type=float, default=Night().shape, help="100 makes files of one size")
    parser.add_argument("--seed", type=int, default=Night().seed)
    parser.add_argument("--delay-ms", type=float, default=0.0, help="milliseconds before each answer")
    parser.add_argument("--refuse", type=float, default=0.0, help="share of requests answered with 503")
    asked = parser.parse_args()
    late = Late(asked.delay_ms / 1000) if asked.delay_ms else None
    server = Server(late=late, refuse=asked.refuse)
    deliver(server.blobs, Night(asked.files, asked.rows, asked.shape, asked.seed))
    gc.freeze()  # the night stays: it must not be walked through between two answers
    uvloop.run(serve(server, asked.port, lambda port: print(port, flush=True)))


if __name__ == "__main__":
    main()
