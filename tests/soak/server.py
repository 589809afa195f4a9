"""An S3 in memory with two doors: behind one all is well, behind the other a seeded share of requests fails.

A process of its own: deltalake holds Python's lock while it waits for the store. It prints both ports, and
serves until its input ends.
"""

import asyncio
import contextlib
import json
import random
import subprocess
import sys
import urllib.request
from collections import Counter
from urllib.parse import quote, unquote

import uvloop

from benchmarks import standin

CONTROL = "/-/faults"
DELAY = 0.005  # seconds before an answer of the faulty door: the longer a night, the more can happen in it


class Doors:
    """The addresses of a running server."""

    def __init__(self, sound, faulty):
        self.sound, self.faulty = (f"http://127.0.0.1:{port}" for port in (sound, faulty))

    def break_down(self, seed, share, *kinds):
        """Let a share of the requests fail from now on, in some ways or in all; gives the faults so far."""
        order = "/".join((f"{self.sound}{CONTROL}", str(seed), str(share), *map(quote, kinds)))
        with urllib.request.urlopen(order, timeout=120) as answer:
            return Counter(json.load(answer))


@contextlib.contextmanager
def serving():
    """Run a server while the block runs."""
    command = [sys.executable, "-m", "tests.soak.server"]
    server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield Doors(*map(int, server.stdout.readline().split()))
    finally:
        server.communicate()


class Faulty(standin.Server):
    """The stand-in, which fails some requests; no answer means that the connection is closed."""

    def __init__(self, sound):
        super().__init__()
        self.blobs, self.uploads = sound.blobs, sound.uploads
        self.delay, self.share, self.kinds, self.injected = DELAY, 0.0, tuple(FAULTS), Counter()

    def answer(self, method, target, headers, body):
        if self.chance.random() >= self.share:
            return super().answer(method, target, headers, body)
        fitting = [name for name in self.kinds if self.fits(name, method, target)]
        if not fitting:
            return super().answer(method, target, headers, body)
        fault = self.chance.choice(fitting)
        self.injected[fault] += 1
        return FAULTS[fault](self, method, target, headers, body)

    @staticmethod
    def fits(fault, method, target):
        if fault in {"answer lost", "answer broken", "conflict"}:
            return method == "PUT"
        return fault != "bits flipped" or (method == "GET" and ("/inbox/" in target or "/nights/" in target))

    def refused(self, *_):
        return standin._error("503 Slow Down", "SlowDown")

    def conflict(self, *_):
        return standin._error("409 Conflict", "ConditionalRequestConflict")

    def reset(self, *_):
        return b""

    def lost(self, *request):
        super().answer(*request)
        return b""

    def broken(self, *request):
        super().answer(*request)
        return standin._error("500 Internal Server Error", "InternalError")

    def flipped(self, *request):
        answer = super().answer(*request)
        head = answer.find(b"\r\n\r\n") + 4
        if head == len(answer) or not answer.startswith(b"HTTP/1.1 20"):
            return answer
        at = self.chance.randrange(head, len(answer))
        return answer[:at] + bytes([answer[at] ^ 1 << self.chance.randrange(8)]) + answer[at + 1 :]


FAULTS = {
    "refused": Faulty.refused,
    "conflict": Faulty.conflict,
    "connection reset": Faulty.reset,
    "answer lost": Faulty.lost,
    "answer broken": Faulty.broken,
    "bits flipped": Faulty.flipped,
}


class Controlled(standin.Server):
    """The sound door, which also takes orders."""

    faulty = None

    def answer(self, method, target, headers, body):
        if not target.startswith(CONTROL):
            return super().answer(method, target, headers, body)
        seed, share, *kinds = unquote(target.removeprefix(f"{CONTROL}/")).split("/")
        self.faulty.chance = random.Random(seed)  # noqa: S311 - faults, not secrets
        self.faulty.share, self.faulty.kinds = float(share), kinds or tuple(FAULTS)
        return standin._answer("200 OK", json.dumps(self.faulty.injected).encode())


class Connection(standin._Connection):
    """A connection that ends where there is no answer."""

    def connection_made(self, transport):
        super().connection_made(transport)
        self._send = lambda answer: _answered(transport, answer)


def _answered(transport, answer):
    if not answer:
        transport.close()
    elif not transport.is_closing():
        transport.write(answer)


async def main():
    sound = Controlled()
    sound.faulty = Faulty(sound)
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_server(lambda door=door: Connection(door), "127.0.0.1", 0, backlog=256)
        for door in (sound, sound.faulty)
    ]
    print(*(server.sockets[0].getsockname()[1] for server in made), flush=True)  # noqa: T201
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(main())
