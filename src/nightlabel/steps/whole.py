"""All steps in order, in one process tree, with progress: for people, and for places without Airflow."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from nightlabel import label as room
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.steps import alarms, decide, folder, model, tables, watch
from nightlabel.steps import experiment as first
from nightlabel.steps import night as steps
from nightlabel.store import open_lake

Result = dict[str, Any]


def experiment(usecase: str, run: str, **asked: Any) -> Result:
    """Run an experiment to its verdict, and to the proposal or the alarm that follows from it.

    Args:
        usecase: Name of the use case.
        run: Name of the run; the same name goes on where an earlier call ended.
        asked: As in ``folder.requested``.
    """
    place = folder.experiment(usecase, run)
    request = folder.requested(place, **asked)
    with _progress() as bar:
        task = bar.add_task("experiment", total=len(request.candidates) + 6)

        def step(name: str, result: Result) -> Result:
            bar.update(task, advance=1, description=name)
            return result

        step("validated", first.validate(place, request))
        step("split", first.split(place))
        trained = []
        for name in request.candidates:
            with suppress(RefusedError):  # what failed is left out below, which says why
                trained.append(step(f"trained {name}", model.train(place, name)))
        step("evaluated", model.evaluate(place, "leave-out"))
        verdict = step("judged", model.gate(place))
        if verdict["outcome"] == "promote":
            step("registered", decide.register(place))
            verdict |= {"proposal": step("proposed", decide.propose(place))["url"]}
        elif verdict["outcome"] == "reject":
            step("alarmed", alarms.alarm(usecase, run, "experiment", ""))
    Console(stderr=True).print(tables.candidates(trained))
    return verdict


def night(usecase: str, date: str, run: str, *, reason: room.Reason = "night") -> Result:
    """Run a night: plan, label each shard, publish, monitor.

    Args:
        usecase: Name of the use case.
        date: The partition, ISO date.
        run: Name of the run; empty makes one from the time.
        reason: Label new files, the quarantined ones again, or all of them again.
    """
    run = run or f"hand-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    plan = steps.plan(usecase, date, run, reason=reason)
    with _progress() as bar:
        task = bar.add_task("label", total=len(plan["shards"]))
        for shard in plan["shards"]:
            if not _labelled(usecase, date, run, shard):
                break
            bar.update(task, advance=1, description=f"labelled {shard}")
    committed = steps.publish(usecase, date, run)
    summary = room.read_summary(open_lake(), usecase, date, run)
    told = summary.model_dump(mode="json") if summary else {}
    return {**told, **committed, "drift": _drift(usecase, date, run)}


def _labelled(usecase: str, date: str, run: str, shard: str) -> bool:
    """Label a shard; at the deadline, leave it to publish to say what is done."""
    try:
        steps.label(usecase, date, run, shard)
    except RefusedError as error:
        if error.code != room.STOPPED:
            raise
        return False
    return True


def _drift(usecase: str, date: str, run: str) -> Result:
    """Watch the night; what goes wrong here is told, and the labels stay committed."""
    try:
        return watch.monitor(usecase, date, run)
    except NightlabelError as error:
        return {"status": "not computable", "sentence": str(error), "columns": []}


@contextmanager
def _progress() -> Iterator[Progress]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        yield bar
