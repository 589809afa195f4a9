"""The steps that decide with a person: register, propose, release, rollback."""

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
from nightlabel.registry.models import CHALLENGER, CHAMPION, Pinned, Registry
from nightlabel.settings import settings
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


def release(usecase: str, by: str) -> Result:
    """Make the challenger champion, if what was merged belongs to it.

    Raises:
        RefusedError: ``NL-F005``, merged parameters, data version and challenger do not belong together.
    """
    catalog.load(usecase)
    registry = Registry(settings().tracking)
    challenger = registry.resolve(usecase, CHALLENGER)
    champion = registry.aliases(usecase).get(CHAMPION, "")
    if champion == challenger.version:
        return _moved(challenger, champion, "it was champion already")
    check_release(_merged(usecase, PARAMS), _merged(usecase, POINTER), challenger.tags, champion=champion)
    reason = f"release of run {challenger.tags.get('run', '')}"
    registry.move_champion(usecase, challenger.version, by=by, reason=reason, over=champion)
    return _moved(challenger, champion, "released")


def rollback(usecase: str, by: str, reason: str) -> Result:
    """Make the champion before this one champion again.

    Raises:
        RefusedError: ``NL-C002``, there is no earlier champion.
    """
    catalog.load(usecase)
    registry = Registry(settings().tracking)
    champion = registry.aliases(usecase).get(CHAMPION, "")
    before = registry.previous_champion(usecase)
    registry.move_champion(usecase, before.version, by=by, reason=reason or "rollback", over=champion)
    return _moved(before, champion, "rolled back")


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
