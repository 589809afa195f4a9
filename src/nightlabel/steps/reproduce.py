"""Hold what was trained again against what a proposal says."""

from nightlabel.errors import RefusedError
from nightlabel.propose.release import check_release
from nightlabel.propose.reproduction import (
    MOST_CLASSES,
    Champion,
    Class,
    Comparison,
    Figures,
    compared,
    figures,
)
from nightlabel.registry.models import CHALLENGER, CHAMPION, Registry
from nightlabel.settings import settings
from nightlabel.steps.experiment import Result
from nightlabel.steps.folder import Experiment
from nightlabel.store import Store

RUN = "repro"
"""Name of the run that ``dvc repro`` makes; see the ``dvc.yaml`` of a use case."""


def compare(again: Experiment, lake: Store, params: bytes, pointer: bytes) -> Comparison:
    """Compare a proposal with the run that its files alone have led to.

    The proposal's own figures are those of the challenger's experiment in the lake, and not those of the
    pull request's text, which people can change.

    Args:
        again: The run of ``dvc repro``.
        lake: Where the experiments of the proposals are.
        params: ``params.toml`` of the proposal.
        pointer: Data pointer of the proposal.

    Raises:
        RefusedError: ``NL-F005``, files, challenger and champion do not belong together; ``NL-R001``, the
            challenger's experiment is not in the lake, or nothing was trained again.
    """
    registry, usecase = Registry(settings().tracking), again.usecase
    challenger = registry.resolve(usecase.name, CHALLENGER)
    champion = registry.aliases(usecase.name).get(CHAMPION, "")
    check_release(params, pointer, challenger.tags, champion=champion)
    before = Experiment(usecase, lake, challenger.tags["run"])
    evaluation = again.needed("evaluation.json", "evaluate")
    verdict = again.needed("verdict.json", "gate")
    return Comparison(
        run=before.run,
        proposed=_figures(before),
        reproduced=_figures(again),
        champion=_champion(evaluation, champion),
        outcome=verdict["outcome"],
        closed=tuple(gate["name"] for gate in verdict["gates"] if not gate["passed"]),
        classes=_classes(evaluation),
    )


def _figures(place: Experiment) -> Figures:
    split = place.needed("split.json", "split")
    return figures(place.needed("evaluation.json", "evaluate"), split["data_version"])


def _champion(evaluation: Result, version: str) -> Champion | None:
    measured = evaluation["champion"]["name"] if evaluation["champion"] else ""
    if measured != version:
        raise RefusedError(
            f"the champion was {measured or 'none'} when it was measured, and is {version or 'none'} now",
            code="NL-F005",
            kept="the champion as it is",
            advice="start the check again",
        )
    if not version:
        return None
    return Champion(version=version, metrics=compared(evaluation["models"]["champion"]["metrics"]))


def _classes(evaluation: Result) -> tuple[Class, ...]:
    told = {name: scored["metrics"]["classes"] for name, scored in evaluation["models"].items()}
    current = {one["name"]: float(one["f1"]) for one in told.get("champion", ())}
    largest_first = sorted(told["candidate"], key=lambda one: (-one["support"], one["name"]))
    return tuple(
        Class(name=one["name"], rows=one["support"], new=float(one["f1"]), current=current.get(one["name"]))
        for one in largest_first[:MOST_CLASSES]
    )
