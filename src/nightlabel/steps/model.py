"""The steps of an experiment that make and judge models: train, evaluate, gate."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nightlabel import log
from nightlabel.contract import Params
from nightlabel.errors import RefusedError
from nightlabel.gate import judge
from nightlabel.monitor.alarms import all_clear
from nightlabel.registry import artifact
from nightlabel.registry.models import CHAMPION, Pinned, Registry
from nightlabel.settings import settings
from nightlabel.steps import candidates, pages, prepare, scores
from nightlabel.steps.experiment import Result, once, rows_of
from nightlabel.steps.figures import tell_verdict
from nightlabel.steps.folder import Experiment
from nightlabel.steps.track import track
from nightlabel.version import holdout_digest

EVERY = 5
"""Epochs between two lines of progress."""
_MB = 1_000_000


@once("candidates/{0}.json")
def train(place: Experiment, candidate: str) -> Result:
    """Train one candidate on the fit rows, measure it on the validation rows, then refit it on both.

    The refitted model is what is tracked and goes on; it is never measured on rows that it was fitted on.
    """
    params = _params(place, candidate)
    with candidates.failure_kept(place, candidate):
        return _train(place, candidate, params)


def _train(place: Experiment, candidate: str, params: Params) -> Result:
    from nightlabel.train import loop  # noqa: PLC0415 - torch is heavy, and only this step needs it
    from nightlabel.train.export import to_onnx  # noqa: PLC0415 - as above

    usecase, seed = place.usecase, place.request.seed
    fit, validation = rows_of(place, "fit"), rows_of(place, "validation")
    known = rows_of(place, "fit", "validation")
    with prepare.encoding(place) as encode:
        progress = _progress(candidate)
        trained = loop.train(usecase, fit, validation, params, seed, on_epoch=progress, encode=encode)
        final = loop.refit(usecase, trained, known, params, seed, encode=encode)
    said = trained.probabilities(validation)
    predictions = scores.predictions(said, trained.encoder.classes, validation[usecase.schema.LABEL])
    with tempfile.TemporaryDirectory() as scratch:
        folder, example = Path(scratch) / "model", validation.head(5)
        network = to_onnx(final.network, final.encoder.encode(example))
        sha256 = artifact.save(
            folder, usecase, final.encoder, network, params=params, seed=seed, example=example
        )
        made = {"candidate": candidate, "params": dict(params), "seed": seed, "sha256": sha256}
        tracked = track(place, made, trained.curves, predictions, folder)
    seconds = round(trained.seconds + final.seconds, 2)
    told = {"seconds": seconds, "validation": predictions.metrics.to_json()}
    return {**made, **tracked, **told, "url": pages.run_page(tracked["run_id"])}


@once("evaluation.json")
def evaluate(place: Experiment, failed: candidates.Failed = "refuse") -> Result:
    """Select on the validation rows; measure the selected and the champion once on the same holdout.

    Args:
        place: The folder of the run.
        failed: What to do about candidates that could not be trained: refuse, or leave them out.
    """
    trained, missing = candidates.trained(place, failed)
    best = min(trained, key=lambda result: (result["validation"]["log_loss"], result["candidate"]))
    holdout, label = rows_of(place, "holdout"), place.usecase.schema.LABEL
    registry = Registry(settings().tracking)
    champion = champion_of(registry, place.usecase.name)
    with tempfile.TemporaryDirectory() as scratch:
        folder = registry.fetch_logged(best["model_uri"], Path(scratch))
        models = {"candidate": artifact.load(folder, place.usecase, sha256=best["sha256"])}
        if champion:
            standing = registry.fetch(champion, Path(scratch))
            models["champion"] = artifact.load(standing, place.usecase, sha256=champion.sha256)
        cost = {
            "seconds_per_100k": round(scores.seconds_per_100k(models["candidate"], holdout), 3),
            "size_mb": round(sum(path.stat().st_size for path in folder.iterdir()) / _MB, 3),
        }
        said = {name: scores.scores(model, holdout, label) for name, model in models.items()}
    scores.keep(place, holdout, {name: probabilities for name, (_, probabilities) in said.items()})
    candidates.tell_owner(place, missing)
    chosen = {name: best[name] for name in ("candidate", "params", "seed", "run_id", "model_uri", "sha256")}
    return {
        **chosen,
        **cost,
        "selected_from": {result["candidate"]: result["validation"]["log_loss"] for result in trained},
        "missing": missing,
        "champion": None if champion is None else identity(champion),
        "measured_digest": holdout_digest(holdout[["source_version", "row"]]),
        "models": {name: result for name, (result, _) in said.items()},
        "url": pages.run_page(best["run_id"]),
    }


@once("verdict.json")
def gate(place: Experiment) -> Result:
    """Hold the rules of the card against the evidence."""
    verdict = judge(place.usecase.card.gates, scores.evidence(place))
    missing = place.needed("evaluation.json", "evaluate")["missing"]
    reason = "; ".join([verdict.reason(), *candidates.sentences(missing)])
    log.get("gate").info(reason, outcome=verdict.outcome, use_case=place.usecase.name, run=place.run)
    tell_verdict(place, verdict)
    if verdict.outcome != "reject" and not missing:
        all_clear("experiment", use_case=place.usecase.name)
    return {**verdict.to_json(), "reason": reason, "missing": missing}


def champion_of(registry: Registry, name: str) -> Pinned | None:
    """Give the champion, or nothing where the use case has none yet."""
    return registry.resolve(name, CHAMPION) if CHAMPION in registry.aliases(name) else None


def identity(pinned: Pinned) -> Result:
    """Give what the gates and the report must know of a registered version."""
    tags = pinned.tags
    return {
        "name": pinned.version,
        "sha256": pinned.sha256,
        "data_version": tags["data_version"],
        "trained_until": tags["trained_until"],
        "candidate": tags["candidate"],
        "run": tags["run"],
    }


def _params(place: Experiment, candidate: str) -> Params:
    if candidate not in place.request.candidates:
        raise RefusedError(
            f"run {place.run!r} was not asked for the candidate {candidate[:60]!r}",
            code="NL-R004",
            kept="the results of the run so far",
            advice=f"name one of: {', '.join(place.request.candidates)}",
        )
    return place.request.params or place.usecase.card.candidates[candidate]


def _progress(candidate: str) -> Callable[[dict[str, Any]], None]:
    def tell(point: dict[str, Any]) -> None:
        if point.get("epoch", 0) % EVERY == 0:
            log.get("train").info("trained", candidate=candidate, **point)

    return tell
