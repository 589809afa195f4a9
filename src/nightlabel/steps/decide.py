"""The steps that decide with a person: register, propose, release, rollback."""

import re
from contextlib import suppress
from dataclasses import asdict

from nightlabel import catalog
from nightlabel import propose as room
from nightlabel.errors import RefusedError
from nightlabel.monitor import reference
from nightlabel.propose.forge import PARAMS, POINTER, USECASES, change
from nightlabel.propose.params import changed_params
from nightlabel.propose.release import check_release, params_digest
from nightlabel.propose.report import render
from nightlabel.registry.loaded import loaded
from nightlabel.registry.models import CHALLENGER, CHAMPION, IMAGE, Pinned, Registry
from nightlabel.settings import IMAGE_BY_DIGEST, settings
from nightlabel.steps import pages
from nightlabel.steps.code import commit
from nightlabel.steps.experiment import Result, once, rows_of
from nightlabel.steps.folder import Experiment
from nightlabel.steps.reporting import report_input

REPORT = "report.md"


@once("registration.json")
def register(place: Experiment) -> Result:
    """Register the winner, give it the alias ``challenger``, and keep its training snapshot."""
    verdict = place.needed("verdict.json", "gate")
    if verdict["outcome"] != "promote":
        raise RefusedError(
            f"run {place.run!r} has no winner: {verdict['reason']}",
            code="NL-R005",
            kept="the registry as it was",
            advice="read the verdict, change data or candidates, and start a new experiment",
        )
    winner = place.needed("evaluation.json", "evaluate")
    registry, name = Registry(settings().tracking), place.usecase.name
    pinned = registry.add(name, winner["run_id"], winner["model_uri"], winner["sha256"], _tags(place, winner))
    snapshot = _snapshot(place, registry, pinned)
    registry.alias(name, CHALLENGER, pinned.version)
    return {
        "version": pinned.version,
        "candidate": winner["candidate"],
        "sha256": pinned.sha256,
        "alias": CHALLENGER,
        "snapshot": snapshot,
        "url": pages.model_page(pinned),
    }


@once("proposal.json")
def propose(place: Experiment) -> Result:
    """Open or update the pull request that asks a person to make the challenger champion."""
    place.needed("registration.json", "register")
    winner = place.needed("evaluation.json", "evaluate")
    split = place.needed("split.json", "split")
    body = render(report_input(place))
    place.lake.put(place.key(REPORT), body.encode())
    forge, usecase = room.forge(), place.usecase.name
    asked = change(
        usecase,
        winner["candidate"],
        split["data_version"],
        params=changed_params(
            forge.read(f"{USECASES}/{usecase}/{PARAMS}"),
            winner["params"],
            candidate=winner["candidate"],
            seed=winner["seed"],
        ),
        pointer=split["pointer"].encode(),
        body=body,
        base=settings().forge_branch,
    )
    return {**asdict(forge.propose(asked)), "title": asked.title, "files": sorted(asked.files)}


def release(
    usecase: str, by: str, image: str = "", version: str = "", *, again: bool = False, dry_run: bool = False
) -> Result:
    """Make production what was merged: the challenger, or the champion with a new image.

    Args:
        usecase: Name of the use case.
        by: Who decided it.
        image: Image that labels with the model from now on, by digest; empty leaves the one it has.
        version: The only version that may be released; empty does not ask.
        again: Release a version that was rolled back before.
        dry_run: Check everything and move nothing.

    Raises:
        RefusedError: ``NL-F005``, merged parameters, data version and challenger do not belong together;
            ``NL-C011``, the version was rolled back; ``NL-C012``, another one would be released;
            ``NL-H002``, the image is not named by its digest.
    """
    catalog.load(usecase)
    _check_image(image)
    registry = Registry(settings().tracking)
    champion = registry.aliases(usecase).get(CHAMPION, "")
    try:
        wanted = _merged_model(registry, usecase, champion, image)
    except RefusedError as error:
        error.facts["champion"] = champion  # without one, nothing is wrong yet
        raise
    if version and wanted.version != version:
        raise _another(usecase, version, wanted.version)
    same = wanted.version == champion
    if not (same or again) and any(wanted.version == move.version for move in registry.moves(usecase)):
        raise _rolled_back(usecase, wanted.version)
    if same and image in ("", wanted.tags.get(IMAGE, "")):
        return _moved(wanted, champion, "it was champion already")
    if dry_run:
        return _moved(wanted, champion, "would be released")
    reason = f"release of run {wanted.tags.get('run', '')}"
    now = registry.move_champion(usecase, wanted.version, by=by, reason=reason, over=champion, image=image)
    return _moved(now, champion, "released")


