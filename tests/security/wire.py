"""Requests as a stranger would send them: any method, any header, any host, and no help from a client."""

import http.client
import json
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import urlsplit

Login = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back; the names of the headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


def basic(login: Login) -> dict[str, str]:
    return {"Authorization": f"Basic {b64encode(':'.join(login).encode()).decode()}"}


def ask(url: str, method: str = "GET", *, login: Login | None = None, body=None, **headers: str) -> Answer:
    """Send one request.

    Args:
        url: Where to; a ``Host`` among the headers is sent instead of its own.
        method: Any word.
        login: User and password for HTTP Basic.
        body: Bytes as they are, or what becomes JSON.
        headers: Underscores stand for hyphens.
    """
    parts = urlsplit(url)
    sent = {name.replace("_", "-"): value for name, value in headers.items()} | (
        basic(login) if login else {}
    )
    if body is not None and not isinstance(body, bytes):
        body, sent = json.dumps(body).encode(), {"Content-Type": "application/json"} | sent
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=120)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl() or "/", body, sent)
        answer = connection.getresponse()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, answer.read())
    finally:
        connection.close()
