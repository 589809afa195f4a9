"""A real Airflow with the pages, over a lake with real nights, a real MLflow, and an agent that listens."""

import json
import os
import shutil
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

import numpy as np
import pandas as pd
import pytest

from demo.place import Ports, make
from nightlabel.gate.verdict import GateResult, Verdict
from nightlabel.monitor import reference
from nightlabel.monitor.metrics import metrics
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.steps.watch import monitor
from nightlabel.store import Store, open_lake
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE
from tests.conftest import free_port
from tests.label.nights import TINY, USECASES, night, planned, put
from tests.pods.house import House
from tests.registry.test_models import TAGS, logged

RUN = "manual__2026-01-31T03:00:00+00:00"
CANARY = "zebracanary"
"""A value of a record, which no page may show."""
PARSED = {
    "airflow.dag_processing.import_errors",
    "airflow.dag_processing.total_parse_time",
    "airflow.dagbag_size",
}
"""What is measured of parsing."""


@dataclass
class Heard:
    """All that was sent to a DogStatsD agent, as it came."""

    port: int
    lines: list[str] = field(default_factory=list)

    def names(self) -> set[str]:
        return {line.partition(":")[0] for line in list(self.lines) if not line.startswith("_")}


@dataclass(frozen=True)
class World:
    """The running Airflow.

    Attributes:
        today: The day on which it was started, in the zone of the use case.
    """

    house: House
    lake: Store
    heard: Heard
    url: str
    today: date

    def day(self, back: int) -> str:
        """Give the date of some days before today, whatever the clock says by now."""
        return (self.today - timedelta(days=back)).isoformat()

    def ask(self, path: str, token: str | None = "", **headers: str) -> tuple[int, str, dict[str, str]]:
        """Ask for a page, signed in unless the token is nothing; gives status, text and headers."""
        if token is not None:
            headers["Authorization"] = f"Bearer {token or self.house.airflow._bearer()}"
        opener = build_opener(_NoRedirect)
        try:
            with opener.open(Request(self.url + path, headers=headers), timeout=120) as answer:
                return answer.status, answer.read().decode(), dict(answer.headers)
        except HTTPError as error:
            return error.code, error.read().decode(), dict(error.headers)


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


@pytest.fixture(scope="package")
def heard() -> Iterator[Heard]:
    """An agent that listens as long as all tests of the pages run."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.bind(("127.0.0.1", 0))
    found = Heard(ear.getsockname()[1])

    def listen():
        while datagram := ear.recv(65_536):
            found.lines.extend(datagram.decode().splitlines())

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    yield found
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
        last.sendto(b"", ("127.0.0.1", found.port))
    listener.join()
    ear.close()


@pytest.fixture(scope="package")
def world(tmp_path_factory, mlflow_server, heard) -> Iterator[World]:
    """Start Airflow's API server over the nights of ``tiny``; its DAGs are parsed once."""
    home = tmp_path_factory.mktemp("pages")
    variables = {
        "NIGHTLABEL_HOME": str(home),
        "NIGHTLABEL_LAKE": (home / "lake").as_uri(),
        "NIGHTLABEL_USECASES": str(patient_usecases(home / "usecases")),
        "NIGHTLABEL_TRACKING_URI": mlflow_server,
        "NIGHTLABEL_MLFLOW_URL": mlflow_server,
        "NIGHTLABEL_EVIDENTLY_URL": "http://127.0.0.1:9",
    }
    statsd = {
        "AIRFLOW__METRICS__STATSD_DATADOG_ENABLED": "True",
        "AIRFLOW__METRICS__STATSD_HOST": "127.0.0.1",
        "AIRFLOW__METRICS__STATSD_PORT": str(heard.port),
        "AIRFLOW__METRICS__STATSD_DATADOG_TAGS": "environment:test",
        "AIRFLOW__METRICS__LEGACY_NAMES_ON": "False",
        "AIRFLOW__METRICS__STATSD_DISABLED_TAGS": "job_id,run_id,file_name,hostname",
    }
    models(mlflow_server, tmp_path_factory.mktemp("models"))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        settings.cache_clear()
        metrics.cache_clear()
        place = make(Ports(free_port(), free_port(), free_port()))
        made = House(place, variables | statsd)
        try:
            made.start("api-server", "dag-processor")
            today = datetime.now(UTC).astimezone(TINY.card.zone).date()
            world = World(made, open_lake(), heard, place.settings.airflow_url, today)
            nights(world)
            papers(world.lake)
            made.until(lambda: made.airflow.has("nightly__tiny"), "the DAG of the nights is not there")
            made.until(lambda: heard.names() >= PARSED, "parsing was not measured")
            made.kill("dag-processor")
            made.airflow.start("nightly__tiny", RUN, {"date": world.day(1)})
            yield world
        finally:
            made.close()
    settings.cache_clear()
    metrics.cache_clear()