def rollback(usecase: str, by: str, reason: str) -> Result:
    """Make the release before this one, model and image, production again.

    Raises:
        RefusedError: ``NL-C002``, there is no earlier champion.
    """
    catalog.load(usecase)
    registry = Registry(settings().tracking)
    champion = registry.aliases(usecase).get(CHAMPION, "")
    before, image = registry.previous_champion(usecase)
    told = {"by": by, "reason": reason or "rollback", "over": champion, "image": image}
    return _moved(registry.move_champion(usecase, before.version, **told), champion, "rolled back")


def _merged_model(registry: Registry, usecase: str, champion: str, image: str) -> Pinned:
    """Give the version that the merged files belong to; a new image may also be the champion's."""
    challenger = registry.resolve(usecase, CHALLENGER)
    if challenger.version == champion and not image:
        return challenger
    merged = _merged(usecase, PARAMS), _merged(usecase, POINTER)
    if champion and image:
        standing = registry.find(usecase, champion)
        with suppress(RefusedError):
            check_release(*merged, standing.tags)
            return standing
    check_release(*merged, challenger.tags, champion=champion)
    return challenger


def _check_image(image: str) -> None:
    if not re.fullmatch(IMAGE_BY_DIGEST, image):
        raise RefusedError(
            f"{image[:120]!r} is no image that is named by its digest",
            code="NL-H002",
            kept="the champion as it is",
            advice="name it registry/name@sha256:..., as the registry gave it",
        )


def _another(usecase: str, version: str, found: str) -> RefusedError:
    return RefusedError(
        f"version {version} of {usecase} was to be released, but what was merged is version {found}",
        code="NL-C012",
        kept="the champion as it is",
        advice="start the release again, so that the version is tried that goes into production",
    )


def _rolled_back(usecase: str, version: str) -> RefusedError:
    return RefusedError(
        f"version {version} of {usecase} was champion before and was rolled back",
        code="NL-C011",
        kept="the champion as it is",
        advice="revert its merge; or, if it shall be champion again: nightlabel release --again",
    )


def _merged(usecase: str, name: str) -> bytes:
    """Read a file as people merged it."""
    content = room.forge().read(f"{USECASES}/{usecase}/{name}")
    if content is None:
        raise RefusedError(
            f"the branch {settings().forge_branch!r} has no {name} of {usecase}: no proposal was merged yet",
            code="NL-F005",
            kept="the champion as it is",
            advice="merge the challenger's proposal first",
        )
    return content


def _moved(now: Pinned, before: str, outcome: str) -> Result:
    return {
        "champion": now.version,
        "before": before or None,
        "outcome": outcome,
        "image": now.tags.get(IMAGE, ""),
        "candidate": now.tags["candidate"],
        "sha256": now.sha256,
    }


def _tags(place: Experiment, winner: Result) -> dict[str, str]:
    split = place.needed("split.json", "split")
    champion = winner["champion"]
    params = changed_params(None, winner["params"], candidate=winner["candidate"], seed=winner["seed"])
    return {
        "run": place.run,
        "candidate": winner["candidate"],
        "data_version": split["data_version"],
        "params_digest": params_digest(params),
        "trained_until": split["roles"]["validation"]["to"],
        "champion": champion["name"] if champion else "",
        "commit": commit(),
    }


def _snapshot(place: Experiment, registry: Registry, pinned: Pinned) -> str:
    """Keep what the model saw, and what it says of records that it was not fitted on."""
    rows = rows_of(place, "fit", "validation", "holdout")
    late = rows[place.read("roles.parquet")["role"].eq("holdout").to_numpy()]
    with loaded(registry, pinned, place.usecase) as labeller:
        labels = labeller.label(late)
    card = place.usecase.card
    taken = reference.snapshot(card, rows, labels[["label", "confidence"]])
    return reference.save(place.lake, card, pinned.version, taken)
