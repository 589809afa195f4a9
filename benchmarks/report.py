"""The figures as JSON, and as tables for people."""

import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.engines import ENGINES
from benchmarks.measure import Taken
from benchmarks.rounds import Found, spread
from benchmarks.workload import Night

Report = dict[str, Any]
Spread = Mapping[str, float]

SMALL, LARGE = "cpu_per_10k_files", "cpu_per_million_records"
"""What an engine costs: of small files, and of large ones."""

_PACKAGES = {"nightlabel", "obstore", "pyarrow", "onnxruntime", "pandas"}
_UNITS = {SMALL: "CPU-s per\n10,000 files", LARGE: "CPU-s per\n1,000,000 records"}
_RATES = {SMALL: "files_per_second", LARGE: "records_per_second"}


def header(
    night: Night, rounds: int, candidate: str, engines: Sequence[str], missing: Mapping[str, str]
) -> Report:
    """Say what is measured, and where.

    Args:
        night: The small files.
        rounds: Runs of each engine.
        candidate: The network.
        engines: What is measured.
        missing: What cannot be measured, and why.
    """
    packages = sorted(_PACKAGES | {ENGINES[name].package for name in engines})
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "processor": _processor(),
            "cores": len(os.sched_getaffinity(0)),
            "load_at_start": round(os.getloadavg()[0], 1),
            "python": platform.python_version(),
            "packages": {name: version(name) for name in packages},
        },
        "night": {"files": night.files, "records_per_file": night.rows, "seed": night.seed},
        "candidate": candidate,
        "rounds": rounds,
        "missing": dict(missing),
    }


def figures(found: Found) -> Report:
    """Give the figures of each engine: median, lowest and highest of all rounds."""
    return {name: _figures(name, runs) for name, runs in found.items()}


def stages(runs: Sequence[Taken]) -> dict[str, float]:
    """Give the CPU seconds of 10,000 files by stage; ``other`` is what no stage counts."""
    counted = [{**run.stages, "other": run.cpu - sum(run.stages.values())} for run in runs]
    return {
        stage: median(seconds[stage] / run.files * 10_000 for seconds, run in zip(counted, runs, strict=True))
        for stage in counted[0]
    }


def best_peer(entries: Report, cost: str = SMALL) -> str | None:
    """Name the peer that costs least, if one was measured."""
    peers = [name for name, entry in entries.items() if entry["kind"] == "peer"]
    return min(peers, key=lambda name: _middle(entries[name][cost]), default=None)


def tables(report: Report) -> Iterator[Table]:
    """Make the tables for people."""
    night = report["night"]
    yield _engines(
        report["engines"], SMALL, f"{night['files']:,} files of {night['records_per_file']} records"
    )
    yield _stages(report["stages"])
    if "large" in report:
        yield _engines(report["large"], LARGE, "20 files of 50,000 records")
    if conditions := list(_conditions(report)):
        yield _filled(_table("nightlabel under other conditions", "condition", "figure"), conditions)


def show(report: Report, console: Console) -> None:
    """Print all tables, and loudly what could not be measured."""
    for table in tables(report):
        console.print(table)
    for name, reason in report["missing"].items():
        console.print(f"NOT MEASURED: {ENGINES[name].title}: {reason}", style="bold red", highlight=False)


def markdown(report: Report) -> str:
    """Give the tables as Markdown."""
    lines = [line for table in tables(report) for line in (f"**{table.title}**", "", *_lines(table), "")]
    lines += [f"Not measured: {ENGINES[name].title}: {why}" for name, why in report["missing"].items()]
    return "\n".join(lines) + "\n"


