"""The demo's services, a browser, and one experiment and one night that a person starts there."""

import io
import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest
from demo import decision, progress, services
from demo.data import USECASE, Delivered, deliver
from demo.place import USER, Place, Ports, make, password
from demo.rest import Airflow
from rich.console import Console

from nightlabel.catalog import usecases
from nightlabel.settings import settings
from nightlabel.store import Store, open_lake
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
EXPERIMENT, NIGHTLY = f"experiment__{USECASE}", f"nightly__{USECASE}"


@dataclass(frozen=True)
class World:
    """The running demo."""

    place: Place
    lake: Store
    airflow: Airflow
    delivered: Delivered

    def follow(self, dag_id: str, run_id: str) -> None:
        progress.follow(self.airflow, self.place, Console(file=io.StringIO()), dag_id, run_id)


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """Start the demo's services on free ports, with look-alike data."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(tmp_path_factory.mktemp("browser")))
        settings.cache_clear()
        place = make(Ports(free_port(), free_port(), free_port()))
        settings.cache_clear()
    with services.running(place) as started:
        lake = open_lake(place.settings)
        delivered = deliver(lake, None)
        decision.open_forge(place)
        airflow = Airflow(place.settings.airflow_url, USER, password(place))
        for url in (f"{airflow.url}/execution/health", f"{place.settings.mlflow_url}/health"):
            services.wait(started, lambda url=url: services.answers(url, 60), url)
        services.wait(started, lambda: all(map(airflow.has, (EXPERIMENT, NIGHTLY))), "Airflow's DAGs")
        yield World(place, lake, airflow, delivered)


@pytest.fixture(scope="session")
def page(world):
    """Open a browser and log in to Airflow."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1150})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{world.airflow.url}/dags/{EXPERIMENT}")
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", password(world.place))
        page.click("button[type=submit]")
        page.get_by_role("button", name="Trigger").first.wait_for()
        yield page
        browser.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Where the pictures go: into the folder PICTURES, such as docs/pictures, or away after the test."""
    folder = Path(os.environ.get("PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def experiment(world, page, pictures) -> str:
    """Start an experiment of two candidates from Airflow's form, as a person would; gives its run id."""
    page.get_by_role("button", name="Trigger").first.click()
    form = page.get_by_role("dialog")
    form.get_by_label("Clear selected options").click()
    for name in CHOSEN:
        form.get_by_role("combobox").first.press_sequentially(name)
        page.get_by_role("option", name=name, exact=True).click()
    form.get_by_role("spinbutton").first.fill("11")
    form.locator("#element_note").fill("Do eight networks beat one line?")
    form.screenshot(path=pictures / "airflow-form.png")
    form.get_by_role("button", name="Trigger").click()
    page.wait_for_url(re.compile(r"/runs/"))
    run = unquote(page.url.partition("/runs/")[2].partition("/")[0].partition("?")[0])
    world.follow(EXPERIMENT, run)
    return run


@pytest.fixture(scope="session")
def folder(experiment) -> str:
    """Where the experiment keeps its results."""
    return f"{USECASE}/experiments/{key(experiment)}"


@pytest.fixture(scope="session")
def night(world, folder) -> str:
    """Say yes to the proposal, and label a night with the new champion; gives its run."""
    proposal = world.lake.read_json(f"{folder}/proposal.json")
    decision.release(Console(file=io.StringIO()), world.place, proposal)
    world.airflow.start(NIGHTLY, "browser", {"date": world.delivered.night})
    world.follow(NIGHTLY, "browser")
    return "browser"
