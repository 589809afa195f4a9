"""The demo's services, a browser, and one experiment and one night that a person starts there."""

import io
import os
import re
import time
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, unquote

import pytest
from rich.console import Console

from demo import decision, progress, services
from demo.data import USECASE, Delivered, deliver, read
from demo.place import USER, Place, Ports, make, password, passwords
from demo.rest import FINAL, Airflow
from demo.stage import Stage
from nightlabel.catalog import usecases
from nightlabel.settings import settings
from nightlabel.store import Store, open_lake
from nightlabel.usecases.card_spending import lookalike
from nightlabel_airflow.runs import key
from tests.conftest import free_port

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine."""
[CARD] = [card for card in usecases() if card.name == USECASE]
CHOSEN = ["baseline", "ensemble"]
SEED, NOTE = 11, "Do eight networks beat one line?"
PAST = ("2019-02-16", "2019-02-17", "2019-02-18")
"""Nights that were missed; between the first two, the clocks of São Paulo were set back."""
BACKFILL_SECONDS = 600
EXPERIMENT, NIGHTLY = f"experiment__{USECASE}", f"nightly__{USECASE}"


@dataclass(frozen=True)
class World:
    """The running demo."""

    place: Place
    lake: Store
    airflow: Airflow
    delivered: Delivered
    started: list[services.Service]

    def follow(self, dag_id: str, run_id: str) -> None:
        stage = Stage(self.place, self.started, self.airflow, self.lake)
        progress.follow(stage, Console(file=io.StringIO()), dag_id, run_id)

    def backfill(self) -> list[dict]:
        """Let Airflow backfill the past nights, also those that are done; gives their runs, by date."""
        asked = {"dag_id": NIGHTLY, "from_date": f"{PAST[0]}T00:00:00Z", "to_date": f"{PAST[-1]}T23:59:59Z"}
        more = {"reprocess_behavior": "completed", "max_active_runs": len(PAST)}
        before = {run["queued_at"] for run in self._backfilled()}
        _wait(lambda: self._taken(asked | more))
        _wait(lambda: all(_is_done(run, before) for run in self._backfilled()))
        return sorted(self._backfilled(), key=lambda run: run["logical_date"])

    def _taken(self, asked: dict) -> bool:
        """Ask for a backfill; Airflow wants to be asked again while one runs or its database is locked."""
        try:
            self.airflow._call("POST", "/api/v2/backfills", asked)
        except HTTPError as error:
            if error.code not in _ASK_AGAIN:
                raise
            return False
        return True

    def _backfilled(self) -> list[dict]:
        return self.airflow._call("GET", f"/api/v2/dags/{NIGHTLY}/dagRuns?run_type=backfill")["dag_runs"]

    def button(self, dag_id: str, run_id: str, task_id: str, index: int = -1) -> str:
        """Give the address behind the button of a task."""
        run = f"/api/v2/dags/{dag_id}/dagRuns/{quote(run_id)}"
        found = self.airflow._call("GET", f"{run}/taskInstances/{task_id}/links?map_index={index}")
        return found["extra_links"]["Result"]


def _is_done(run: dict, before: set[str]) -> bool:
    """Tell whether a run was queued anew, which Airflow may do after its answer, and has ended."""
    return run["queued_at"] not in before and run["state"] in FINAL


_ASK_AGAIN = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.INTERNAL_SERVER_ERROR)


def _wait(ended) -> None:
    end = time.monotonic() + BACKFILL_SECONDS
    while not ended():
        assert time.monotonic() < end, f"the backfill did not end within {BACKFILL_SECONDS} s"
        time.sleep(1)


@pytest.fixture(scope="package")
def world(tmp_path_factory):
    """Start the demo's services on free ports, with look-alike data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(tmp_path_factory.mktemp("browser")))
        settings.cache_clear()
        place = make(Ports(free_port(), free_port(), free_port()))
        settings.cache_clear()
    with services.running(place) as started:
        lake = open_lake(place.settings)
        delivered = deliver(lake, read(None))
        decision.open_forge(place)
        airflow = Airflow(place.settings.airflow_url, USER, password(place))
        for url in (f"{airflow.url}/execution/health", f"{place.settings.mlflow_url}/health"):
            services.wait(started, lambda url=url: services.answers(url, 60), url)
        services.wait(started, lambda: all(map(airflow.has, (EXPERIMENT, NIGHTLY))), "Airflow's DAGs")
        yield World(place, lake, airflow, delivered, started)


