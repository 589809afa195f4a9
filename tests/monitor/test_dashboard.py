"""Each night is once in the lake and once in the workspace, however often it runs."""

from dataclasses import replace

import fsspec
import pytest
from evidently.ui.workspace import Workspace

from nightlabel.monitor.drift import drift, save, workspace_path
from nightlabel.monitor.drift.compare import FIGURES
from nightlabel.monitor.drift.dashboard import dashboard, project_id
from nightlabel.store import open_lake
from tests.monitor.conftest import NIGHT, WINDOW

LATER = "2026-02-01"
GIVEN = dict.fromkeys(("labelled_records", "quarantined_records", "unknown_share"), 12.0)
GIVEN |= dict.fromkeys(("quarantined_share", "abstained_share"), 0.0)
STATES = FIGURES[:4]


@pytest.fixture
def stable(card, reference, current):
    return drift(card, WINDOW, reference, current, model_version="3", figures=GIVEN)


@pytest.fixture
def moved(card, reference, current):
    later = replace(WINDOW, date=LATER)
    return drift(card, later, reference, current.assign(amount=1e6), model_version="4", figures=GIVEN)


def snapshots(lake, card):
    space, project = Workspace.create(workspace_path(lake, card.name)), project_id(card.name)
    return [space.get_run(project, run) for run in space.list_runs(project)]


def panels(lake, card):
    space = Workspace.create(workspace_path(lake, card.name))
    return space.get_dashboard(project_id(card.name)).panels


def held(compared):
    """Give what a snapshot holds, in the order in which Evidently draws it."""
    metrics = [metric["config"] for metric in compared.snapshot.dict()["metrics"]]
    return [(metric["type"].rsplit(":", 1)[1], metric["column"]) for metric in metrics]


def test_a_night_that_runs_again_replaces_its_snapshot(lake, card, stable, moved):
    save(lake, card, stable)
    save(lake, card, moved)
    kept = save(lake, card, stable)

    space = Workspace.create(workspace_path(lake, card.name))
    assert sorted(run.metadata["status"] for run in snapshots(lake, card)) == ["drifted", "stable"]
    assert [found.name for found in space.list_projects()] == ["purchases"]
    assert lake.read_json(kept["json"])["status"] == "stable"
    assert b"no watched column moved" in lake.get(kept["html"])


def test_a_night_that_another_run_is_still_writing_stops_no_other_one(lake, card, stable, moved):
    save(lake, card, moved)
    [half] = lake.list(f"{card.name}/drift/workspace/{project_id(card.name)}/snapshots")
    lake.put(half.key, lake.get(half.key)[: half.size // 2])

    kept = save(lake, card, stable)

    assert lake.read_json(kept["json"])["status"] == "stable"


def test_the_dashboard_begins_with_the_newest_night_in_words_whichever_ran_last(lake, card, stable, moved):
    save(lake, card, moved)
    save(lake, card, stable)
    first = panels(lake, card)[0]

    assert first.title == f"Night of {LATER}: drifted, alarm"
    assert first.subtitle.startswith("amount: psi")
    assert first.subtitle.endswith("Reference: 2,000 records of the training data of model version 4.")


def test_a_night_that_is_too_small_is_on_the_dashboard(folder_place, card, reference, current):
    lake, small = open_lake(folder_place), replace(WINDOW, rows=12, enough=False)
    save(lake, card, drift(card, small, reference, current.head(12)))

    (run,) = snapshots(lake, card)
    assert run.metadata["status"] == "too small"
    assert run.metric_results
    assert panels(lake, card)[0].title == f"Night of {NIGHT}: not tested yet"


def test_every_panel_stands_once_and_shows_what_a_snapshot_holds_in_its_order(card, stable):
    laid = dashboard(card, stable.report.to_json())
    shown = [
        [(value.metric.rsplit(":", 1)[1], value.metric_labels["column"]) for value in panel.values]
        for panel in laid.panels
    ]

    assert {value for panel in shown for value in panel} == set(held(stable))
    for panel in shown:  # Evidently draws in the order of the snapshot
        assert panel == sorted(panel, key=held(stable).index)
    assert [len(tab.panels) for tab in laid.tabs] == [len(laid.panels)] == [len({p.id for p in laid.panels})]


def test_every_axis_has_a_span_in_every_night(card, reference, current, stable, moved):
    """Evidently labels the axis of a single constant with the constant's rounded value."""
    small = drift(card, replace(WINDOW, rows=0, enough=False), reference, current.head(0), figures=GIVEN)
    for compared in (stable, moved, small):
        values = {**compared.report.figures, **compared.lines}
        for panel in dashboard(card, compared.report.to_json()).panels:
            means = [values.get(v.metric_labels["column"]) for v in panel.values if "MeanValue" in v.metric]
            drawn = {value for value in means if value is not None}
            assert not panel.values or len(drawn) > 1 or panel.plot_params["is_stacked"], panel.title


def test_no_panel_is_a_counter(card, stable):
    """Evidently's counter writes "no value" for a zero."""
    kinds = {panel.plot_params["plot_type"] for panel in dashboard(card, stable.report.to_json()).panels}

    assert kinds == {"text", "bar", "line"}


def test_every_watched_column_is_in_one_state(card, reference, current):
    nights = [
        drift(card, WINDOW, reference, current),
        drift(card, WINDOW, reference, current.assign(limit=1e6, amount=1e6)),
        drift(card, WINDOW, reference, current.drop(columns=["city", "amount"])),
        drift(card, replace(WINDOW, enough=False), reference, current.head(9)),
    ]

    found = [tuple(compared.report.figures[state] for state in STATES) for compared in nights]
    assert found == [(5, 0, 0, 0), (3, 0, 1, 1), (3, 0, 0, 2), (0, 5, 0, 0)]


def test_a_workspace_is_a_folder_or_an_s3_address(lake, card):
    path = workspace_path(lake, card.name)

    assert path.startswith(("/", "s3://"))
    assert path.endswith("/purchases/drift/workspace")


def test_the_address_of_a_workspace_is_left_to_nobody_else(lake, card, stable):
    before = dict(fsspec.config.conf.get("s3", {}))

    save(lake, card, stable)

    assert fsspec.config.conf.get("s3", {}) == before
