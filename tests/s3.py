"""Moto's S3 over real HTTP, which creates an object once, as S3 does.

``python -m tests.s3`` prints its port when it is ready, and serves until it is stopped.
"""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from moto.s3.responses import S3Response
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).parents[1]


@contextmanager
def served() -> Iterator[str]:
    """Serve in a process of its own as long as the block lasts; gives the address."""
    command, pipe = [sys.executable, "-m", "tests.s3"], subprocess.PIPE
    server = subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def main() -> None:
    """Serve; between moto's look whether an object is there and its writing nobody else writes."""
    writes, put = threading.Lock(), S3Response.put_object

    def one_at_a_time(response):
        with writes:
            return put(response)

    S3Response.put_object = one_at_a_time
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    sys.stdout.write(f"{server.get_host_and_port()[1]}\n")
    sys.stdout.flush()
    threading.Event().wait()


if __name__ == "__main__":
    main()
