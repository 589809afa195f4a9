"""The steps of a night: plan, label, publish."""

import time
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal

from nightlabel import catalog, log
from nightlabel import label as room
from nightlabel.errors import RefusedError
from nightlabel.registry.loaded import loaded
from nightlabel.registry.models import CHAMPION, IMAGE, Pinned, Registry
from nightlabel.settings import settings
from nightlabel.steps import pages
from nightlabel.steps.code import commit
from nightlabel.store import open_lake

Result = dict[str, Any]
SECONDS = 15.0
"""Seconds between two reports of a labelling process."""


@log.of_night("plan")
def plan(usecase: str, date: str, run: str, *, reason: room.Reason = "night", version: str = "") -> Result:
    """Pin the new files and the champion, once; a second call reads the standing plan.

    Args:
        usecase: Name of the use case.
        date: The partition, ISO date.
        run: Name of the night's run.
        reason: What is planned: new files, the quarantined ones again, or all of them again.
        version: Version of the model, to try one before its release; the champion where it is empty.
    """
    from nightlabel.steps.ahead import foretell

    case, lake = catalog.load(usecase), open_lake()
    registry = Registry(settings().tracking)
    model = registry.find(usecase, version) if version else registry.resolve(usecase, CHAMPION)
    made = room.plan(case, lake, date, run, model, commit=commit(), image=settings().image, reason=reason)
    shards = [shard.name for shard in made.shards if shard.origin is None]
    foretell(lake, case.card, made)
    log.get("steps").info("planned", kind=made.kind, generation=made.generation, files=made.files)
    return {
        "date": made.date,
        "run": made.run,
        "kind": made.kind,
        "generation": made.generation,
        "files": made.files,
        "model_version": made.model.version,
        "shards": shards,
        "resumed": len(made.shards) - len(shards),
        "forecast": made.forecast.model_dump(mode="json") if made.forecast else None,
    }


def image_of(usecase: str, date: str, run: str) -> str:
    """Give the image of a night's pods: the one of its plan, before that the one of the champion's release.

    Raises:
        RefusedError: ``NL-C002``, there is no champion; ``NL-C013``, it was released without an image.
    """
    with suppress(RefusedError):
        if image := room.read_plan(open_lake(), usecase, date, run).image:
            return image
    champion = Registry(settings().tracking).resolve(usecase, CHAMPION)
    if image := champion.tags.get(IMAGE, ""):
        return image
    raise RefusedError(
        f"champion {champion.version} of {usecase} was released without an image",
        code="NL-C013",
        kept="everything: nothing was planned or labelled",
        advice=f"nightlabel release -u {usecase} --image registry/name@sha256:..., or name one in"
        " NIGHTLABEL_POD_IMAGE",
    )


@log.of_night("label")
def label(usecase: str, date: str, run: str, shard: str, *, halvings: int = 0) -> Result:
    """Label one shard with the model that the plan pinned.

    Args:
        usecase: Name of the use case.
        date: The partition, ISO date.
        run: Name of the night's run.
        shard: Name of the shard.
        halvings: How often to halve what is held at once: an earlier try ran out of memory.
    """
    case, lake = catalog.load(usecase), open_lake()
    pinned = Pinned(**room.read_plan(lake, usecase, date, run).model.model_dump(), tags={})
    with loaded(Registry(settings().tracking), pinned, case) as labeller:
        receipt = room.label_shard(
            case,
            lake,
            date,
            run,
            shard,
            labeller,
            _told(usecase),
            batch_files=max(1, room.BATCH_FILES >> halvings),
            batch_bytes=room.BATCH_BYTES >> halvings,
        )
    told = receipt.model_dump(mode="json", exclude={"data", "inputs", "ids"})
    return {**told, "superseded": receipt.superseded}


@log.of_night("publish")
def publish(usecase: str, date: str, run: str) -> Result:
    """Commit the night, or say that it was committed before; the check ``night`` says how it ended."""
    from nightlabel.monitor.alarms import alarm
    from nightlabel.monitor.metrics import metrics

    case, lake = catalog.load(usecase), open_lake()
    try:
        committed = room.publish(case, lake, date, run)
    except RefusedError as error:
        metrics().service_check("night", "critical", f"{date}: {error}", use_case=usecase)
        raise
    state: Literal["ok", "warning"] = "warning" if committed.left_files else "ok"
    metrics().service_check("night", state, committed.sentence, use_case=usecase)
    if committed.left_files and committed.outcome == "committed":
        title, url = f"{usecase}: night {date} in part", pages.night_page(usecase, date)
        alarm("lateness", title, committed.sentence, url=url, use_case=usecase)
    return committed.model_dump(mode="json")


def progress(usecase: str, date: str, run: str, now: datetime | None = None) -> Result:
    """Hold a night against its forecast; warn the owner once where it will miss its deadline.

    Args:
        usecase: Name of the use case.
        date: The partition, ISO date.
        run: Name of the night's run.
        now: The moment, with a zone; now where nothing is given.
    """
    from nightlabel.steps.ahead import follow

    lake, card = open_lake(), catalog.load(usecase).card
    return follow(lake, card, room.read_plan(lake, usecase, date, run), now or datetime.now(UTC))


def _told(usecase: str) -> room.OnProgress:
    """Give what sends the share of a shard that is done, now and then."""
    last = time.monotonic()

    def tell(files: int, of: int, _: int) -> None:
        nonlocal last
        if time.monotonic() - last >= SECONDS:
            from nightlabel.monitor.metrics import metrics

            last = time.monotonic()
            metrics().gauge("night.shard_progress", files / max(1, of), use_case=usecase)

    return tell
