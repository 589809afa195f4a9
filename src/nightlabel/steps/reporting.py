"""What the report of a proposal is made from."""

from typing import Any

import numpy as np
import pandas as pd

from nightlabel import label as labelling
from nightlabel.gate import parts
from nightlabel.propose.evidence import Cell, Data, Model, ReportInput, confusion_cells
from nightlabel.registry.loaded import loaded
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.steps import candidates, pages, scores
from nightlabel.steps.experiment import rows_of
from nightlabel.steps.folder import Experiment

Result = dict[str, Any]


def report_input(place: Experiment) -> ReportInput:
    """Gather all that the report of a run tells."""
    winner = place.needed("evaluation.json", "evaluate")
    night = labelling.last_night(place.lake, place.usecase.name)
    evidence = scores.evidence(place)
    return ReportInput(
        usecase=place.usecase.name,
        run=place.run,
        verdict=place.needed("verdict.json", "gate"),
        new=_model(winner["candidate"], winner["models"]["candidate"], winner),
        current=_current(winner),
        data=_data(place.needed("split.json", "split")),
        data_before=_data_before(place, winner["champion"]),
        seed=winner["seed"],
        note=place.request.note,
        missing=candidates.sentences(winner["missing"]),
        parts=[part.model_dump() for part in parts(place.usecase.card.gates, evidence)],
        confusion=_confusion(place, winner),
        changes=_changes(place, night) if night else None,
        night=night or "",
        links=_links(winner),
    )


def _model(name: str, scored: Result, cost: Result | None = None) -> Model:
    return Model(
        name=name,
        metrics=scored["metrics"],
        intervals=scored["intervals"],
        seconds_per_100k=cost["seconds_per_100k"] if cost else None,
        size_mb=cost["size_mb"] if cost else None,
    )


def _current(winner: Result) -> Model | None:
    if winner["champion"] is None:
        return None
    return _model(f"version {winner['champion']['name']}", winner["models"]["champion"])


def _data(split: Result) -> Data:
    roles = split["roles"]
    rows = sum(role["rows"] for role in roles.values())
    return Data(
        version=split["data_version"],
        rows=rows,
        first=roles["fit"]["from"],
        last=roles["holdout"]["to"],
        shares={name: count / rows for name, count in split["classes"].items()},
    )


def _data_before(place: Experiment, champion: Result | None) -> Data | None:
    if champion is None:
        return None
    split = Experiment(place.usecase, place.lake, champion["run"]).done("split.json")
    return _data(split) if split else None


def _confusion(place: Experiment, winner: Result) -> list[Cell] | None:
    if winner["champion"] is None:
        return None
    truth = rows_of(place, "holdout")[place.usecase.schema.LABEL].astype(str).tolist()
    said = {
        name: np.asarray(scored["classes"])[scores.kept(place, name).argmax(axis=1)].tolist()
        for name, scored in winner["models"].items()
    }
    return confusion_cells(truth, said["candidate"], said["champion"])


def _changes(place: Experiment, night: str) -> pd.DataFrame:
    """Label the last night once more with the winner; nothing is written."""
    registration = place.needed("registration.json", "register")
    registry = Registry(settings().tracking)
    pinned = registry.find(place.usecase.name, registration["version"])
    with loaded(registry, pinned, place.usecase) as labeller:
        return labelling.relabel(place.usecase, place.lake, night, labeller)


def _links(winner: Result) -> dict[str, str]:
    page = pages.run_page(winner["run_id"])
    return {"the winner's run in MLflow": page} if page else {}
