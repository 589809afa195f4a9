"""A person starts an experiment in Airflow's form and looks at what came out, in all three UIs."""

from urllib.parse import quote

import pytest
from demo.data import USECASE
from playwright.sync_api import expect

from tests.browser.conftest import CARD, CHOSEN, EXPERIMENT

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200), pytest.mark.xdist_group("browser")]


def test_what_a_person_types_is_what_is_asked_of_the_experiment(world, folder):
    request = world.lake.read_json(f"{folder}/request.json")

    assert (request["seed"], request["note"]) == (11, "Do eight networks beat one line?")
    assert request["candidates"] == CHOSEN


def test_airflow_shows_each_candidate_by_its_name(world, page, experiment, pictures):
    page.goto(f"{world.airflow.url}/dags/{EXPERIMENT}/runs/{quote(experiment)}/tasks/train/mapped")
    for name in CHOSEN:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.screenshot(path=pictures / "airflow-candidates.png")


def test_airflows_menu_leads_to_the_candidates_and_to_the_drift(world, page, experiment):
    page.goto(f"{world.airflow.url}/dags/{EXPERIMENT}")
    page.get_by_role("button", name="Browse").click()

    assert page.get_by_role("menuitem", name="MLflow").or_(page.get_by_role("link", name="MLflow")).count()
    assert (
        page.get_by_role("menuitem", name="Evidently").or_(page.get_by_role("link", name="Evidently")).count()
    )


def test_mlflow_compares_the_candidates(world, page, experiment, pictures):
    page.set_viewport_size({"width": 1900, "height": 1150})
    page.goto(f"{world.place.settings.mlflow_url}/#/experiments/1/runs?compareRunsMode=CHART")
    for name in CHOSEN:
        expect(page.get_by_role("link", name=name).first).to_be_visible()
    expect(page.get_by_text("accuracy", exact=True).first).to_be_visible()
    page.screenshot(path=pictures / "mlflow-candidates.png")


def test_the_drift_dashboard_shows_the_night(world, page, night, pictures):
    page.set_viewport_size({"width": 1400, "height": 1150})
    page.goto(world.place.settings.evidently_url)
    page.get_by_role("link", name=USECASE).click()
    expect(page.get_by_text("Drift over the nights")).to_be_visible()
    for column in CARD.monitoring.columns:
        expect(page.get_by_text(column, exact=True).first).to_be_visible()
    page.screenshot(path=pictures / "evidently-dashboard.png", full_page=True)