def patient_usecases(folder: Path) -> Path:
    """Copy the use cases; a night under way becomes late a day later, and not while the tests look at it."""
    shutil.copytree(USECASES, folder)
    card = folder / TINY.card.name / "usecase.toml"
    card.write_text(f"deadline_minutes = {24 * 60}\n{card.read_text()}")
    return folder


def nights(world: World) -> None:
    """Make real nights: quiet, drifted, empty, without quarantine, with much of it, and one under way."""
    draw, lake, day = np.random.default_rng(7), world.lake, world.day
    reference.save(lake, TINY.card, "1", pd.DataFrame({"amount": draw.lognormal(3, 1, 2_000).round(2)}))
    for back in range(9, 0, -1):
        if back == 6:
            continue  # a day that nobody ran
        rows = 0 if back == 5 else 360
        factor = 4.0 if back == 3 else 1.0
        amounts = draw.lognormal(3, 1, rows).round(2) * factor
        lines = [f"{CANARY if at % 7 else 'frog'};{amount:.2f}" for at, amount in enumerate(amounts)]
        faults = ["no amount", "frog;x", "bird;?"][: back % 4]
        if rows:
            put(lake, "a.csv", *lines, *faults, date=day(back))
        run = _key(RUN) if back == 1 else f"night-{back}"
        night(lake, run, date=day(back))
        if back in {1, 3}:
            monitor("tiny", day(back), run)
    put(lake, "a.csv", "cat;1", date=day(0))
    planned(lake, "tonight", date=day(0))


def _key(run: str) -> str:
    from nightlabel_airflow.runs import key  # noqa: PLC0415 - Airflow reads its settings at its first import

    return key(run)


def models(uri: str, folder: Path) -> None:
    """Register three versions: a first champion, the one of today, and a challenger that waits."""
    registry = Registry(uri)
    for number, by in ((1, "ann"), (2, "<b>bob</b>"), (3, "")):
        candidate, sha256 = logged(uri, folder / str(number), bytes([number]))
        tags = {**TAGS, "run": f"run-{number}", "candidate": "ensemble"}
        pinned = registry.add("tiny", candidate.run_id, candidate.model_uri, sha256, tags)
        if by:
            registry.move_champion("tiny", pinned.version, by=by, reason=f"release of run run-{number}")
        else:
            registry.alias("tiny", "challenger", pinned.version)


def papers(lake: Store) -> None:
    """Leave what the experiments of champion and challenger leave: verdicts, and an open proposal."""
    for run, margin in (("run-2", 0.04), ("run-3", 0.01)):
        gates = [
            GateResult(
                name=name, passed=True, value=bound + margin, bound=bound, margin=margin, reason="enough"
            )
            for name, bound in (("accuracy", 0.44), ("top3", 0.7), ("log_loss_skill", 0.18))
        ]
        verdict = Verdict(outcome="promote", gates=tuple(gates), candidate="ensemble", champion="1")
        told = {**verdict.to_json(), "reason": verdict.reason()}
        lake.put(f"tiny/experiments/{run}/verdict.json", json.dumps(told).encode())
        measured = {"models": {"candidate": {"metrics": {"accuracy": 0.44 + margin, "log_loss": 1.5}}}}
        evaluation = json.dumps({**measured, "champion": {"name": "1"}})
        lake.put(f"tiny/experiments/{run}/evaluation.json", evaluation.encode())
    proposal = {"url": "https://forge.example/pull/7", "title": "Label with <i>ensemble</i>"}
    lake.put("tiny/experiments/run-3/proposal.json", json.dumps(proposal).encode())


@pytest.fixture(scope="package")
def browser(world):
    """Open a browser."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - only where there is a browser

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield opened
        opened.close()


@pytest.fixture(scope="package")
def pictures(tmp_path_factory) -> Path:
    """Where the pictures go: into the folder PICTURES, or away after the test."""
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder
