"""Holds forecasts and simulated nights against real ones, with local worker processes as pods.

``python -m benchmarks.forecast`` first labels some nights, which the forecasts rest on; then nights of three
sizes with one and two workers, and prints what their plans foretold beside what they took. After that it
labels the same night again and again while workers straggle and are killed, and prints how many of these
nights made some deadlines beside the chance that the simulation gives them. ``--picture`` draws that.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import uvloop
from rich.console import Console
from rich.table import Table

from benchmarks import network, standin, workload
from benchmarks.engines.task import KEY, REGION, SECRET
from benchmarks.network import Network
from nightlabel import catalog
from nightlabel.label import label_shard, plan, publish, read_summary
from nightlabel.registry.models import Pinned
from nightlabel.settings import child_environment, settings
from nightlabel.steps.simulate import Chances, scheduled, taken_by, throw
from nightlabel.store import open_lake

ROOT = Path(__file__).parents[1]
HISTORY = ((3_000, 1), (6_000, 2), (8_000, 1), (4_000, 2))
SIZES, WORKERS = (2_000, 10_000, 40_000), (1, 2)
AGAIN = 6_000
LUCK = Chances(
    samples=20_000,
    start_spread=0.1,
    straggler_share=0.25,
    preemptions_per_hour=250.0,
    retry_pause_s=1.0,
    retries=8,
)


@dataclass(frozen=True)
class Real:
    """One real night: its partition, files, and workers."""

    day: str
    files: int
    workers: int


def _days(count: int) -> list[str]:
    return [str(date(2020, 1, 1) + timedelta(days=day)) for day in range(count)]


def _serve(nights: list[list[Any]]) -> None:
    """Serve some nights on the stand-in until this process is stopped."""
    blobs = standin.Blobs()
    for day, files in nights:
        for name, body in workload.files(workload.Night(files=files)):
            blobs.put(f"{workload.BUCKET}/{workload.USECASE}/inbox/date={day}/{name}", body)
    uvloop.run(standin.serve(standin.Server(blobs), 0, lambda port: print(port, flush=True)))


def _work(model: Network, day: str, shard: str, slow: float) -> None:
    """Label one shard as a pod does; a straggler waits before its receipt: reads go on beside a sleep."""
    case, labeller = catalog.load(workload.USECASE), model.load()
    begun = time.monotonic()

    def rest(files: int, of: int, _: int) -> None:
        if files == of:
            time.sleep((slow - 1) * (time.monotonic() - begun))

    label_shard(case, open_lake(), day, "night", shard, labeller, rest)


@contextmanager
def _served(nights: list[Real]) -> Iterator[None]:
    command = [sys.executable, "-m", "benchmarks.forecast", "--serve"]
    command.append(json.dumps([[night.day, night.files] for night in nights]))
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        port = int(server.stdout.readline()) if server.stdout else 0
        endpoint = f"http://127.0.0.1:{port}"
        place = {"NIGHTLABEL_LAKE": f"s3://{workload.BUCKET}", "NIGHTLABEL_S3_ENDPOINT": endpoint}
        keys = {"AWS_ACCESS_KEY_ID": KEY, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": REGION}
        os.environ.update({**place, **keys, "AWS_ENDPOINT_URL": endpoint, "OMP_NUM_THREADS": "1"})
        settings.cache_clear()
        yield
    finally:
        server.kill()
        server.wait()


def _start(model: Network, day: str, shard: str, slow: float = 1.0) -> subprocess.Popen[bytes]:
    asked = json.dumps([str(model.folder), model.sha256, day, shard, slow])
    command = [sys.executable, "-m", "benchmarks.forecast", "--work", asked]
    return subprocess.Popen(command, env=child_environment(), cwd=ROOT)


def _pod(
    model: Network, day: str, shard: str, luck: Chances | None, rng: np.random.Generator
) -> Iterator[None]:
    """Work a shard off; kill the worker when its life is over, and begin again after a pause."""
    while True:
        slow, life = 1.0, np.inf
        if luck:
            slow = luck.straggler_factor if rng.random() < luck.straggler_share else 1.0
            life = rng.exponential(3600 / luck.preemptions_per_hour)
        worker, begun = _start(model, day, shard, slow), time.monotonic()
        while worker.poll() is None and time.monotonic() - begun < life:
            yield
        if worker.poll() is not None:
            return
        worker.kill()
        worker.wait()
        until = time.monotonic() + (luck.retry_pause_s if luck else 0)
        while time.monotonic() < until:
            yield


def _night(
    model: Network, real: Real, rng: np.random.Generator, luck: Chances | None = None
) -> dict[str, Any]:
    """Run one night; give its forecast and what it took."""
    case, lake = catalog.load(workload.USECASE), open_lake()
    pinned = Pinned(workload.USECASE, "1", "run-1", model.sha256, "models:/m-1", {})
    made = plan(case, lake, real.day, "night", pinned, commit="benchmark", pods=real.workers)
    begun = time.monotonic()
    pods = [_pod(model, real.day, shard.name, luck, rng) for shard in made.shards]
    while pods:
        pods = [pod for pod in pods if next(pod, "done") != "done"]
        time.sleep(0.02)
    worked = time.monotonic() - begun
    loose = case.card.monitoring.model_copy(update={"unknown_share_at_most": 1.0})
    publish(replace(case, card=case.card.model_copy(update={"monitoring": loose})), lake, real.day, "night")
    summary = read_summary(lake, workload.USECASE, real.day, "night")
    if summary is None or made.forecast is None or summary.pace is None:
        raise SystemExit("the night left no summary")
    return {**asdict(real), **made.forecast.model_dump(), "took": summary.took, "worked": worked} | {
        "pace": summary.pace.model_dump()
    }


def _sizes(found: list[dict[str, Any]]) -> Table:
    names = ("files", "workers", "nights behind", "low", "forecast", "high", "truth", "truth / forecast")
    table = Table(*names, box=None, header_style="bold", title="Forecast against truth, seconds")
    for night in found:
        seconds = (f"{night[name]:.1f}" for name in ("low", "middle", "high", "took"))
        share = f"{night['took'] / night['middle']:.2f}"
        table.add_row(f"{night['files']:,}", str(night["workers"]), str(night["nights"]), *seconds, share)
    return table


def _simulated(calm: list[dict[str, Any]]) -> Any:
    """Simulate what calm nights measured, with the luck that is thrown on real ones."""
    start = float(np.median([night["pace"]["start"] for night in calm]))
    label = float(np.median([night["pace"]["seconds"] for night in calm]))
    return scheduled(taken_by(start, label, LUCK, throw(LUCK, 2), 2), 2)


def _deadlines(real: Any, simulated: Any) -> Table:
    names = ("deadline", "real nights in time", "simulated chance", "95 % interval of the real share")
    title = f"Simulation against {len(real)} real nights of {AGAIN:,} files"
    table = Table(*names, box=None, header_style="bold", title=title)
    for seconds in np.quantile(simulated, [0.1, 0.25, 0.5, 0.75, 0.9]):
        made, chance = int((real <= seconds).sum()), float((simulated <= seconds).mean())
        low, high = _interval(made, len(real))
        table.add_row(
            f"{seconds:.1f} s", f"{made} of {len(real)}", f"{chance:.0%}", f"{low:.0%} to {high:.0%}"
        )
    return table


def _interval(made: int, of: int) -> tuple[float, float]:
    """Give Wilson's interval of a share (Wilson, J. Amer. Statist. Assoc. 22, 1927)."""
    z, share = 1.96, made / of
    middle, width = share + z * z / (2 * of), z * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return float((middle - width) / (1 + z * z / of)), float((middle + width) / (1 + z * z / of))


