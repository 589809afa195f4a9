"""One engine in a process of its own: starts up, waits for the word, works, and says what it took.

``python -m benchmarks.child ENGINE TASK CORE`` prints ``ready``, waits for a line, and prints a JSON object.
"""

import json
import os
import sys
import time

from benchmarks.engines import ENGINES
from benchmarks.engines.task import Task
from benchmarks.used import cpu_seconds, peak_mb


def main() -> None:
    """Run one engine on one task."""
    name, task, core = sys.argv[1], Task(**json.loads(sys.argv[2])), int(sys.argv[3])
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is not the answer
    if core >= 0:
        os.sched_setaffinity(0, {core})
    work = ENGINES[name].load()(task)
    startup = cpu_seconds()
    print("ready", file=answer, flush=True)
    sys.stdin.readline()
    before, started = cpu_seconds(), time.monotonic()
    done = work()
    seconds, cpu = time.monotonic() - started, cpu_seconds() - before
    found = {"cpu": cpu, "seconds": seconds, "startup": startup, "peak_mb": peak_mb()}
    print(json.dumps({**found, "outputs": done.outputs, "stages": done.stages}), file=answer, flush=True)


if __name__ == "__main__":
    main()
