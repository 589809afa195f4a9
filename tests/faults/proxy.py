"""A proxy in front of an S3 server that does to requests and answers what networks and stores do to them.

A process of its own: deltalake holds Python's lock while it waits for the store. A request meets the first
fault that fits its method and key; what no fault befalls is passed on as it is, ``Host`` and signature too.
"""

import contextlib
import hashlib
import http.client
import json
import random
import re
import subprocess
import sys
import threading
import time
import urllib.request
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from tests.listening import Server

CONTROL = "/-/faults"
HOP = {"connection", "transfer-encoding", "keep-alive", "expect"}
ERROR = "<Error><Code>{code}</Code><Message>{code}</Message></Error>"


@dataclass(frozen=True)
class Fault:
    """What befalls some requests.

    Attributes:
        does: ``refuse`` with a status and a code; ``reset``: the connection breaks, nothing is done;
            ``lose``: it is done, and the answer never comes; ``late``: the connection breaks, it is done
            ``seconds`` after; ``twice``: it is done twice, the first answer comes; ``slow``: it waits for
            ``seconds``; ``flip``: one bit of the bytes on their way changes; ``cut``: the connection breaks
            amid the bytes; ``shorten``: half of the bytes come as if they were all; ``pass_off``: an error
            comes with status 200; ``deform``: the same bit flips each time.
        key: Pattern of the path and the query, unquoted.
        method: The method; empty for all.
        times: How many requests; 0 for all.
        skip: How many that fit go by before the first.
        share: Share of the requests that fit, drawn by the proxy's seed.
        then: Only after the fault before it has befallen one.
    """

    does: str
    key: str = ""
    method: str = ""
    times: int = 1
    skip: int = 0
    share: float = 1.0
    then: bool = False
    status: int = 503
    code: str = "SlowDown"
    seconds: float = 0.05


class Proxy:
    """A running proxy, by its address."""

    def __init__(self, address):
        self.address = address

    @contextlib.contextmanager
    def failing(self, *faults, seed=0):
        """Let requests fail while the block runs; one that befell none, and was not left to chance, fails.

        Args:
            faults: The faults; of several that fit, the first one counts.
            seed: Decides where only a share fails, and which bit flips.

        Yields:
            A function that tells how many requests each fault has befallen.
        """
        self._ask({"seed": seed, "faults": [asdict(fault) for fault in faults]})
        try:
            yield lambda: self._ask(None)
        finally:
            hits = self._ask({"seed": 0, "faults": []})
        idle = [f for f, times in zip(faults, hits, strict=True) if f.share == 1 and not times]
        assert not idle, f"these befell no request: {idle}"

    def _ask(self, order):
        data = None if order is None else json.dumps(order).encode()
        with urllib.request.urlopen(self.address + CONTROL, data, timeout=30) as answer:
            return json.load(answer)


@contextlib.contextmanager
def proxy(target):
    """Run a proxy in front of a server while the block runs."""
    command = [sys.executable, "-m", "tests.faults.proxy", target]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield Proxy(f"http://127.0.0.1:{int(server.stdout.readline())}")
    finally:
        server.kill()
        server.communicate()


class Faults:
    """The faults of the moment, and how often each was met."""

    def __init__(self, seed=0, faults=()):
        self.faults = [Fault(**fault) for fault in faults]
        self.chance, self.lock = random.Random(seed), threading.Lock()  # noqa: S311 - faults, not secrets
        self.fitted, self.hits = [0] * len(self.faults), [0] * len(self.faults)

    def meet(self, method, target):
        """Give the number of the fault that a request meets, or nothing."""
        with self.lock:
            for number, fault in enumerate(self.faults):
                if fault.method not in {"", method} or not re.search(fault.key, target):
                    continue
                if fault.then and not self.hits[number - 1]:
                    continue
                self.fitted[number] += 1
                spent = fault.times and self.hits[number] == fault.times
                if not spent and self.fitted[number] > fault.skip and self.chance.random() < fault.share:
                    self.hits[number] += 1
                    return number
        return None

    def flipped(self, data):
        with self.lock:
            at, bit = self.chance.randrange(len(data)), self.chance.randrange(8)
        return data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    target, faults = "", Faults()

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == CONTROL:
            return self.obey(body)
        faults = Handler.faults
        number = faults.meet(self.command, unquote(self.path))
        if number is None:
            return self.answer(*self.ask(body))
        fault = faults.faults[number]
        if fault.does in {"flip", "cut", "shorten"}:
            return self.spoil(faults, number, body)
        return getattr(self, fault.does)(fault, body)

    def obey(self, body):
        told = Handler.faults.hits
        if body:
            Handler.faults = Faults(**json.loads(body))
        self.answer(200, [], json.dumps(told).encode())

    def ask(self, body):
        """Ask the server; gives status, headers and body."""
        there = http.client.HTTPConnection(Handler.target, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        there.request(self.command, self.path, body, headers)
        answer = there.getresponse()
        payload = answer.read()
        there.close()
        return answer.status, answer.getheaders(), payload

    def answer(self, status, headers, payload, promised=None):
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in HOP and (name.lower() != "content-length" or self.command == "HEAD"):
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(payload) if promised is None else promised))
        self.end_headers()
        if self.command != "HEAD":
            with contextlib.suppress(ConnectionError):  # whoever asked has gone
                self.wfile.write(payload)

    def refuse(self, fault, _body):
        self.answer(fault.status, [], ERROR.format(code=fault.code).encode())

    def reset(self, _fault, _body):
        self.close_connection = True

    def pass_off(self, fault, _body):
        self.answer(200, [], ERROR.format(code=fault.code).encode())

    def deform(self, fault, body):
        status, headers, payload = self.ask(body)
        at = len(payload) // 2
        flipped = payload[:at] + bytes([payload[at] ^ 1]) + payload[at + 1 :] if payload else payload
        self.answer(status, headers, flipped if status in {200, 206} else payload)

    def lose(self, _fault, body):
        self.ask(body)
        self.close_connection = True

    def late(self, fault, body):
        threading.Timer(fault.seconds, self.ask, [body]).start()
        self.close_connection = True

    def twice(self, _fault, body):
        first = self.ask(body)
        self.ask(body)
        self.answer(*first)

    def slow(self, fault, body):
        time.sleep(fault.seconds)
        self.answer(*self.ask(body))

    def spoil(self, faults, number, body):
        """Spoil the bytes that go, or those that come; S3 holds the former against their signed digest."""
        does = faults.faults[number].does
        if body:
            sent = faults.flipped(body) if does == "flip" else body[: len(body) // 2]
            if self.headers.get("x-amz-content-sha256") in {None, "UNSIGNED-PAYLOAD"}:
                return self.answer(*self.ask(sent))
            wrong = hashlib.sha256(sent).hexdigest() != self.headers["x-amz-content-sha256"]
            return self.refuse(Fault("refuse", status=400, code="BadDigest" if wrong else "None"), sent)
        status, headers, payload = self.ask(body)
        if status not in {200, 206} or not payload:
            faults.hits[number] -= 1
            return self.answer(status, headers, payload)
        if does == "flip":
            return self.answer(status, headers, faults.flipped(payload))
        half = payload[: len(payload) // 2]
        self.close_connection = does == "cut"
        return self.answer(status, headers, half, len(payload) if does == "cut" else len(half))

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = pass_on  # noqa: N815 - the library's names

    def log_message(self, *_):
        pass


def main(target):
    Handler.target = urlsplit(target).netloc
    server = Server(("127.0.0.1", 0), Handler)
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
