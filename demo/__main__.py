"""Run the whole loop on this machine: experiment, gates, proposal, a human's yes, a night, drift.

``make demo`` installs what it needs and then runs ``python -m demo``.
"""

import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated, Never

import typer
from rich.console import Console

from demo import decision, progress, services, summary
from demo.data import USECASE, Delivered, deliver
from demo.place import USER, DemoError, Place, Ports, make, password
from demo.rest import Airflow
from nightlabel.errors import NightlabelError
from nightlabel.store import Store, open_lake

EXPERIMENT, NIGHTLY = f"experiment__{USECASE}", f"nightly__{USECASE}"
console = Console()


def main(
    *,
    data: Annotated[str, typer.Option(envvar="DATA", help="A card file; empty makes a look-alike.")] = "",
    yes: Annotated[bool, typer.Option(envvar="YES", help="Say yes to the proposal.")] = False,
    keep: Annotated[bool, typer.Option(envvar="KEEP", help="Keep the UIs up until Ctrl-C.")] = True,
    airflow_port: Annotated[int, typer.Option(envvar="AIRFLOW_PORT")] = 8080,
    mlflow_port: Annotated[int, typer.Option(envvar="MLFLOW_PORT")] = 5000,
    evidently_port: Annotated[int, typer.Option(envvar="EVIDENTLY_PORT")] = 8000,
) -> None:
    """Run the whole loop on this machine."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        place = make(Ports(airflow_port, mlflow_port, evidently_port))
        with services.running(place) as started:
            _loop(place, started, Path(data).expanduser() if data else None, yes=yes)
            if keep:
                _stay()
    except KeyboardInterrupt:
        console.print("\nStopped; what was made stays in .nightlabel.")
    except (DemoError, NightlabelError) as error:
        console.print(str(error), style="bold red", markup=False, highlight=False, soft_wrap=True)
        sys.exit(1)


def _loop(place: Place, started: list[services.Service], data: Path | None, *, yes: bool) -> None:
    began = time.monotonic()
    lake = open_lake(place.settings)
    delivered = deliver(lake, data)
    decision.open_forge(place)
    airflow = Airflow(place.settings.airflow_url, USER, password(place))
    _wait(place, started, airflow)
    console.print(f"Airflow and MLflow stand after {time.monotonic() - began:.0f} s.", highlight=False)
    _experiment(place, lake, airflow, delivered, yes=yes)
    _night(place, lake, airflow, delivered)
    summary.addresses(console, place)
    console.print(f"The whole loop took {time.monotonic() - began:.0f} s.", highlight=False)


def _wait(place: Place, started: list[services.Service], airflow: Airflow) -> None:
    address = place.settings.airflow_url
    with console.status("Starting Airflow, MLflow and Evidently"):
        services.wait(started, lambda: services.answers(f"{address}/api/v2/version"), "Airflow's API")
        # Airflow builds the tasks' side of its API at the first request; else the first task waits for it.
        services.wait(started, lambda: services.answers(f"{address}/execution/health", 60), "Airflow's API")
        services.wait(started, lambda: airflow.healthy("scheduler", "dag_processor"), "Airflow's scheduler")
        services.wait(started, lambda: all(map(airflow.has, (EXPERIMENT, NIGHTLY))), "Airflow's DAGs")
        services.wait(started, lambda: services.answers(f"{place.settings.mlflow_url}/health"), "MLflow")


def _experiment(place: Place, lake: Store, airflow: Airflow, delivered: Delivered, *, yes: bool) -> None:
    run = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    console.print(f"\nThe experiment {run} starts on {delivered.data} ({delivered.origin}).", highlight=False)
    airflow.start(EXPERIMENT, run, {"data": delivered.data, "note": "make demo"})
    progress.follow(airflow, place, console, EXPERIMENT, run)
    verdict = summary.experiment(console, lake, run)
    if verdict["outcome"] != "promote":
        console.print("Nothing is proposed: the champion, where there is one, stays.")
        return
    proposal = summary.proposal(console, place, lake, run)
    if decision.asked(console, yes=yes):
        decision.release(console, place, proposal)


def _night(place: Place, lake: Store, airflow: Airflow, delivered: Delivered) -> None:
    if not services.answers(_champion(place)):
        console.print("There is no champion yet, so no night can be labelled.")
        return
    run = f"demo-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    console.print(
        f"\nThe night {run} labels {delivered.night}: {delivered.records:,} lines of {delivered.days} days.",
        highlight=False,
    )
    airflow.start(NIGHTLY, run, {"date": delivered.night})
    progress.follow(airflow, place, console, NIGHTLY, run)
    summary.night(console, lake, delivered, run)


def _champion(place: Place) -> str:
    alias = f"name={USECASE}&alias=champion"
    return f"{place.settings.mlflow_url}/api/2.0/mlflow/registered-models/alias?{alias}"


def _stay() -> Never:
    console.print("The three UIs stay up until Ctrl-C.")
    while True:
        signal.pause()


def _stop(number: int, frame: FrameType | None) -> Never:  # noqa: ARG001 - the signature of a signal handler
    raise KeyboardInterrupt


if __name__ == "__main__":
    typer.run(main)
