"""An S3 that asks who comes: a server in front of another that holds each request against real policies.

A process of its own, because Delta Lake's library holds Python's lock while it waits for the store. Who comes
is the access key of the request; the policies are those of a plan. Run as ``python -m tests.terraform.guard
TARGET POLICIES.json``; the first line that it says is its port.
"""

import http.client
import json
import re
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import unescape

from tests.listening import Server
from tests.terraform.iam import ALLOWED, Request, decide

CONTROL = "/-/said"
HOP = {"connection", "transfer-encoding", "keep-alive", "expect"}
WORDS = {
    "explicit deny": "with an explicit deny in a resource-based policy",
    "no allow": "because no policy allows it",
}


@dataclass(frozen=True)
class Guarded:
    """A running guard, by its address."""

    address: str

    def said(self) -> list[tuple[str, str, str, str]]:
        """Give role, action, key and decision of every request so far."""
        with urllib.request.urlopen(self.address + CONTROL, timeout=30) as answer:
            return [tuple(entry) for entry in json.load(answer)]


@contextmanager
def guarded(target: str, policies: dict, folder: Path) -> Iterator[Guarded]:
    """Run a guard while the block runs.

    Args:
        target: Address of the server behind it.
        policies: Statements of ``roles``, by name, and of the ``bucket``; ``account`` and place's ``name``.
        folder: For a file.
    """
    file = folder / "policies.json"
    file.write_text(json.dumps(policies))
    command = [sys.executable, "-m", "tests.terraform.guard", target, file]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Guarded(f"http://127.0.0.1:{int(server.stdout.readline())}")
    finally:
        server.kill()
        server.communicate()


def asked(method: str, target: str, headers: dict[str, str], body: bytes) -> list[tuple[str, str]]:
    """Give the actions that a request of S3 is, each with the key that it is about; no key for the bucket."""
    parts = urlsplit(target)
    _, _, key = unquote(parts.path).removeprefix("/").partition("/")
    query = parse_qs(parts.query, keep_blank_values=True)
    if not key:
        deletes = re.findall(r"<Key>(.*?)</Key>", body.decode()) if "delete" in query else []
        return [("s3:DeleteObject", unescape(k)) for k in deletes] or [
            ({"GET": "s3:ListBucket", "HEAD": "s3:ListBucket"}[method], "")
        ]
    verbs = {"GET": "GetObject", "HEAD": "GetObject", "PUT": "PutObject", "POST": "PutObject"}
    if method == "DELETE":
        verb = "AbortMultipartUpload" if "uploadId" in query else "DeleteObject"
        return [(f"s3:{verb}Version" if "versionId" in query else f"s3:{verb}", key)]
    return [(f"s3:{verbs[method]}", key)]


def context(method: str, target: str, headers: dict[str, str]) -> dict[str, str]:
    """Give the condition keys of a request; on the way to this server it has TLS, as policies see it."""
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    known = {"aws:securetransport": "true", "s3:tlsversion": "1.3"}
    known |= {f"s3:{name}": headers[name] for name in ("if-none-match", "if-match") if name in headers}
    if method in {"PUT", "POST"}:
        creates = not ({"uploads", "partNumber"} & query.keys())
        known["s3:objectcreationoperation"] = str(creates).lower()
    if "prefix" in query:
        known["s3:prefix"] = query["prefix"][0]
    return known


class Handler(BaseHTTPRequestHandler):
    """Passes on what the policies allow."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    target, policies, log, lock = "", {}, [], threading.Lock()

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == CONTROL:
            return self.answer(200, {}, json.dumps(self.log).encode())
        headers = {name.lower(): value for name, value in self.headers.items()}
        decisions = [
            self.decided(headers, action, key)
            for action, key in asked(self.command, self.path, headers, body)
        ]
        if refusals := [decision for decision in decisions if decision != ALLOWED]:
            words = f"not authorized to perform this {WORDS[refusals[0]]}"
            error = f"<Error><Code>AccessDenied</Code><Message>{words}</Message></Error>"
            return self.answer(403, {"Content-Type": "application/xml"}, error.encode())
        there = http.client.HTTPConnection(urlsplit(self.target).netloc)
        there.request(self.command, self.path, body, dict(self.headers))
        came = there.getresponse()
        payload, told = came.read(), dict(came.getheaders())
        there.close()
        return self.answer(came.status, told, payload)

    def decided(self, headers: dict[str, str], action: str, key: str) -> str:
        signed = headers.get("authorization", "") + unquote(self.path)  # an address can be signed as well
        found = re.search(r"Credential=([\w-]+)/", signed)
        who = found[1] if found else "nobody"
        bucket = urlsplit(self.path).path.removeprefix("/").partition("/")[0]
        request = Request(
            action=action,
            resource=f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}",
            who=f"arn:aws:iam::{self.policies['account']}:role/{self.policies['name']}-{who}",
            context=context(self.command, self.path, headers),
        )
        decision = decide(request, self.policies["roles"].get(who, []), self.policies["bucket"])
        with self.lock:
            self.log.append((who, action, key, decision))
        return decision

    def answer(self, status: int, headers: dict[str, str], payload: bytes) -> None:
        self.send_response_only(status)
        length = (
            headers.get("Content-Length", str(len(payload))) if self.command == "HEAD" else str(len(payload))
        )
        for name, value in headers.items():
            if name.lower() not in HOP | {"content-length"}:
                self.send_header(name, value)
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 - the library's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    Handler.target, Handler.policies = sys.argv[1], json.loads(Path(sys.argv[2]).read_text())
    server = Server(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)  # noqa: T201 - whoever started it reads this
    server.serve_forever()
