"""Run one fake cluster: settings come in as a line, addresses go out as one, the end of input ends it."""

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.orders import Orders
from tests.fake_kubernetes.podman_runner import PodmanRunner
from tests.fake_kubernetes.process_runner import ProcessRunner
from tests.fake_kubernetes.server import Server

RUNNERS = {"process": ProcessRunner, "podman": PodmanRunner}


async def serve(settings: dict[str, Any]) -> None:
    """Serve until the test closes our input, or a signal comes."""
    how = settings["runner"]
    runner = RUNNERS[how.pop("kind")](**how)
    server = Server(Path(settings["folder"]), Manifests.read(settings["manifests"]), runner)
    await server.start()
    orders = await Orders(server).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.port}", "orders": orders}), flush=True)  # noqa: T201
    over, loop = asyncio.Event(), asyncio.get_running_loop()
    # A test process that dies closes our input too, so nothing outlives it.
    loop.add_reader(sys.stdin, over.set)
    loop.add_signal_handler(signal.SIGTERM, over.set)
    await over.wait()
    await server.stop()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.stdin.readline())))
