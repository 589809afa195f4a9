"""nightlabel through its public entry: plan, then every shard; validated, quarantined, digested."""

from collections import defaultdict
from dataclasses import replace
from importlib import import_module

from benchmarks.engines.task import Done, Task, Work
from benchmarks.used import cpu_seconds
from benchmarks.workload import USECASE
from nightlabel import catalog, label
from nightlabel.contract import UseCase
from nightlabel.registry.models import Pinned
from nightlabel.store import Store, open_lake


def engine(task: Task) -> Work:
    """Start up with the lake and the pinned model; a plan that stands is read."""
    for needed in ("deltalake", "nightlabel.store.signed"):  # planning's own, imported before the work begins
        import_module(needed)
    labeller, lake, usecase = task.labeller(), open_lake(), _usecase(task)

    def work() -> Done:
        before, outputs, stages = cpu_seconds(), list[str](), defaultdict[str, float](float)
        made = _plan(task, usecase, lake)
        stages["list"] = cpu_seconds() - before
        names = [shard.name for shard in made.shards]
        for name in names if task.shard < 0 else [names[task.shard]]:
            receipt = label.label_shard(usecase, lake, task.day, task.run, name, labeller)
            outputs += [f"{usecase.name}/labels/{f.path}" for f in receipt.data if f.outcome == "labelled"]
            for stage, seconds in receipt.cpu.items():
                stages[stage] += seconds
        return Done(tuple(outputs), stages)

    return work


def planning(task: Task) -> Work:
    """Plan alone."""
    lake, usecase = open_lake(), _usecase(task)

    def work() -> Done:
        _plan(task, usecase, lake)
        return Done(())

    return work


def _usecase(task: Task) -> UseCase:
    usecase = catalog.load(USECASE)
    return replace(usecase, card=usecase.card.model_copy(update={"max_pods": task.shards}))


def _plan(task: Task, usecase: UseCase, lake: Store) -> label.Plan:
    model = Pinned(usecase.name, "1", "benchmark", task.sha256, "models:/benchmark", {})
    return label.plan(usecase, lake, task.day, task.run, model, commit="benchmark")
