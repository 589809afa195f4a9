"""The steps of a night, one word each."""

from typing import Annotated

import typer

from nightlabel.cli.options import Date, Json, Run, UseCaseName
from nightlabel.cli.output import say

Halvings = Annotated[
    int, typer.Option(min=0, max=10, help="Halve what is held at once so often: memory ran out.")
]
ModelVersion = Annotated[
    str, typer.Option(help="Version of the model, to try one before its release; default: the champion.")
]
Shard = Annotated[str, typer.Option(help="Name of the shard, from the plan.")]


def plan(
    usecase: UseCaseName, date: Date, run: Run, model_version: ModelVersion = "", *, as_json: Json = False
) -> None:
    """List a partition's new files, pin them and the champion, and share them out.

    Example: `nightlabel plan -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import night

    say(night.plan(usecase, date, run, version=model_version), as_json=as_json)


def label(
    usecase: UseCaseName, date: Date, run: Run, shard: Shard, halvings: Halvings = 0, *, as_json: Json = False
) -> None:
    """Label the files of one shard and leave its receipt.

    Example: `nightlabel label -u card_spending -d 2026-01-31 -r night --shard 0000`
    """
    from nightlabel.steps import night

    say(night.label(usecase, date, run, shard, halvings=halvings), as_json=as_json)


def publish(usecase: UseCaseName, date: Date, run: Run, *, as_json: Json = False) -> None:
    """Hold the receipts against the plan, then show all labels at once.

    Example: `nightlabel publish -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import night

    say(night.publish(usecase, date, run), as_json=as_json)


def progress(usecase: UseCaseName, date: Date, run: Run, *, as_json: Json = False) -> None:
    """Hold a night under way against its forecast; alarm once where it will miss its deadline.

    Example: `nightlabel progress -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import night

    say(night.progress(usecase, date, run), as_json=as_json)


def monitor(usecase: UseCaseName, date: Date, run: Run, *, as_json: Json = False) -> None:
    """Compare the night with the training snapshot, and send its metrics.

    Example: `nightlabel monitor -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import watch

    say(watch.monitor(usecase, date, run), as_json=as_json, table="drift")


def late(usecase: UseCaseName, *, as_json: Json = False) -> None:
    """Look whether the labels that are due are committed; alarm once per night where they are not.

    Example: `nightlabel late -u card_spending`
    """
    from nightlabel.steps import late as watch

    say(watch.late(usecase), as_json=as_json)
