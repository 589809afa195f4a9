"""A person starts an experiment in Airflow's form and looks at what came out, in all three UIs."""

from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from demo.data import USECASE
from nightlabel import catalog
from nightlabel import label as labelling
from nightlabel_airflow.runs import key
from tests.browser.conftest import CARD, CHOSEN, EXPERIMENT, NIGHTLY, NOTE, PAST, SEED

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200), pytest.mark.xdist_group("browser")]


def test_what_a_person_types_is_what_is_asked_of_the_experiment(world, folder):
    request = world.lake.read_json(f"{folder}/request.json")

    assert (request["seed"], request["note"]) == (SEED, NOTE)
    assert request["candidates"] == CHOSEN


def test_airflow_shows_each_candidate_by_its_name(world, page, experiment, pictures):
    page.goto(f"{world.airflow.url}/dags/{EXPERIMENT}/runs/{quote(experiment)}/tasks/train/mapped")
    for name in CHOSEN:
        expect(page.get_by_role("link", name=name, exact=True)).to_be_visible()
    page.screenshot(path=pictures / "airflow-candidates.png")


def test_airflows_menu_leads_to_the_candidates_and_to_the_drift(world, page, experiment):
    page.goto(f"{world.airflow.url}/dags/{EXPERIMENT}")
    page.get_by_role("button", name="Browse").click()

    for name in ("MLflow", "Evidently"):
        entry = page.get_by_role("menuitem", name=name).or_(page.get_by_role("link", name=name))
        expect(entry.first).to_be_visible()


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
    page.screenshot(path=pictures / "evidently-one-night.png", full_page=True)


def standing(world, date):
    """What stands of a date: who committed it, and its rows."""
    rows = labelling.read_labels(world.lake, USECASE, date).sort_values(["source", "row"])
    return labelling.generations(world.lake, USECASE, date), rows.to_csv(index=False)


def test_airflows_own_backfill_labels_each_past_date_in_the_zone_of_the_use_case(world, past):
    moments = [run["logical_date"] for run in past]

    assert moments == ["2019-02-16T05:00:00Z", "2019-02-17T06:00:00Z", "2019-02-18T06:00:00Z"]
    assert {run["state"] for run in past} == {"success"}
    for run, date in zip(past, PAST, strict=True):
        [commit], _ = standing(world, date)
        accounting = labelling.verify(catalog.load(USECASE), world.lake, date)
        assert commit.run == key(run["dag_run_id"])
        assert (accounting.ok, accounting.files, accounting.waiting) == (True, 3, 0)
        assert accounting.labelled > 0


def test_the_buttons_of_the_tasks_lead_to_what_the_steps_made(world, experiment, night):
    mlflow, evidently = world.place.settings.mlflow_url, world.place.settings.evidently_url

    assert world.button(EXPERIMENT, experiment, "train", index=1).startswith(f"{mlflow}/#/runs/")
    assert world.button(EXPERIMENT, experiment, "evaluate").startswith(f"{mlflow}/#/runs/")
    assert world.button(EXPERIMENT, experiment, "register").startswith(f"{mlflow}/#/models/{USECASE}/")
    assert world.button(EXPERIMENT, experiment, "propose").startswith("file:///")
    assert world.button(NIGHTLY, night, "monitor").startswith(f"{evidently}/projects/")


def test_the_pages_of_a_candidate_and_of_a_night_open(world, page, experiment, night):
    page.goto(world.button(EXPERIMENT, experiment, "train", index=0))
    expect(page.get_by_text(f"{CHOSEN[0]} · {key(experiment)}").first).to_be_visible()
    page.goto(world.button(NIGHTLY, night, "monitor"))
    expect(page.get_by_text("valor").first).to_be_visible()


def test_a_backfill_again_runs_every_night_once_more_and_changes_nothing(world, past):
    before = [standing(world, date) for date in PAST]

    again = world.backfill()
    tasks = [task for run in again for task in world.airflow.tasks(NIGHTLY, run["dag_run_id"])]
    tries = [task["try_number"] for task in tasks if task["task_id"] == "publish"]

    assert [run["state"] for run in again] == ["success"] * len(PAST)
    assert (len(tries), min(tries) > 1) == (len(PAST), True)
    assert [standing(world, date) for date in PAST] == before
