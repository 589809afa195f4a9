"""A server between the doctor and a sound one: it bends what is asked, or what is answered, in one way."""

import http.client
import json
import threading
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

HOP = {"connection", "transfer-encoding", "keep-alive", "content-length", "date", "server"}
DENIED = b"<Error><Code>AccessDenied</Code><Message>%s</Message></Error>"


class Sound:
    """Passes everything on; a subclass has a fault."""

    def asks(self, method, path, headers):
        """Give the request's headers as they go on; or an answer in their stead."""
        return headers

    def answers(self, method, path, status, headers, body):
        """Give the answer as it comes back."""
        return status, headers, body


class Forgets(Sound):
    """Does not mind a condition."""

    def __init__(self, condition):
        self.condition = condition

    def asks(self, method, path, headers):
        return {name: value for name, value in headers.items() if name.lower() != self.condition}


class LooksFirst(Forgets):
    """Creates once, but in two steps: many writers who look at the same moment all find nothing."""

    def __init__(self, target):
        super().__init__("if-none-match")
        self.target, self.together = target, threading.Barrier(2)

    def asks(self, method, path, headers):
        wants = {name.lower(): value for name, value in headers.items()}
        if "if-none-match" in wants:
            there = http.client.HTTPConnection(self.target)
            bodiless = {name: value for name, value in headers.items() if name.lower() != "content-length"}
            there.request("HEAD", path, headers=bodiless)
            found = there.getresponse().status
            there.close()
            if "race" in path and found == 404:
                with suppress(threading.BrokenBarrierError):
                    self.together.wait(15)
            if found == 200:
                return 412, {}, b"<Error><Code>PreconditionFailed</Code></Error>"
        return super().asks(method, path, headers)


class Flips(Sound):
    """Gives other bytes than were written."""

    def answers(self, method, path, status, headers, body):
        if method == "GET" and "/doctor/" in path and body:
            body = bytes([body[0] ^ 1]) + body[1:]
        return status, headers, body


class SameVersion(Sound):
    """Gives every object the same ETag, and minds no other."""

    def asks(self, method, path, headers):
        if method == "GET" and headers.get("if-match", "").strip('"') not in {"", "same"}:
            return 412, {}, b""
        return {name: value for name, value in headers.items() if name.lower() != "if-match"}

    def answers(self, method, path, status, headers, body):
        headers = {name: '"same"' if name.lower() == "etag" else value for name, value in headers.items()}
        body = (
            body.split(b"<ETag>")[0] + b'<ETag>"same"</ETag>' + body.split(b"</ETag>")[1]
            if b"<ETag>" in body
            else body
        )
        return status, headers, body


class Busy(Sound):
    """Has no time for three of four deletions."""

    deletions = 0

    def asks(self, method, path, headers):
        if path.endswith("?delete"):
            self.deletions += 1
            if self.deletions % 4:
                return 503, {}, b"<Error><Code>SlowDown</Code></Error>"
        return headers


class WrongClock(Sound):
    """Lives at another time."""

    def __init__(self, date):
        self.date = date

    def answers(self, method, path, status, headers, body):
        return status, {**headers, "Date": self.date}, body


class Rule(Sound):
    """Has a rule of the bucket that lets nobody write but what is new."""

    def asks(self, method, path, headers):
        if method == "PUT" and "if-match" in {name.lower() for name in headers}:
            told = b"not authorized to perform: s3:PutObject with an explicit deny in a resource-based policy"
            return 403, {}, DENIED % told
        return headers


@contextmanager
def between(target, fault):
    """Serve in front of a server; gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = fault.asks(self.command, self.path, dict(self.headers))
            if isinstance(asked, tuple):
                return self.answer(*asked)
            there = http.client.HTTPConnection(urlsplit(target).netloc)
            there.request(self.command, self.path, body, asked)
            came = there.getresponse()
            payload, headers = came.read(), dict(came.getheaders())
            there.close()
            return self.answer(*fault.answers(self.command, self.path, came.status, headers, payload))

        def answer(self, status, headers, payload):
            self.send_response_only(status)
            length = len(payload)
            for name, value in {"Date": self.date_time_string(), **headers}.items():
                if name.lower() == "content-length" and self.command == "HEAD":
                    length = value
                if name.lower() not in HOP or name == "Date":
                    self.send_header(name, value)
            self.send_header("Content-Length", str(length))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(payload)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 - the library's names

        def log_message(self, *_):
            """Say nothing."""

    with _serving(Handler) as address:
        yield address


@contextmanager
def registry_of(name, version, folder, sha256):
    """Serve an MLflow whose one model has one version, the champion, with its files in a folder."""
    told = {
        "registered-models/get": {
            "registered_model": {"name": name, "aliases": [{"alias": "champion", "version": version}]}
        },
        "model-versions/get": {
            "model_version": {
                "name": name,
                "version": version,
                "tags": [{"key": "sha256", "value": sha256}],
            }
        },
        "model-versions/get-download-uri": {"artifact_uri": folder.as_uri()},
    }

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            question = urlsplit(self.path).path.removeprefix("/api/2.0/mlflow/")
            body = json.dumps(told.get(question, {})).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    with _serving(Handler) as address:
        yield address


@contextmanager
def _serving(handler):
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
