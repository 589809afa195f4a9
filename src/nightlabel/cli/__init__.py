"""The command line: one word per step, and words for people.

Exit codes: 0 done, 64 refused (the same input will be refused again), 75 unavailable (retry), 1 a bug.
Results go to stdout, as one JSON object with ``--json``; progress and errors go to stderr.
"""

import sys
from typing import Never

import typer

from nightlabel import log
from nightlabel.cli import experiment, night, output, people, size
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.settings import settings

USAGE, INTERRUPTED = 2, 130
PANELS = {
    "Steps of an experiment": (
        experiment.validate,
        experiment.split,
        experiment.train,
        experiment.evaluate,
        experiment.gate,
        experiment.register,
        experiment.propose,
        experiment.alarm,
    ),
    "Steps of a night": (night.plan, night.label, night.publish, night.monitor, night.progress, night.late),
    "For people": (
        people.experiment,
        people.night,
        people.usecases,
        people.verify,
        people.labels,
        people.trace,
        people.quarantine,
        people.clean,
        people.release,
        people.rollback,
        people.doctor,
        size.size,
    ),
}

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    help="Experiments with gates, and nightly batch labelling with accounting.",
)
for panel, commands in PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)


def main() -> Never:
    """Run one command and leave with its exit code."""
    if as_json := "--json" in sys.argv:
        output.claim_stdout()
    try:
        log.configure(json=settings().log_json)
        app()
    except NightlabelError as error:
        output.fail(error, as_json=as_json)
    except SystemExit as stop:
        sys.exit(RefusedError.exit_code if stop.code == USAGE else stop.code)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except Exception:  # noqa: BLE001 - a bug of any kind
        output.tell_bug()
    sys.exit(0)
