"""Each night is once in the lake and once in the workspace, however often it runs."""

from dataclasses import replace

import pytest
from evidently.ui.workspace import Workspace

from nightlabel.monitor.drift import drift, save, workspace_path
from nightlabel.monitor.drift.dashboard import dashboard, project_id
from nightlabel.store import open_lake
from tests.monitor.conftest import WINDOW


@pytest.fixture
def stable(card, reference, current):
    return drift(card, WINDOW, reference, current, model_version="3", figures={"night_records": 12.0})


@pytest.fixture
def moved(card, reference, current):
    later = replace(WINDOW, date="2026-02-01")
    return drift(card, later, reference, current.assign(amount=1e6))


def test_a_night_that_runs_again_replaces_its_snapshot(lake, card, stable, moved):
    save(lake, card, stable)
    save(lake, card, moved)
    kept = save(lake, card, stable)

    space, project = Workspace.create(workspace_path(lake, card.name)), project_id(card.name)
    runs = [space.get_run(project, run) for run in space.list_runs(project)]
    assert sorted(run.metadata["status"] for run in runs) == ["drifted", "stable"]
    assert [found.name for found in space.list_projects()] == ["purchases"]
    assert lake.read_json(kept["json"])["status"] == "stable"
    assert b"no watched column moved" in lake.get(kept["html"])


def test_a_night_that_is_too_small_is_on_the_dashboard(folder_place, card, reference, current):
    lake, small = open_lake(folder_place), replace(WINDOW, rows=12, enough=False)
    save(lake, card, drift(card, small, reference, current.head(12)))

    space, project = Workspace.create(workspace_path(lake, card.name)), project_id(card.name)
    (run,) = [space.get_run(project, run) for run in space.list_runs(project)]
    assert run.metadata["status"] == "too small"
    assert run.metric_results


def test_every_panel_stands_once_and_shows_what_a_snapshot_holds(card, stable):
    laid = dashboard(card)
    held = {
        (metric["config"]["type"].rsplit(":", 1)[1], metric["config"]["column"])
        for metric in stable.snapshot.dict()["metrics"]
    }
    shown = {
        (value.metric.rsplit(":", 1)[1], value.metric_labels["column"])
        for panel in laid.panels
        for value in panel.values
    }

    given_by_the_night = {
        ("MeanValue", name) for name in ("quarantined_share", "abstained_share", "unknown_share")
    }
    assert shown - given_by_the_night == held
    assert [len(tab.panels) for tab in laid.tabs] == [len(laid.panels)] == [len({p.id for p in laid.panels})]


def test_a_workspace_is_a_folder_or_an_s3_address(lake, card):
    path = workspace_path(lake, card.name)

    assert path.startswith(("/", "s3://"))
    assert path.endswith("/purchases/drift/workspace")
