"""What is measured: all engines in turn, and nightlabel under other conditions."""

import random
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks.engines import ENGINES
from benchmarks.measure import BenchmarkError, Labels, Lake, Place, Taken, run, served
from benchmarks.workload import LARGE, Night

LARGE_ENGINES = ("nightlabel", "bare", "polars-tuned", "daft-tuned", "boto3-tuned")
"""Those that few large files are tried with."""
DELAY_MS = 20
"""How late the late store answers."""

Say = Callable[[str], None]
Found = dict[str, list[Taken]]


def in_turn(lake: Lake, engines: Sequence[str], rounds: int, say: Say) -> Found:
    """Run all engines in each round, in another order each time, so that noise falls on all.

    Args:
        lake: The store.
        engines: Their names, ``nightlabel`` among them.
        rounds: How often.
        say: Is told of each run.

    Returns:
        What each run took.

    Raises:
        BenchmarkError: An engine gives a record another label than nightlabel does.
    """
    found: Found = {engine: [] for engine in engines}
    for number in range(rounds):
        order, labels = list(engines), dict[str, Labels]()
        random.Random(number).shuffle(order)  # noqa: S311 - no secret
        for engine in order:
            few = ENGINES[engine].few
            ((taken, labels[engine]),) = run(lake, engine, lake.task(few=few))
            found[engine].append(taken)
            cost = f"{taken.cpu:.1f} CPU-s, {taken.seconds:.1f} s for {taken.files:,} files"
            say(f"{number + 1}/{rounds} {ENGINES[engine].title}: {cost}")
        for engine in engines:
            agree(engine, labels["nightlabel"], labels[engine], found[engine][-1].files)
    return found


def late(place: Place, night: Night, rounds: int, say: Say) -> dict[str, Any]:
    """Compare a store that answers at once with one that answers late."""
    with served(place, night) as prompt, served(place, night, delay_ms=DELAY_MS) as slow:
        pairs = [(_rate(prompt), _rate(slow)) for _ in _counted(rounds, "late store", say)]
    return {
        "delay_ms": DELAY_MS,
        "files_per_second": spread([late for _, late in pairs]),
        "of_prompt": spread([late / prompt for prompt, late in pairs]),
    }


def large(place: Place, engines: Sequence[str], rounds: int, say: Say) -> Found:
    """Run engines on few large files."""
    with served(place, LARGE) as lake:
        return in_turn(lake, engines, rounds, say)


def scaling(lake: Lake, rounds: int, say: Say) -> dict[str, Any]:
    """Compare one process on one shard with two on two, each with one core of its own."""
    seconds = [[_shards(lake, count) for count in (1, 2)] for _ in _counted(rounds, "scaling", say)]
    one, two = (spread(side) for side in zip(*seconds, strict=True))
    return {"one": one, "two": two, "ratio": spread([b / a for a, b in seconds])}


def memory(lake: Lake, say: Say) -> dict[str, Any]:
    """Plan and label a night in two processes, as pods do, for the memory of each."""
    say(f"memory at {lake.night.files:,} files")
    planned, labelled = _apart(lake)
    sides = {"plan": planned, "label": labelled}
    return {
        "files": lake.night.files,
        **{f"{name}_peak_mb": taken.peak_mb for name, taken in sides.items()},
        **{f"{name}_seconds": taken.seconds for name, taken in sides.items()},
        **{f"{name}_cpu": taken.cpu for name, taken in sides.items()},
    }


def agree(engine: str, own: Labels, other: Labels, files: int) -> None:
    """Hold an engine's labels against ours, on the records that we label: peers have no quarantine.

    Args:
        engine: Its name.
        own: Our labels by file and row.
        other: Those of the engine.
        files: Number of the files that the engine was given, the first ones.

    Raises:
        BenchmarkError: A record has another label, none, or two.
    """
    wanted = own[own["file"] < files]
    pairs = wanted.merge(other, on=["file", "row"], how="left", suffixes=("", "_other"))
    wrong = pairs[pairs["label"] != pairs["label_other"]]
    if len(wrong) or wanted.empty:
        first = wrong.head(3).to_dict("records")
        raise BenchmarkError(
            f"{ENGINES[engine].title} gives {len(wrong)} of {len(wanted)} records another label: {first}"
        )
    if len(pairs) > len(wanted):
        raise BenchmarkError(f"{ENGINES[engine].title} gives {len(pairs) - len(wanted)} records again")


def spread(values: Sequence[float]) -> dict[str, float]:
    """Give median, lowest and highest value."""
    return {"median": median(values), "low": min(values), "high": max(values)}


def _apart(lake: Lake) -> tuple[Taken, Taken]:
    """Plan in one process, and label in another."""
    task = lake.task()
    ((planned, _),) = run(lake, "plan", task)
    ((labelled, _),) = run(lake, "nightlabel", task)
    return planned, labelled


def _rate(lake: Lake) -> float:
    """Give the files that are labelled in a second, planning left out."""
    _, labelled = _apart(lake)
    return labelled.files / labelled.seconds


def _shards(lake: Lake, count: int) -> float:
    name = lake.task().run
    tasks = [lake.task(run=name, shards=count, shard=shard) for shard in range(count)]
    run(lake, "plan", tasks[0])
    return max(taken.seconds for taken, _ in run(lake, "nightlabel", *tasks, pinned=True))


def _counted(rounds: int, name: str, say: Say) -> Iterator[int]:
    for number in range(rounds):
        say(f"{number + 1}/{rounds} {name}")
        yield number