def _draw(real: Any, simulated: Any, path: Path) -> None:
    import matplotlib as mpl  # noqa: PLC0415 - only a picture needs it

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415 - as above

    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    for seconds, colour, title in ((simulated, "#30638e", "simulated"), (real, "#d1495b", "real")):
        ordered = np.sort(seconds)
        axes.step(
            ordered, np.arange(1, len(ordered) + 1) / len(ordered), where="post", color=colour, label=title
        )
    axes.set_xlim(0, 1.1 * max(real.max(), float(np.quantile(simulated, 0.99))))
    axes.set_xlabel("deadline, seconds from the plan")
    axes.set_ylabel("chance of making it")
    axes.set_title(f"{len(real)} real nights with stragglers and killed workers, and their simulation")
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """Run the nights one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--nights", type=int, default=24, help="nights with stragglers and killed workers")
    parser.add_argument("--picture", type=Path, help="draw them here")
    parser.add_argument("--out", type=Path, help="write all figures here")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--work", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        _serve(json.loads(asked.serve))
    elif asked.work:
        folder, sha256, *rest = json.loads(asked.work)
        _work(Network(Path(folder), sha256), *rest)
    else:
        _measure(asked.nights, asked.picture, asked.out)


def _measure(again: int, picture: Path | None, out: Path | None) -> None:
    model = network.trained(ROOT / ".nightlabel" / "bench")
    model = replace(model, folder=model.folder.absolute())
    rng = np.random.default_rng(3)
    kinds = [
        *HISTORY,
        *((files, workers) for files in SIZES for workers in WORKERS),
        *[(AGAIN, 2)] * (again + 3),
    ]
    nights = [Real(day, *kind) for day, kind in zip(_days(len(kinds)), kinds, strict=True)]
    first, calm = len(HISTORY) + len(SIZES) * len(WORKERS), len(kinds) - again
    with _served(nights):
        found = [_said(_night(model, night, rng)) for night in nights[:calm]]
        shaken = [_said(_night(model, night, rng, LUCK)) for night in nights[calm:]]
    Console().print(_sizes(found[len(HISTORY) : first]))
    if shaken:
        real, simulated = np.array([night["worked"] for night in shaken]), _simulated(found[first:calm])
        Console().print(_deadlines(real, simulated))
        if picture:
            _draw(real, simulated, picture)
    if out:
        out.write_text(json.dumps({"calm": found, "shaken": shaken}, indent=1), encoding="utf-8")


def _said(night: Mapping[str, Any]) -> dict[str, Any]:
    print(
        night["files"],
        night["workers"],
        f"{night['middle']:.1f} {night['took']:.1f}",
        file=sys.stderr,
        flush=True,
    )
    return dict(night)


if __name__ == "__main__":
    main()