def _figures(name: str, runs: Sequence[Taken]) -> Report:
    return {
        "title": ENGINES[name].title,
        "kind": ENGINES[name].kind,
        "files": runs[0].files,
        "records": runs[0].rows,
        SMALL: spread([run.cpu / run.files * 10_000 for run in runs]),
        LARGE: spread([run.cpu / run.rows * 1_000_000 for run in runs]),
        "files_per_second": spread([run.files / run.seconds for run in runs]),
        "records_per_second": spread([run.rows / run.seconds for run in runs]),
        "peak_mb": spread([run.peak_mb for run in runs]),
        "startup_cpu": spread([run.startup for run in runs]),
        "requests_per_file": median(sum(run.requests.values()) / run.files for run in runs),
    }


def _engines(entries: Report, cost: str, title: str) -> Table:
    ratios = [name for name in ("nightlabel", best_peer(entries, cost), "bare") if name in entries]
    rates = ("files_per_second", "records_per_second")
    units = (_UNITS[cost], "files/s", "records/s", "peak MB", "start-up\nCPU-s", "requests\na file")
    against = ["x best\npeer" if ENGINES[name].kind == "peer" else f"x {name}" for name in ratios]
    table = _table(title, "engine", *units, *against)
    most = max(entry["files"] for entry in entries.values())
    for entry in sorted(entries.values(), key=lambda entry: _middle(entry[cost])):
        fewer = f"\n({entry['files']:,} files)" if entry["files"] < most else ""
        table.add_row(
            entry["title"] + fewer,
            _spread(entry[cost], 2),
            *(
                _spread(entry[rate]) if rate == _RATES[cost] else f"{_middle(entry[rate]):,.0f}"
                for rate in rates
            ),
            _spread(entry["peak_mb"]),
            f"{_middle(entry['startup_cpu']):.2f}",
            f"{entry['requests_per_file']:.2f}",
            *(f"{_middle(entry[cost]) / _middle(entries[name][cost]):.2f}" for name in ratios),
            style="bold" if entry["kind"] == "own" else None,
        )
    return table


def _stages(seconds: Mapping[str, float]) -> Table:
    total = sum(seconds.values())
    rows = [(stage, f"{value:.3f}", f"{value / total:.0%}") for stage, value in seconds.items()]
    return _filled(_table("Where nightlabel's CPU goes", "stage", _UNITS[SMALL], "share"), rows)


def _conditions(report: Report) -> Iterator[tuple[str, str]]:
    if late := report.get("late"):
        yield (
            f"the store answers after {late['delay_ms']} ms",
            f"{_flat(late['of_prompt'], 2)} of the prompt rate, {_flat(late['files_per_second'])} files/s",
        )
    if scaling := report.get("scaling"):
        yield "two processes on two shards, a core each", f"{_flat(scaling['ratio'], 2)} of the time of one"
    for memory in report.get("memory", ()):
        for step in ("plan", "label"):
            peak, seconds, cpu = (memory[f"{step}_{name}"] for name in ("peak_mb", "seconds", "cpu"))
            yield f"{step} {memory['files']:,} files", f"{peak:,.0f} MB, {seconds:,.1f} s, {cpu:,.1f} CPU-s"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left", no_wrap=bool(number))
    return table


def _filled(table: Table, rows: Sequence[tuple[str, ...]]) -> Table:
    for row in rows:
        table.add_row(*row)
    return table


def _lines(table: Table) -> Iterator[str]:
    yield _line([str(column.header) for column in table.columns])
    yield _line(["---", *["---:"] * (len(table.columns) - 1)])
    for row in zip(*(column.cells for column in table.columns), strict=True):
        yield _line(list(map(str, row)))


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("\n", "<br>")


def _spread(values: Spread, digits: int = 0) -> str:
    middle, low, high = (f"{values[name]:,.{digits}f}" for name in ("median", "low", "high"))
    return middle if low == high else f"{middle}\n{low}-{high}"


def _flat(values: Spread, digits: int = 0) -> str:
    middle, _, around = _spread(values, digits).partition("\n")
    return f"{middle} ({around})" if around else middle


def _middle(values: Spread) -> float:
    return values["median"]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown"
    )
