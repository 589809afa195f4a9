"""The steps of an experiment, one word each."""

from typing import Annotated, Literal

import typer

from nightlabel.cli.options import Candidates, Data, DataVersion, Json, Note, Run, Seed, UseCaseName
from nightlabel.cli.output import say

Candidate = Annotated[str, typer.Option(help="Name of the candidate, from the card.")]
Production = Annotated[
    bool,
    typer.Option("--production", help="Train the candidate of params.toml, with its parameters and seed."),
]
OnFailed = Annotated[
    Literal["refuse", "leave-out"],
    typer.Option(help="What to do about candidates that could not be trained."),
]
AlarmKind = Literal["experiment", "drift", "failure", "lateness"]


def validate(
    usecase: UseCaseName,
    run: Run,
    data: Data = "",
    candidate: Candidates = None,
    seed: Seed = 7,
    note: Note = "",
    data_version: DataVersion = "",
    *,
    production: Production = False,
    as_json: Json = False,
) -> None:
    """Split a labelled file into valid records and quarantine.

    Example: `nightlabel validate -u card_spending -r first --data card_spending/data/cards.csv`
    """
    from nightlabel.steps import experiment, folder

    place = folder.experiment(usecase, run)
    asked = {"data": data, "candidates": candidate or (), "seed": seed, "note": note}
    request = folder.requested(place, production=production, **asked, data_version=data_version)
    say(experiment.validate(place, request), as_json=as_json)


def split(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Name the data set by its content, and split it by time; the holdout is frozen by that name.

    Example: `nightlabel split -u card_spending -r first`
    """
    from nightlabel.steps import experiment, folder

    say(experiment.split(folder.experiment(usecase, run)), as_json=as_json)


def train(usecase: UseCaseName, run: Run, candidate: Candidate, *, as_json: Json = False) -> None:
    """Train one candidate and track it.

    Example: `nightlabel train -u card_spending -r first --candidate linear`
    """
    from nightlabel.steps import folder, model

    say(model.train(folder.experiment(usecase, run), candidate), as_json=as_json)


def evaluate(usecase: UseCaseName, run: Run, failed: OnFailed = "refuse", *, as_json: Json = False) -> None:
    """Select a candidate on the validation rows, then measure it and the champion on the holdout.

    Example: `nightlabel evaluate -u card_spending -r first`
    """
    from nightlabel.steps import folder, model

    say(model.evaluate(folder.experiment(usecase, run), failed), as_json=as_json)


def gate(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Hold the rules of the card against the metrics: promote, keep the champion, or reject.

    Example: `nightlabel gate -u card_spending -r first`
    """
    from nightlabel.steps import folder, model

    say(model.gate(folder.experiment(usecase, run)), as_json=as_json, table="verdict")


def register(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Register the winner and give it the alias `challenger`.

    Example: `nightlabel register -u card_spending -r first`
    """
    from nightlabel.steps import decide, folder

    say(decide.register(folder.experiment(usecase, run)), as_json=as_json)


def propose(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Open the pull request that asks a human to make the challenger champion.

    Example: `nightlabel propose -u card_spending -r first`
    """
    from nightlabel.steps import decide, folder

    say(decide.propose(folder.experiment(usecase, run)), as_json=as_json)


def alarm(
    usecase: UseCaseName,
    run: Run,
    reason: Annotated[str, typer.Option(help="What happened; default: the verdict of the run.")] = "",
    kind: Annotated[AlarmKind, typer.Option(help="What it is about.")] = "failure",
    *,
    as_json: Json = False,
) -> None:
    """Tell the owner that no candidate passed, or what else went wrong.

    Example: `nightlabel alarm -u card_spending -r first`
    """
    from nightlabel.steps import alarms

    say(alarms.alarm(usecase, run, kind, reason), as_json=as_json)
