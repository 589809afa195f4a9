"""A door before a real MLflow: it writes down what comes, and refuses what it is told to."""

import http.client
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit


@dataclass
class Door:
    """What the door does, and what it saw.

    Attributes:
        uri: Its address.
        behind: Address of the server that it leads to.
        faults: Statuses that the next requests are answered with, first come first served; 0 lets one pass.
        wants: The header ``Authorization`` that alone opens it; empty opens it to all.
        seen: Path and headers of each request.
    """

    behind: str
    faults: list[int] = field(default_factory=list)
    wants: str = ""
    uri: str = ""
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@contextmanager
def door(behind: str, certificate: Path | None = None) -> Iterator[Door]:
    """Open a door before a server.

    Args:
        behind: Address of the server.
        certificate: PEM file with key and certificate; without one the door speaks plain HTTP.
    """
    opened = Door(behind)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opened.seen.append((self.path, dict(self.headers)))
            if status := opened.faults.pop(0) if opened.faults else 0:
                self.answer(status, b"not now", {"Retry-After": "3600"})
            elif opened.wants and self.headers["Authorization"] != opened.wants:
                self.answer(401, b"You are not authenticated.", {"WWW-Authenticate": "Basic"})
            else:
                self.answer(*forwarded(self, opened.behind))

        do_POST = do_GET  # noqa: N815 - the name that http.server calls

        def answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    opened.uri = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}"
    try:
        yield opened
    finally:
        server.shutdown()
        server.server_close()


def forwarded(request: BaseHTTPRequestHandler, behind: str) -> tuple[int, bytes, dict[str, str]]:
    """Ask the server behind; gives status, body and type of its answer."""
    there = http.client.HTTPConnection(urlsplit(behind).netloc, timeout=60)
    body = request.rfile.read(int(request.headers.get("Content-Length", 0)))
    there.request(request.command, request.path, body, {"Content-Type": "application/json"})
    answer = there.getresponse()
    found = answer.read()
    there.close()
    return answer.status, found, {"Content-Type": answer.headers.get("Content-Type", "")}
