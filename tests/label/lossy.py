"""A proxy in front of an S3 look-alike that passes every request on and loses some of the answers.

A process of its own: deltalake holds Python's lock while it waits for the store.
"""

import contextlib
import http.client
import subprocess
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler
from urllib.parse import urlsplit

from tests.listening import Server

HOP = {"connection", "transfer-encoding", "keep-alive"}
COUNT = "/how-many-answers-were-lost"


class Proxy:
    """The address of a proxy, and how many answers it has lost."""

    def __init__(self, address):
        self.address = address

    @property
    def lost(self):
        with urllib.request.urlopen(self.address + COUNT, timeout=10) as answer:
            return int(answer.read())


@contextlib.contextmanager
def lossy(target, part, answers):
    """Lose the first answers to writes of keys that hold a part, while the block runs."""
    command = [sys.executable, "-m", "tests.label.lossy", target, part, str(answers)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Proxy(f"http://127.0.0.1:{int(server.stdout.readline())}")
    finally:
        server.kill()
        server.communicate()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    target = part = ""
    answers = lost = 0

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == COUNT:
            return self.answer(200, [], str(Handler.lost).encode())
        there = http.client.HTTPConnection(self.target)
        there.request(self.command, self.path, body, dict(self.headers))
        answer = there.getresponse()
        payload = answer.read()
        there.close()
        if self.command == "PUT" and self.part in self.path and Handler.lost < self.answers:
            Handler.lost += 1
            self.close_connection = True
            return None
        return self.answer(answer.status, answer.getheaders(), payload)

    def answer(self, status, headers, payload):
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in HOP and (name.lower() != "content-length" or self.command == "HEAD"):
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 - the library's names

    def log_message(self, *_):
        pass


def main(target, part, answers):
    Handler.target, Handler.part, Handler.answers = urlsplit(target).netloc, part, int(answers)
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
