"""Seconds and memory of both ways to prepare training data, on the same made rows.

``python -m benchmarks.spread 200000 20`` makes so many rows in so many files; one file is cut into parts.
"""

import json
import os
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil

ENGINES = ("pandas", "spark")
_MB = 1024 * 1024


def main(rows: int, files: int) -> None:
    """Print one line for each engine."""
    from nightlabel.usecases.card_spending import lookalike  # noqa: PLC0415 - the children do without

    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "lake" / "set"
        folder.mkdir(parents=True)
        for number in range(files):
            (folder / f"{number:05}.csv").write_bytes(lookalike.make(rows // files, number))
        size = sum(path.stat().st_size for path in folder.iterdir()) / _MB
        print(f"{rows:,} rows, {files:,} files, {size:.1f} MB")
        data = "set/" if files > 1 else "set/00000.csv"
        for engine in ENGINES:
            print(json.dumps({"engine": engine, **_measured(Path(home), data, engine)}))


def _measured(home: Path, data: str, engine: str) -> dict[str, float]:
    """Run the step in a process of its own; add up the memory that its processes do not share."""
    command = Path(sys.executable).absolute().parent / "nightlabel"
    place = {"NIGHTLABEL_HOME": str(home), "NIGHTLABEL_PREPARE_WITH": engine, "OMP_NUM_THREADS": "1"}
    started, peaks = time.perf_counter(), {"python": 0.0, "java": 0.0}
    child = psutil.Popen(
        [command, "validate", "-u", "card_spending", "-r", engine, "--data", data, "--json"],
        env={**os.environ, **place},
        stdout=-3,
        stderr=-3,
    )
    watching = threading.Thread(target=_watch, args=(child, peaks))
    watching.start()
    code = child.wait()
    watching.join()
    if code:
        raise SystemExit(f"{engine} ended with {code}")
    return {"seconds": round(time.perf_counter() - started, 1)} | {
        f"{n}_mb": round(v) for n, v in peaks.items()
    }


def _watch(child: psutil.Process, peaks: dict[str, float]) -> None:
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE:
        now = dict.fromkeys(peaks, 0.0)
        with suppress(psutil.Error):
            for process in (child, *child.children(recursive=True)):
                kind = "java" if process.name() == "java" else "python"
                now[kind] += process.memory_full_info().uss / _MB
        for kind, used in now.items():
            peaks[kind] = max(peaks[kind], used)
        time.sleep(0.1)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
