"""The steps of a night: plan, label, publish."""

from typing import Any

from nightlabel import catalog
from nightlabel import label as room
from nightlabel.registry.loaded import loaded
from nightlabel.registry.models import CHAMPION, Pinned, Registry
from nightlabel.settings import settings
from nightlabel.steps.code import commit
from nightlabel.store import open_lake

Result = dict[str, Any]


def plan(usecase: str, date: str, run: str, *, replay: bool = False) -> Result:
    """Pin the new files and the champion, once; a second call reads the standing plan.

    Args:
        usecase: Name of the use case.
        date: The partition, ISO date.
        run: Name of the night's run.
        replay: Plan the quarantined files of the partition again.
    """
    case, lake = catalog.load(usecase), open_lake()
    champion = Registry(settings().tracking).resolve(usecase, CHAMPION)
    make = room.replay if replay else room.plan
    made = make(case, lake, date, run, champion, commit=commit())
    shards = [shard.name for shard in made.shards]
    return {
        "date": made.date,
        "run": made.run,
        "kind": made.kind,
        "generation": made.generation,
        "files": made.files,
        "model_version": made.model.version,
        "shards": shards,
    }


def label(usecase: str, date: str, run: str, shard: str) -> Result:
    """Label one shard with the model that the plan pinned."""
    case, lake = catalog.load(usecase), open_lake()
    pinned = Pinned(**room.read_plan(lake, usecase, date, run).model.model_dump(), tags={})
    with loaded(Registry(settings().tracking), pinned, case) as labeller:
        receipt = room.label_shard(case, lake, date, run, shard, labeller)
    told = receipt.model_dump(mode="json", exclude={"data", "inputs", "ids"})
    return {**told, "superseded": receipt.superseded}


def publish(usecase: str, date: str, run: str) -> Result:
    """Commit the night, or say that it was committed before."""
    return room.publish(catalog.load(usecase), open_lake(), date, run).model_dump(mode="json")
