"""Keeps a night's drift: JSON and HTML in the lake, the snapshot in the workspace of ``evidently ui``.

All ids follow from the use case and the date, so a night that runs again replaces its own snapshot.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import fsspec  # type: ignore[import-untyped]  # it ships no types
from evidently.sdk.models import (
    DashboardModel,
    DashboardPanelPlot,
    DashboardTabModel,
    PanelMetric,
    ProjectModel,
)
from evidently.ui.storage.local.base import LocalState

from nightlabel.contract import Card
from nightlabel.contract.card import DriftColumn
from nightlabel.monitor.drift.compare import NEEDED, SURE, TRAINED, Compared, threshold, unmoved
from nightlabel.monitor.drift.statistics import statistic
from nightlabel.monitor.ids import SPACE, night_id, project_id, report_page
from nightlabel.settings import Settings, settings
from nightlabel.store import Store

_SAYS = {
    "stable": "stable",
    "drifted": "drifted, alarm",
    "not computable": "not computable, alarm",
    "too small": "not tested yet",
}


def workspace_path(lake: Store, usecase: str) -> str:
    """Give the workspace of a use case as ``evidently ui --workspace`` takes it: a folder or ``s3://``."""
    parts = urlsplit(lake.at(f"{usecase}/drift/workspace"))
    return unquote(parts.path) if parts.scheme == "file" else parts.geturl()


def save(lake: Store, card: Card, compared: Compared, place: Settings | None = None) -> dict[str, str]:
    """Keep the verdict, the page and the snapshot of one night.

    Args:
        lake: Where they go.
        card: The use case.
        compared: The comparison.
        place: Settings with the S3 endpoint of the workspace.

    Returns:
        The keys of ``json`` and ``html`` in the lake, the path of the ``workspace``, and the ``page`` of
        the night below the address of ``evidently ui``.
    """
    folder, date = f"{card.name}/drift", compared.report.window.date
    keys = {"json": f"{folder}/{date}.json", "html": f"{folder}/{date}.html"}
    lake.put(keys["html"], compared.html.encode())
    path = workspace_path(lake, card.name)
    _show(path, card, compared, place or settings())
    verdict = compared.report.to_json()
    lake.put(keys["json"], json.dumps(verdict, ensure_ascii=False, indent=1).encode())
    space = _workspace(path, place or settings())
    space.write_dashboard(project_id(card.name), dashboard(card, _newest(lake, folder, verdict)))
    return keys | {"workspace": path, "page": report_page(card.name, date)}


def _show(path: str, card: Card, compared: Compared, place: Settings) -> None:
    space, project = _workspace(path, place), project_id(card.name)
    space.write_project(ProjectModel(id=project, name=card.name, description=card.title))
    night = night_id(card.name, compared.report.window.date)
    space.write_snapshot(project, night, compared.model)


def _workspace(path: str, place: Settings) -> LocalState:
    """Open the workspace for writing: Evidently's own opening reads all nights, also one half written."""
    if not (path.startswith("s3://") and place.s3_endpoint):
        return LocalState(path)
    before = fsspec.config.conf.get("s3", {})
    fsspec.config.conf["s3"] = before | {"endpoint_url": place.s3_endpoint}
    try:
        return LocalState(path)
    finally:
        fsspec.config.conf["s3"] = before  # it is for the whole process, where others open stores too


def dashboard(card: Card, verdict: Mapping[str, Any]) -> DashboardModel:
    """Lay out the panels of a use case: the verdict first, then the night, then each watched column.

    Args:
        card: The use case.
        verdict: ``DriftReport.to_json()`` of the newest night.
    """
    panels = [_verdict(verdict), *_overview(), *_columns(card)]
    tab = DashboardTabModel(
        id=uuid.uuid5(SPACE, "nights"), title="Nights", panels=[panel.id for panel in panels]
    )
    return DashboardModel(tabs=[tab], panels=panels)


def _newest(lake: Store, folder: str, verdict: dict[str, Any]) -> dict[str, Any]:
    """Give the verdict of the newest night, for an older one may be run again after it."""
    nights = (re.fullmatch(r".*/([0-9-]{10})[.]json", entry.key) for entry in lake.list(folder))
    newest = max(found[1] for found in nights if found)
    read: dict[str, Any] = lake.read_json(f"{folder}/{newest}.json")
    return read if newest > verdict["window"]["date"] else verdict


def _verdict(verdict: Mapping[str, Any]) -> DashboardPanelPlot:
    """Say the verdict in words: Evidently's counters write "no value" for a zero."""
    date, version, rows = verdict["window"]["date"], verdict["model_version"], verdict["reference_rows"]
    reference = f"Reference: {rows:,} records of the training data of model version {version}."
    said = f"{verdict['sentence']}. {reference}"
    return _plot(f"Night of {date}: {_SAYS[verdict['status']]}", said, "text", [], "full")


def _overview() -> Iterator[DashboardPanelPlot]:
    states = {
        "stable": "stable_columns",
        "not tested, too few records": "untested_columns",
        "moved, harmless": "reported_columns",
        "alarm": "alarming_columns",
    }
    yield _panel("Drift over the nights", "watched columns by what was found", "bar", states, "full")
    records = {"labelled": "labelled_records", "quarantined": "quarantined_records"}
    yield _panel("Records of the night", "all that came in", "bar", records)
    tested = {"joined": "window_records", "needed": NEEDED}
    yield _panel("Records tested", "of the night and those before it", "line", tested)
    shares = {
        "quarantined": "quarantined_share",
        "abstained": "abstained_share",
        "unknown category": "unknown_share",
    }
    yield _panel("Without a sure label", "shares of the night's records", "line", shares)
    confidence = {"now": "mean_confidence", "in training": TRAINED, "a sure label": SURE}
    yield _panel("Mean confidence", "of the labels of the records tested", "line", confidence)


def _columns(card: Card) -> Iterator[DashboardPanelPlot]:
    for alarm, title in ((True, "Columns that alarm"), (False, "Columns that are reported, without alarm")):
        rules = {name: rule for name, rule in card.monitoring.columns.items() if rule.alarm is alarm}
        if rules:
            says = "how far the records tested lie from the records of the training"
            yield _plot(title, says, "text", [], "full")
        yield from (_column(name, rule) for name, rule in rules.items())


def _panel(
    title: str, subtitle: str, plot: str, figures: dict[str, str], size: str = "half"
) -> DashboardPanelPlot:
    return _plot(title, subtitle, plot, _means(figures), size)


def _means(figures: dict[str, str]) -> list[PanelMetric]:
    return [
        PanelMetric(legend=legend, metric="MeanValue", metric_labels={"column": column})
        for legend, column in figures.items()
    ]


def _column(name: str, rule: DriftColumn) -> DashboardPanelPlot:
    moved = f"counts as moved {'up to' if rule.method == 'ks' else 'from'} {rule.threshold:g}"
    labels = {"column": name, "method": statistic(rule)}
    value = PanelMetric(legend=rule.method, metric="ValueDrift", metric_labels=labels)
    lines = {"threshold": threshold(name), "no difference": unmoved(rule)[0]}
    return _plot(name, f"{rule.method}; {moved}", "line", [value, *_means(lines)], "half")


def _plot(title: str, subtitle: str, plot: str, values: list[PanelMetric], size: str) -> DashboardPanelPlot:
    return DashboardPanelPlot(
        id=uuid.uuid5(SPACE, f"{title}/{plot}"),
        title=title,
        subtitle=subtitle,
        size=size,
        values=values,
        plot_params={"plot_type": plot, "is_stacked": plot == "bar"},
    )
