"""Run the whole loop on this machine: experiment, gates, proposal, a human's yes, a night, drift.

``make demo`` installs what it needs and then runs ``python -m demo``.
"""

import signal
import sys
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Never

import typer
from rich.console import Console

from demo import decision, progress, services, signals, summary
from demo.data import USECASE, Cards, Delivered, deliver, read
from demo.place import USER, DemoError, Place, Ports, alone, make, password, passwords
from demo.rest import Airflow
from demo.stage import Stage
from nightlabel.errors import NightlabelError
from nightlabel.settings import settings
from nightlabel.store import open_lake

EXPERIMENT, NIGHTLY = f"experiment__{USECASE}", f"nightly__{USECASE}"
STOPPED, INTERRUPTED = "\nStopped; what was made stays.", 130
console = Console()

Port = partial(typer.Option, min=1024, max=65535)


def main(
    *,
    data: Annotated[str, typer.Option(envvar="DATA", help="A card file; empty makes a look-alike.")] = "",
    yes: Annotated[bool, typer.Option(envvar="YES", help="Say yes to the proposal.")] = False,
    keep: Annotated[bool, typer.Option(envvar="KEEP", help="Keep the UIs up until Ctrl-C.")] = True,
    airflow_port: Annotated[int, Port(envvar="AIRFLOW_PORT")] = 8080,
    mlflow_port: Annotated[int, Port(envvar="MLFLOW_PORT")] = 5000,
    evidently_port: Annotated[int, Port(envvar="EVIDENTLY_PORT")] = 8000,
) -> None:
    """Run the whole loop on this machine."""
    signals.listen()
    began = time.monotonic()
    try:
        cards = read(Path(data).expanduser() if data else None)
        place = make(Ports(airflow_port, mlflow_port, evidently_port))
        with alone(place), services.running(place) as started:
            _loop(place, started, cards, began, yes=yes)
            _say(f"The whole loop took {time.monotonic() - began:.0f} s.")
            if keep:
                _stay()
    except KeyboardInterrupt:
        _say(STOPPED)
        sys.exit(INTERRUPTED)
    except (DemoError, NightlabelError) as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"The demo cannot go on: {error}; the logs of its services are in {settings().home / 'logs'}")


def _loop(place: Place, started: list[services.Service], cards: Cards, began: float, *, yes: bool) -> None:
    airflow = Airflow(place.settings.airflow_url, USER, password(place))
    stage = Stage(place, started, airflow, open_lake(place.settings))
    delivered = deliver(stage.lake, cards)
    decision.open_forge(place)
    _wait(stage)
    _say(f"Airflow and MLflow stand after {time.monotonic() - began:.0f} s.")
    for name in (*airflow.end_unfinished(EXPERIMENT), *airflow.end_unfinished(NIGHTLY)):
        _say(f"The run {name} was cut off before; it is marked as failed now.")
    left = _experiment(stage, delivered, yes=yes)
    _night(stage, delivered)
    summary.addresses(console, place, left)


def _wait(stage: Stage) -> None:
    mine, airflow = stage.place.settings, stage.airflow
    parts = {
        "Airflow's API": lambda: services.answers(f"{mine.airflow_url}/api/v2/version"),
        # Airflow builds the tasks' side of its API at the first request; else the first task waits for it.
        "Airflow's API for tasks": lambda: services.answers(f"{mine.airflow_url}/execution/health", 60),
        "Airflow's scheduler": lambda: airflow.healthy("scheduler", "dag_processor"),
        "Airflow's DAGs": lambda: all(map(airflow.has, (EXPERIMENT, NIGHTLY))),
        "MLflow": lambda: services.answers(f"{mine.mlflow_url}/health"),
    }
    with console.status("Starting Airflow, MLflow and Evidently"):
        for name, ready in parts.items():
            services.wait(stage.services, ready, name)


def _experiment(stage: Stage, delivered: Delivered, *, yes: bool) -> str:
    """Run an experiment up to the human's answer; gives the next command after a no."""
    run = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    _say(f"\nThe experiment {run} starts on {delivered.data} ({delivered.origin}).")
    stage.airflow.start(EXPERIMENT, run, {"data": delivered.data, "note": "make demo"})
    progress.follow(stage, console, EXPERIMENT, run)
    return decision.decide(console, stage.place, stage.lake, run, yes=yes)


def _night(stage: Stage, delivered: Delivered) -> None:
    login = (USER, passwords(stage.place).mlflow)
    if not services.answers(_champion(stage.place), login=login):
        _say("There is no champion yet, so no night can be labelled.")
        return
    run = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    _say(f"\nThe night {run} labels {delivered.night}: {delivered.records:,} lines of {delivered.days} days.")
    stage.airflow.start(NIGHTLY, run, {"date": delivered.night})
    progress.follow(stage, console, NIGHTLY, run)
    summary.night(console, stage.lake, delivered, run)


def _champion(place: Place) -> str:
    alias = f"name={USECASE}&alias=champion"
    return f"{place.settings.mlflow_url}/api/2.0/mlflow/registered-models/alias?{alias}"


def _stay() -> None:
    try:
        _say("The three UIs stay up until Ctrl-C.")
        while True:
            signal.pause()
    except KeyboardInterrupt:
        _say(STOPPED)


def _say(sentence: str) -> None:
    console.print(sentence, highlight=False)


def _fail(sentence: str) -> Never:
    console.print(sentence, style="bold red", markup=False, highlight=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    typer.run(main)
