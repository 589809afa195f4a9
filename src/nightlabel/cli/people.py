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
from nightlabel.cli.output import say, say_variables
from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.settings import adopt


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


def night(
    usecase: UseCaseName,
    date: Date,
    run: Run = "",
    relabel: Annotated[bool, typer.Option("--relabel", help="All files again, by the champion.")] = False,  # noqa: FBT002
    *,
    as_json: Json = False,
) -> None:
    """Run all steps of a night, in order, with progress; with `--relabel`, after a bad model.

    Example: `nightlabel night -u card_spending -d 2026-01-31`
    """
    from nightlabel.steps import whole

    result = whole.night(usecase, date, run, reason="relabel" if relabel else "night")
    say(result, as_json=as_json, table="night")


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


def trace(
    date: Partition,
    usecase: UseCaseName,
    source: Annotated[str, typer.Option("--source", "-s", help="Key of the file, as in the labels table.")],
    *,
    as_json: Json = False,
) -> None:
    """Follow a file to the run, the shard and the attempt that labelled it, whose log lines carry these ids.

    Example: `nightlabel trace 2026-01-31 -u card_spending -s card_spending/inbox/date=2026-01-31/a.csv`
    """
    from nightlabel.steps import people

    say(people.trace(usecase, date, source), as_json=as_json)


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


def clean(
    usecase: UseCaseName,
    days: Annotated[int, typer.Option("--older-than", help="Days for which a file is left alone.")] = 7,
    delete: Annotated[bool, typer.Option("--delete", help="Delete them; otherwise they are named.")] = False,  # noqa: FBT002
    *,
    as_json: Json = False,
) -> None:
    """Find data files of attempts that came to nothing; delete them if asked to.

    Example: `nightlabel clean -u card_spending --delete`
    """
    from nightlabel.steps import people

    say(people.clean(usecase, days, delete=delete), as_json=as_json)


def release(
    usecase: UseCaseName,
    by: Person,
    image: Annotated[str, typer.Option(help="Image that labels with it from now on, by digest.")] = "",
    model_version: Annotated[str, typer.Option(help="The only version that may be released.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Even if it was rolled back before.")] = False,  # noqa: FBT002
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check everything, move nothing.")] = False,  # noqa: FBT002
    *,
    as_json: Json = False,
) -> None:
    """Make the challenger champion, after its proposal was merged; or give the champion a new image.

    Example: `nightlabel release -u card_spending --by ann`
    """
    from nightlabel.steps import decide

    result = decide.release(usecase, by, image, model_version, again=again, dry_run=dry_run)
    say(result, as_json=as_json)


def rollback(
    usecase: UseCaseName,
    by: Person,
    reason: Annotated[str, typer.Option(help="Why; it is written down.")] = "",
    *,
    as_json: Json = False,
) -> None:
    """Make the champion before this one, with its image, champion again.

    Example: `nightlabel rollback -u card_spending --by ann --reason "too many abstentions"`
    """
    from nightlabel.steps import decide

    say(decide.rollback(usecase, by, reason), as_json=as_json)


def doctor(
    step: Annotated[
        str, typer.Option("--as", help="The step that this role is for: plan, label or publish.")
    ] = "",
    from_terraform: Annotated[
        str, typer.Option(metavar="FILE", help="Examine the place of `terraform output -json`; - is stdin.")
    ] = "",
    print_env: Annotated[  # noqa: FBT002
        bool, typer.Option("--print-env", help="Print that place's variables, and examine nothing.")
    ] = False,
    *,
    as_json: Json = False,
) -> None:
    """Check lake, rights, clocks, disk, secrets, use cases, registry and champions, and say what to do.

    Example: `nightlabel doctor --as label --from-terraform place.json`
    """
    from nightlabel.steps import health, terraform

    if print_env and not from_terraform:
        raise typer.BadParameter("--print-env needs --from-terraform", param_hint="--print-env")
    if from_terraform:
        place = terraform.variables(from_terraform)
        if print_env:
            say_variables(place, as_json=as_json)
            return
        adopt(place)
    result = health.examine(step)
    say(result, as_json=as_json, table="findings")
    if bad := [f for f in result["findings"] if not f["ok"]]:
        worst = next((f for f in bad if not f["retry"]), bad[0])
        raise (UnavailableError if worst["retry"] else RefusedError)(
            f"{len(bad)} of {len(result['findings'])} checks failed: {', '.join(f['name'] for f in bad)}",
            code="NL-S002",
            kept="everything: the doctor leaves nothing behind",
            advice=worst["advice"],
        )
