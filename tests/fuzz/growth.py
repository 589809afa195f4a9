"""Measures how processor time and memory grow with a file: twice as much of it takes twice as much at most.

``python -m tests.fuzz.growth`` prints a table; it is no test, because it measures time.
"""

import sys
import time
import tracemalloc

import pyarrow as pa

from nightlabel.label.inputs import Input
from nightlabel.label.reading import batches
from nightlabel.store import open_uri
from tests.fuzz.laws import USECASES, seeds

CARDS = USECASES["card_spending"]
HEADER, RECORD = seeds(CARDS)[0].splitlines()[:2]
FACTOR = 3.0
"""From here on what was doubled did not take twice as much."""

SHAPES = {
    "many records": lambda n: [HEADER + b"\n" + (RECORD + b"\n") * n],
    "records of no fields": lambda n: [HEADER + b"\n" + b"x\n" * (8 * n)],
    "blank lines": lambda n: [HEADER + b"\n" + b" \n" * (32 * n)],
    "carriage returns": lambda n: [HEADER + b"\n" + b"\r" * (64 * n) + b"\n" + b"a\rb\n" * (8 * n)],
    "one long line": lambda n: [HEADER + b"\n" + b"x" * (64 * n) + b"\n"],
    "separators": lambda n: [HEADER + b"\n" + b";" * (64 * n) + b"\n"],
    "a header of many columns": lambda n: [HEADER + b"".join(b";c%d" % c for c in range(n)) + b"\n" + RECORD],
    "no header": lambda n: [b"\n" * (64 * n)],
    "different values": lambda n: [HEADER + b"\n" + b"".join(_record(k) for k in range(n))],
    "bad values": lambda n: [HEADER + b"\n" + (RECORD.replace(b"SP", b"sp") + b"\n") * n],
    "cedillas": lambda n: [HEADER + b"\n" + (b"\x82" * 40 + b"\n") * (2 * n)],
    "a foreign byte at the end": lambda n: [HEADER + b"\n" + (RECORD + b"\n") * n + b"\xff"],
    "many files": lambda n: [HEADER + b"\n" + RECORD] * n,
    "many headers": lambda n: [HEADER + b";c%d\n" % k + RECORD + b";x" for k in range(n // 8)],
    "many headers of many columns": lambda n: [
        HEADER + b"".join(b";c%d" % (k * 100 + c) for c in range(100)) + b"\n" for k in range(n // 8)
    ],
    "many odd files": lambda n: [b"\xff%d" % k for k in range(n)],
}


def measure(payloads: list[bytes], size: int) -> tuple[float, float]:
    """Give the processor seconds, and the MB at the most, of reading files as a night does."""
    lake = open_uri("memory://")
    entries = [lake.put(f"{at:06}.csv", payload) for at, payload in enumerate(payloads)]
    inputs = [Input(entry.key, entry.version, entry.size, "") for entry in entries]
    seconds, held = list[float](), 0
    for _ in range(2):  # the faster one is less disturbed
        before = time.process_time()
        for _ in batches(CARDS, lake, inputs, batch_bytes=size):
            held = max(held, pa.total_allocated_bytes())
        seconds.append(time.process_time() - before)
    tracemalloc.start()
    for _ in batches(CARDS, lake, inputs, batch_bytes=size):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return min(seconds), (peak + held) / 2**20


def main() -> None:
    """Measure all shapes, whole and in parts."""
    _say(f"{'shape':30} {'read':8} {'s of n':>8} {'s of 2n':>8} {'times':>6} {'MB of n':>8} {'MB of 2n':>9}")
    for name, shape in SHAPES.items():
        for way, size in (("whole", 2**21), ("in parts", 2**15)):
            n = 8000
            (once, small), (twice, large) = measure(shape(n), size), measure(shape(2 * n), size)
            times = twice / max(once, 0.02)  # less is hardly measured
            mark = "  more than linear" if times > FACTOR else ""
            told = f"{once:8.2f} {twice:8.2f} {times:6.1f} {small:8.1f} {large:9.1f}"
            _say(f"{name:30} {way:8} {told}{mark}")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _record(k: int) -> bytes:
    return RECORD.replace(b"SP", b"%c%c" % (65 + k % 26, 65 + k // 26 % 26)) + b"\n"


if __name__ == "__main__":
    main()
