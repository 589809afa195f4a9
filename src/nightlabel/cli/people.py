"""The words for people: whole runs, questions about a partition, the human's decision."""

from typing import Annotated

import typer

from nightlabel import catalog
from nightlabel.cli.options import (
    Candidates,
    Data,
    DataVersion,
    Date,
    Json,
    Note,
    Partition,
    Person,
    Run,
    Seed,
    UseCaseName,
)
from nightlabel.cli.output import say
from nightlabel.errors import RefusedError


def experiment(
    usecase: UseCaseName,
    run: Run,
    data: Data = "",
    candidate: Candidates = None,
    seed: Seed = 7,
    note: Note = "",
    data_version: DataVersion = "",
    *,
    as_json: Json = False,
) -> None:
    """Run all steps of an experiment, in order, with progress.

    Example: `nightlabel experiment -u card_spending -r again --data-version 3627981e…`
    """
    from nightlabel.steps import whole

    asked = {"data": data, "candidates": candidate or (), "seed": seed, "note": note}
    say(whole.experiment(usecase, run, **asked, data_version=data_version), as_json=as_json, table="verdict")


def night(usecase: UseCaseName, date: Date, run: Run = "", *, as_json: Json = False) -> None:
    """Run all steps of a night, in order, with progress.

    Example: `nightlabel night -u card_spending -d 2026-01-31`
    """
    from nightlabel.steps import whole

    say(whole.night(usecase, date, run), as_json=as_json, table="night")


def usecases(*, as_json: Json = False) -> None:
    """List the use cases, the broken ones with their reason.

    Example: `nightlabel usecases`
    """
    cards = {card.name: card.title for card in catalog.usecases()}
    faults = {fault.name: f"broken: {fault.reason}" for fault in catalog.broken()}
    say(cards | faults, as_json=as_json)


def verify(date: Partition, usecase: UseCaseName, *, as_json: Json = False) -> None:
    """Account for every record of a partition, from the inbox to the table.

    Example: `nightlabel verify 2026-01-31 -u card_spending`
    """
    from nightlabel.steps import people

    result = people.verify(usecase, date)
    say(result, as_json=as_json, table="accounting")
    if not result["ok"]:
        fault = next(iter(result["differences"]), "the date was not run")
        raise RefusedError(
            f"the records of {date} do not add up: {fault}",
            code="NL-V010",
            kept="all data; verify only reads",
            advice=f"nightlabel night -u {usecase} -d {date}",
        )


def labels(
    date: Partition,
    usecase: UseCaseName,
    rows: Annotated[int, typer.Option(min=1, max=10_000, help="Rows to show.")] = 20,
    *,
    as_json: Json = False,
) -> None:
    """Show the labels of a partition.

    Example: `nightlabel labels 2026-01-31 -u card_spending --rows 5`
    """
    from nightlabel.steps import people

    say(people.labels(usecase, date, rows), as_json=as_json, table="labels")


def quarantine(
    date: Partition,
    usecase: UseCaseName,
    replay: Annotated[bool, typer.Option("--replay", help="Label them again, as a new generation.")] = False,  # noqa: FBT002
    *,
    as_json: Json = False,
) -> None:
    """Show why records were not labelled; label them again after a fix.

    Example: `nightlabel quarantine 2026-01-31 -u card_spending --replay`
    """
    from nightlabel.steps import people

    if replay:
        say(people.replay(usecase, date), as_json=as_json, table="night")
    else:
        say(people.quarantine(usecase, date), as_json=as_json, table="quarantine")


def release(usecase: UseCaseName, by: Person, *, as_json: Json = False) -> None:
    """Make the challenger champion, after its proposal was merged.

    Example: `nightlabel release -u card_spending --by ann`
    """
    from nightlabel.steps import decide

    say(decide.release(usecase, by), as_json=as_json)


def rollback(
    usecase: UseCaseName,
    by: Person,
    reason: Annotated[str, typer.Option(help="Why; it is written down.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Make the champion before this one champion again.

    Example: `nightlabel rollback -u card_spending --by ann --reason "too many abstentions"`
    """
    from nightlabel.steps import decide

    say(decide.rollback(usecase, by, reason), as_json=as_json)


def doctor(*, as_json: Json = False) -> None:
    """Check place, store, registry and use cases, and say what to do.

    Example: `nightlabel doctor`
    """
    from nightlabel.steps import health

    result = health.examine()
    say(result, as_json=as_json, table="findings")
    if bad := [f for f in result["findings"] if not f["ok"]]:
        raise RefusedError(
            f"{len(bad)} findings: {', '.join(f['name'] for f in bad)}",
            code="NL-S002",
            advice=bad[0]["advice"],
        )
