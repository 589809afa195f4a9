"""The command line: one word per step, and words for people.

Exit codes: 0 done, 64 refused (the same input will be refused again), 75 unavailable (retry), 1 a bug.
Results go to stdout, as one JSON object with ``--json``; progress and errors go to stderr.
"""

import json
import os
import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal, Never

import typer
from rich.console import Console

from nightlabel import catalog, log
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.settings import settings

if TYPE_CHECKING:
    from collections.abc import Callable

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Experiments with gates, and nightly batch labelling with accounting.",
)

UseCaseName = Annotated[str, typer.Option("--usecase", "-u", help="The use case, a folder of the catalog.")]
Run = Annotated[str, typer.Option("--run", "-r", help="Name of the run.")]
Date = Annotated[str, typer.Option("--date", "-d", help="The partition, as 2026-01-31.")]
Partition = Annotated[str, typer.Argument(help="The partition, as 2026-01-31.", metavar="DATE")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Shard = Annotated[str, typer.Option(help="Name of the shard, from the plan.")]
Candidate = Annotated[str, typer.Option(help="Name of the candidate, from the card.")]
Candidates = Annotated[
    list[str] | None, typer.Option("--candidate", help="A candidate to train; repeat it. Default: all.")
]
Data = Annotated[str, typer.Option(help="Labelled file: key below the lake, or a file:// or s3:// URI.")]
DataVersion = Annotated[str, typer.Option(help="MD5 of a data set named before: reproduce with its bytes.")]
Production = Annotated[
    bool,
    typer.Option("--production", help="Train the candidate of params.toml, with its parameters and seed."),
]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Note = Annotated[str, typer.Option(help="One line for the reviewers.")]
AlarmKind = Literal["experiment", "drift", "failure", "lateness"]
Person = Annotated[str, typer.Option("--by", help="Who decides; it is written down.")]
EXPERIMENT, NIGHT, PEOPLE = "Steps of an experiment", "Steps of a night", "For people"
USAGE, INTERRUPTED = 2, 130


_results = sys.stdout


def main() -> Never:
    """Run one command and leave with its exit code."""
    if "--json" in sys.argv:
        _claim_stdout()
    try:
        log.configure(json=settings().log_json)
        app()
    except NightlabelError as error:
        _fail(error)
    except SystemExit as stop:
        sys.exit(RefusedError.exit_code if stop.code == USAGE else stop.code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    sys.exit(0)


def _claim_stdout() -> None:
    """Keep stdout for the one JSON object; what a library prints goes to stderr."""
    global _results  # noqa: PLW0603 - there is one stdout in a process
    sys.stdout.flush()
    _results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)


def _fail(error: NightlabelError) -> Never:
    if "--json" in sys.argv:
        facts = {
            "code": error.code,
            "sentence": error.sentence,
            "kept": error.kept,
            "next": error.advice,
            "facts": error.facts,
        }
        print(json.dumps({"error": facts}, default=str), file=_results, flush=True)
    Console(stderr=True, soft_wrap=True).print(str(error), style="red", markup=False, highlight=False)
    sys.exit(error.exit_code)


def _say(result: dict[str, Any], *, as_json: bool, table: str = "facts") -> None:
    if as_json:
        print(json.dumps(result, default=str), file=_results, flush=True)
        return
    from nightlabel.steps import tables

    render: Callable[[dict[str, Any]], Any] = getattr(tables, table)
    Console().print(render(result))


@app.command(rich_help_panel=EXPERIMENT)
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
    _say(experiment.validate(place, request), as_json=as_json)


@app.command(rich_help_panel=EXPERIMENT)
def split(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Name the data set by its content, and split it by time; the holdout is frozen by that name.

    Example: `nightlabel split -u card_spending -r first`
    """
    from nightlabel.steps import experiment, folder

    _say(experiment.split(folder.experiment(usecase, run)), as_json=as_json)


@app.command(rich_help_panel=EXPERIMENT)
def train(usecase: UseCaseName, run: Run, candidate: Candidate, *, as_json: Json = False) -> None:
    """Train one candidate and track it.

    Example: `nightlabel train -u card_spending -r first --candidate linear`
    """
    from nightlabel.steps import folder, model

    _say(model.train(folder.experiment(usecase, run), candidate), as_json=as_json)


@app.command(rich_help_panel=EXPERIMENT)
def evaluate(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Select a candidate on the validation rows, then measure it and the champion on the holdout.

    Example: `nightlabel evaluate -u card_spending -r first`
    """
    from nightlabel.steps import folder, model

    _say(model.evaluate(folder.experiment(usecase, run)), as_json=as_json)


@app.command(rich_help_panel=EXPERIMENT)
def gate(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Hold the rules of the card against the metrics: promote, keep the champion, or reject.

    Example: `nightlabel gate -u card_spending -r first`
    """
    from nightlabel.steps import folder, model

    _say(model.gate(folder.experiment(usecase, run)), as_json=as_json, table="verdict")


@app.command(rich_help_panel=EXPERIMENT)
def register(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Register the winner and give it the alias `challenger`.

    Example: `nightlabel register -u card_spending -r first`
    """
    from nightlabel.steps import decide, folder

    _say(decide.register(folder.experiment(usecase, run)), as_json=as_json)


@app.command(rich_help_panel=EXPERIMENT)
def propose(usecase: UseCaseName, run: Run, *, as_json: Json = False) -> None:
    """Open the pull request that asks a human to make the challenger champion.

    Example: `nightlabel propose -u card_spending -r first`
    """
    from nightlabel.steps import decide, folder

    _say(decide.propose(folder.experiment(usecase, run)), as_json=as_json)


@app.command(rich_help_panel=EXPERIMENT)
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

    _say(alarms.alarm(usecase, run, kind, reason), as_json=as_json)


@app.command(rich_help_panel=NIGHT)
def plan(usecase: UseCaseName, date: Date, run: Run, *, as_json: Json = False) -> None:
    """List a partition's new files, pin them and the champion, and share them out.

    Example: `nightlabel plan -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import night

    _say(night.plan(usecase, date, run), as_json=as_json)


@app.command(rich_help_panel=NIGHT)
def label(usecase: UseCaseName, date: Date, run: Run, shard: Shard, *, as_json: Json = False) -> None:
    """Label the files of one shard and leave its receipt.

    Example: `nightlabel label -u card_spending -d 2026-01-31 -r night --shard 0000`
    """
    from nightlabel.steps import night

    _say(night.label(usecase, date, run, shard), as_json=as_json)


@app.command(rich_help_panel=NIGHT)
def publish(usecase: UseCaseName, date: Date, run: Run, *, as_json: Json = False) -> None:
    """Hold the receipts against the plan, then show all labels at once.

    Example: `nightlabel publish -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import night

    _say(night.publish(usecase, date, run), as_json=as_json)


@app.command(rich_help_panel=NIGHT)
def monitor(usecase: UseCaseName, date: Date, run: Run, *, as_json: Json = False) -> None:
    """Compare the night with the training snapshot, and send its metrics.

    Example: `nightlabel monitor -u card_spending -d 2026-01-31 -r night`
    """
    from nightlabel.steps import watch

    _say(watch.monitor(usecase, date, run), as_json=as_json, table="drift")


@app.command(rich_help_panel=PEOPLE)
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
    _say(whole.experiment(usecase, run, **asked, data_version=data_version), as_json=as_json, table="verdict")


@app.command(rich_help_panel=PEOPLE)
def night(usecase: UseCaseName, date: Date, run: Run = "", *, as_json: Json = False) -> None:
    """Run all steps of a night, in order, with progress.

    Example: `nightlabel night -u card_spending -d 2026-01-31`
    """
    from nightlabel.steps import whole

    _say(whole.night(usecase, date, run), as_json=as_json, table="night")


@app.command(rich_help_panel=PEOPLE)
def usecases(*, as_json: Json = False) -> None:
    """List the use cases, the broken ones with their reason.

    Example: `nightlabel usecases`
    """
    cards = {card.name: card.title for card in catalog.usecases()}
    faults = {fault.name: f"broken: {fault.reason}" for fault in catalog.broken()}
    _say(cards | faults, as_json=as_json)


@app.command(rich_help_panel=PEOPLE)
def verify(date: Partition, usecase: UseCaseName, *, as_json: Json = False) -> None:
    """Account for every record of a partition, from the inbox to the table.

    Example: `nightlabel verify 2026-01-31 -u card_spending`
    """
    from nightlabel.steps import people

    result = people.verify(usecase, date)
    _say(result, as_json=as_json, table="accounting")
    if not result["ok"]:
        fault = next(iter(result["differences"]), "the date was not run")
        raise RefusedError(
            f"the records of {date} do not add up: {fault}",
            code="NL-V010",
            kept="all data; verify only reads",
            advice=f"nightlabel night -u {usecase} -d {date}",
        )


@app.command(rich_help_panel=PEOPLE)
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

    _say(people.labels(usecase, date, rows), as_json=as_json, table="labels")


@app.command(rich_help_panel=PEOPLE)
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
        _say(people.replay(usecase, date), as_json=as_json, table="night")
    else:
        _say(people.quarantine(usecase, date), as_json=as_json, table="quarantine")


@app.command(rich_help_panel=PEOPLE)
def release(usecase: UseCaseName, by: Person, *, as_json: Json = False) -> None:
    """Make the challenger champion, after its proposal was merged.

    Example: `nightlabel release -u card_spending --by ann`
    """
    from nightlabel.steps import decide

    _say(decide.release(usecase, by), as_json=as_json)


@app.command(rich_help_panel=PEOPLE)
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

    _say(decide.rollback(usecase, by, reason), as_json=as_json)


@app.command(rich_help_panel=PEOPLE)
def doctor(*, as_json: Json = False) -> None:
    """Check place, store, registry and use cases, and say what to do.

    Example: `nightlabel doctor`
    """
    from nightlabel.steps import health

    result = health.examine()
    _say(result, as_json=as_json, table="findings")
    if bad := [f for f in result["findings"] if not f["ok"]]:
        raise RefusedError(
            f"{len(bad)} findings: {', '.join(f['name'] for f in bad)}",
            code="NL-S002",
            advice=bad[0]["advice"],
        )
