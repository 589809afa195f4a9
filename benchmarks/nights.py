"""What it takes to plan, to publish and to verify a large night; each step runs in a process of its own.

``python -m benchmarks.nights --files 1000000 --shards 200 --delay-ms 50`` prints CPU seconds, wall seconds
and the peak of memory of each step. The pods are left out: between plan and publish every record gets the
same label, so that the table, the receipts and the inbox belong together, as ``verify`` proves in the end.
``--out rates.json --bench bench.json`` writes what ``nightlabel size --rates rates.json`` reads.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import workload
from benchmarks.engines.task import KEY, REGION, SECRET
from benchmarks.used import cpu_seconds, peak_mb
from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.label import inputs, plan, publish, read_plan, tally, verify, writing
from nightlabel.label.columns import file_schema
from nightlabel.label.papers import Outcome, Plan, Receipt, Shard
from nightlabel.label.reading import counts
from nightlabel.label.receipts import receipt_key
from nightlabel.registry.models import Pinned
from nightlabel.settings import child_environment
from nightlabel.steps.sizing import Rates
from nightlabel.store import Store, open_lake

ROOT = Path(__file__).parents[1]
DAY, RUN, AGAIN = str(workload.DAY), "night", "again"
MODEL = Pinned(workload.USECASE, "1", "run-1", "0" * 64, "models:/m-1", {})

_ENOUGH = 500_000  # files
_OF_RECORDS = (
    "parse",
    "validate",
    "encode",
    "predict",
    "write",
)  # stages that records cost, and files do not

Step = Callable[[UseCase, Store], object]


def _plan(case: UseCase, lake: Store, run: str = RUN) -> int:
    return plan(case, lake, DAY, run, MODEL, commit="benchmark").files


def _plan_again(case: UseCase, lake: Store) -> int:
    return _plan(case, lake, AGAIN)


def _work(case: UseCase, lake: Store) -> int:
    """Leave what the pods would leave, with one label for all records."""
    made = read_plan(lake, case.name, DAY, RUN)
    return sum(_shard(case, lake, made, shard) for shard in made.shards)


def _publish(case: UseCase, lake: Store) -> int:
    return publish(case, lake, DAY, RUN).records


def _verify(case: UseCase, lake: Store) -> str:
    found = verify(case, lake, DAY)
    return f"{found.records} records add up" if found.ok else found.differences[0]


STEPS: dict[str, Step] = {
    "plan": _plan,
    "(pods)": _work,
    "publish": _publish,
    "plan again": _plan_again,
    "verify": _verify,
}


def _outcomes(faulty: NDArray[np.bool_]) -> tuple[tuple[Outcome, NDArray[np.bool_]], ...]:
    return ("labelled", ~faulty), ("quarantined", faulty)


def _shard(case: UseCase, lake: Store, made: Plan, shard: Shard) -> int:
    counted = list(counts(case, lake, inputs.rows(inputs.table(lake, made, shard))))
    whole = np.array([records is None for _, records in counted])
    records = np.array([1 if n is None else n for _, n in counted])
    files = np.repeat(np.arange(len(counted)), records)
    ordinals = np.arange(len(files)) - np.repeat(np.cumsum(records) - records, records)
    ordinals[whole[files]] = tally.WHOLE_FILE
    seeds = tally.seeds((file.source, file.version) for file, _ in counted)
    rows = _rows(case, [file for file, _ in counted], files, ordinals)
    faulty = whole[files]
    data = [
        writing.store(
            lake, made, rows.filter(pa.array(mask)), outcome=outcome, name=f"{made.run}-{shard.name}"
        )
        for outcome, mask in _outcomes(faulty)
        if mask.any()
    ]
    receipt = Receipt(
        usecase=made.usecase,
        date=made.date,
        run=made.run,
        shard=shard.name,
        attempt="benchmark",
        files=shard.files,
        bytes=shard.bytes,
        records=len(files),
        labelled=int((~faulty).sum()),
        quarantined={"NL-A000": int(faulty.sum())} if faulty.any() else {},
        extra_columns={},
        unknown=0,
        model_sha256=made.model.sha256,
        inputs=shard.inputs,
        ids=tally.of_rows(seeds, files, ordinals),
        data=tuple(data),
        seconds=1.0,
        started="2026-01-01T00:00:00+00:00",
    )
    lake.create(receipt_key(made, shard.name), receipt.sealed())
    return len(files)


def _rows(
    case: UseCase, counted: list[inputs.Input], files: tally.Ordinals, ordinals: tally.Ordinals
) -> pa.Table:
    codes = pa.array(["NL-A000", None]).take(pa.array((ordinals != tally.WHOLE_FILE).astype(np.int8)))
    known = {
        "source": pa.array([file.source for file in counted]).take(pa.array(files)),
        "source_version": pa.array([file.version for file in counted]).take(pa.array(files)),
        "row": pa.array(ordinals, mask=ordinals == tally.WHOLE_FILE),
        "error_code": codes,
    }
    schema = file_schema(case)
    columns = [known.get(field.name, pa.nulls(len(files), field.type)) for field in schema]
    return pa.table(columns, schema=schema)


def _child(step: str, shards: int) -> None:
    """Run one step, and print what it took."""
    case = catalog.load(workload.USECASE)
    case = replace(case, card=case.card.model_copy(update={"max_pods": shards}))
    started, before = time.monotonic(), cpu_seconds()
    result = STEPS[step](case, open_lake())
    seconds, cpu = time.monotonic() - started, cpu_seconds() - before
    taken = {"result": str(result), "cpu": cpu, "seconds": seconds, "peak_mb": peak_mb()}
    print(json.dumps(taken), flush=True)


@contextmanager
def _served(files: int, delay_ms: float) -> Iterator[str]:
    command = [sys.executable, "-m", "benchmarks.standin", f"--files={files}", "--rows=1"]
    server = subprocess.Popen(
        [*command, f"--delay-ms={delay_ms}"], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    try:
        yield f"http://127.0.0.1:{int(server.stdout.readline() if server.stdout else '')}"
    finally:
        server.kill()
        server.wait()


def _measured(step: str, endpoint: str, shards: int) -> dict[str, Any]:
    place = {
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": endpoint,
        "NIGHTLABEL_LAKE": f"s3://{workload.BUCKET}",
        "NIGHTLABEL_S3_ENDPOINT": endpoint,
    }
    command = [sys.executable, "-m", "benchmarks.nights", f"--step={step}", f"--shards={shards}"]
    done = subprocess.run(
        command, env=child_environment(**place), stdout=subprocess.PIPE, text=True, cwd=ROOT, check=True
    )
    taken: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return taken


def _rates(
    taken: Mapping[str, dict[str, Any]], files: int, shards: int, bench: Path | None
) -> dict[str, float]:
    """Give the rates of the steps; with the figures of ``python -m benchmarks`` also those of labelling."""
    millions, usual = files / 1_000_000, Rates()
    rates = {
        "plan_cpu_s": taken["plan"]["cpu"] / millions,
        "plan_mb": max(1.0, taken["plan again"]["peak_mb"] - usual.plan_base_mb) / millions,
        "publish_shard_s": max(0.0, taken["publish"]["seconds"] - usual.publish_s) / shards,
    }
    if bench:
        figures = json.loads(bench.read_text(encoding="utf-8"))
        stages, records = figures["stages"], figures["night"]["records_per_file"] * 10_000
        rates["file_cpu_s"] = stages["read"] + stages["other"]
        rates["record_cpu_s"] = sum(stages[name] for name in _OF_RECORDS) / records * 1_000_000
        rates["startup_cpu_s"] = figures["engines"]["nightlabel"]["startup_cpu"]["median"]
    return rates


def main() -> None:
    """Measure the steps one after the other."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--shards", type=int, default=200)
    parser.add_argument("--delay-ms", type=float, default=50.0, help="milliseconds before each answer")
    parser.add_argument("--out", type=Path, help="write the rates here")
    parser.add_argument("--bench", type=Path, help="bench.json, for the rates of labelling")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.step:
        _child(asked.step, asked.shards)
        return
    if asked.out and asked.files < _ENOUGH:
        parser.error(
            f"--out needs {_ENOUGH} files at least: the cost of a step's start would count as theirs"
        )
    taken = dict[str, dict[str, Any]]()
    with _served(asked.files, asked.delay_ms) as endpoint:
        for step in STEPS:
            taken[step] = _measured(step, endpoint, asked.shards)
            print(step, taken[step], file=sys.stderr, flush=True)
    _show(taken, f"{asked.files:,} files, {asked.shards} shards, {asked.delay_ms:g} ms before each answer")
    if asked.out:
        rates = _rates(taken, asked.files, asked.shards, asked.bench)
        asked.out.write_text(json.dumps(rates, indent=1) + "\n", encoding="utf-8")


def _show(taken: Mapping[str, dict[str, Any]], title: str) -> None:
    table = Table("step", "CPU s", "wall s", "peak MB", "result", box=None, header_style="bold", title=title)
    for step, found in taken.items():
        numbers = (f"{found[name]:,.1f}" for name in ("cpu", "seconds", "peak_mb"))
        table.add_row(step, *numbers, found["result"])
    Console().print(table)


if __name__ == "__main__":
    main()