@pytest.fixture(scope="package")
def page(world):
    """Open a browser and log in to Airflow."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import expect, sync_playwright  # noqa: PLC0415 - only where there is a browser

    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1150})
        page.set_default_timeout(PATIENCE)
        _sign_in(page, world)
        page.goto(f"{world.airflow.url}/dags/{EXPERIMENT}")
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", password(world.place))
        page.click("button[type=submit]")
        page.get_by_role("button", name="Trigger").first.wait_for()
        yield page
        browser.close()


def _sign_in(page, world) -> None:
    """Tell the browser the passwords that it would ask a person for, in a window of its own."""
    secret, mine = passwords(world.place), world.place.settings
    for url, word in ((mine.mlflow_url, secret.mlflow), (mine.evidently_url, secret.evidently)):
        services.wait(world.started, lambda url=url: services.answers(f"{url}/health"), url)
        page.goto(url.replace("://", f"://{USER}:{word}@"))


@pytest.fixture(scope="package")
def pictures(tmp_path_factory) -> Path:
    """Where the pictures go: into the folder PICTURES, such as docs/pictures, or away after the test."""
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="package")
def experiment(world, request) -> str:
    """Start an experiment of two candidates: from Airflow's form, or by REST where there is no browser."""
    if CHROMIUM.exists():
        run = _by_form(request.getfixturevalue("page"), request.getfixturevalue("pictures"))
    else:
        run = "by-rest"
        world.airflow.start(EXPERIMENT, run, {"candidates": CHOSEN, "seed": SEED, "note": NOTE})
    world.follow(EXPERIMENT, run)
    return run


def _by_form(page, pictures) -> str:
    """Fill in the form as a person would; gives the run id."""
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Clear selected options").click()
    for name in CHOSEN:
        form.get_by_role("combobox").first.press_sequentially(name)
        page.get_by_role("option", name=name, exact=True).click()
    form.get_by_role("spinbutton").first.fill(str(SEED))
    form.locator("#element_note").fill(NOTE)
    form.screenshot(path=pictures / "airflow-form.png")
    form.get_by_role("button", name="Trigger").click()
    page.wait_for_url(re.compile(r"/runs/"))
    return unquote(page.url.partition("/runs/")[2].partition("/")[0].partition("?")[0])


@pytest.fixture(scope="package")
def folder(experiment) -> str:
    """Where the experiment keeps its results."""
    return f"{USECASE}/experiments/{key(experiment)}"


@pytest.fixture(scope="package")
def champion(world, folder) -> None:
    """Say yes to the proposal."""
    proposal = world.lake.read_json(f"{folder}/proposal.json")
    decision.release(Console(file=io.StringIO()), world.place, proposal)


@pytest.fixture(scope="package")
def past(world, champion) -> list[dict]:
    """Deliver files for nights that were missed, and let Airflow backfill them; gives the runs, by date."""
    files = list(lookalike.inbox(lookalike.make(60, 3), undated=date(2019, 2, 16)).values())
    for number, content in enumerate(files[:9]):
        world.lake.put(f"{USECASE}/inbox/date={PAST[number % 3]}/{number}.csv", content)
    world.airflow._call("PATCH", f"/api/v2/dags/{NIGHTLY}", {"is_paused": False})
    return world.backfill()


@pytest.fixture(scope="package")
def night(world, champion) -> str:
    """Label a night with the new champion; gives its run."""
    world.airflow.start(NIGHTLY, "browser", {"date": world.delivered.night})
    world.follow(NIGHTLY, "browser")
    return "browser"
