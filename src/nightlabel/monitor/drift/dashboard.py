"""Keeps a night's drift: JSON and HTML in the lake, the snapshot in the workspace of ``evidently ui``.

All ids follow from the use case and the date, so a night that runs again replaces its own snapshot.
"""

import json
import uuid
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

import fsspec  # type: ignore[import-untyped]  # it ships no types
from evidently.sdk.models import (
    DashboardModel,
    DashboardPanelPlot,
    DashboardTabModel,
    PanelMetric,
    ProjectModel,
)
from evidently.ui.workspace import Workspace

from nightlabel.contract import Card
from nightlabel.contract.card import DriftColumn
from nightlabel.monitor.drift.compare import Compared
from nightlabel.monitor.drift.statistics import statistic
from nightlabel.settings import Settings, settings
from nightlabel.store import Store

_SPACE = uuid.UUID("6f0d6e9e-6f6c-5b8e-9d0f-6e696768746c")


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
        The keys of ``json`` and ``html`` in the lake, and the path of the ``workspace``.
    """
    folder, date = f"{card.name}/drift", compared.report.window.date
    keys = {"json": f"{folder}/{date}.json", "html": f"{folder}/{date}.html"}
    lake.put(keys["html"], compared.html.encode())
    path = workspace_path(lake, card.name)
    _show(path, card, compared, place or settings())
    lake.put(keys["json"], json.dumps(compared.report.to_json(), ensure_ascii=False, indent=1).encode())
    return keys | {"workspace": path}


def project_id(usecase: str) -> uuid.UUID:
    """Give the id of a use case's project, the same on every machine."""
    return uuid.uuid5(_SPACE, usecase)


def _show(path: str, card: Card, compared: Compared, place: Settings) -> None:
    if path.startswith("s3://") and place.s3_endpoint:
        fsspec.config.conf.setdefault("s3", {})["endpoint_url"] = place.s3_endpoint
    space, project = Workspace.create(path), project_id(card.name)
    space.add_project(ProjectModel(id=project, name=card.name, description=card.title))
    space.save_dashboard(project, dashboard(card))
    night = uuid.uuid5(project, compared.report.window.date)
    space.state.write_snapshot(project, night, compared.snapshot.to_snapshot_model())


def dashboard(card: Card) -> DashboardModel:
    """Lay out the panels of a use case: the verdict first, then the night, then each watched column."""
    columns = sorted(card.monitoring.columns.items(), key=lambda item: not item[1].alarm)
    panels = [*_overview(), *(_column(name, rule) for name, rule in columns)]
    tab = DashboardTabModel(
        id=uuid.uuid5(_SPACE, "nights"), title="Nights", panels=[panel.id for panel in panels]
    )
    return DashboardModel(tabs=[tab], panels=panels)


def _overview() -> Iterator[DashboardPanelPlot]:
    yield _panel("Columns that alarm", "the last night", "counter", {"columns": "alarming_columns"})
    yield _panel("Share of columns that moved", "the last night", "counter", {"share": "drifted_share"})
    yield _panel(
        "Drift over the nights",
        "columns beyond their threshold, and columns that could not be compared",
        "bar",
        {"people were told": "alarming_columns", "harmless, reported": "reported_columns"},
        "full",
    )
    yield _panel("Records of the night", "all that came in", "bar", {"records": "night_records"})
    yield _panel("Records tested", "of the trailing window", "bar", {"records": "window_records"})
    shares = {
        "quarantined": "quarantined_share",
        "abstained": "abstained_share",
        "unknown category": "unknown_share",
    }
    yield _panel("Without a sure label", "shares of the night's records", "line", shares)
    yield _panel("Mean confidence", "of the labels in the window", "line", {"confidence": "mean_confidence"})


def _panel(
    title: str, subtitle: str, plot: str, figures: dict[str, str], size: str = "half"
) -> DashboardPanelPlot:
    values = [
        PanelMetric(legend=legend, metric="MeanValue", metric_labels={"column": column})
        for legend, column in figures.items()
    ]
    return _plot(title, subtitle, plot, values, size)


def _column(name: str, rule: DriftColumn) -> DashboardPanelPlot:
    sense = "up to" if rule.method == "ks" else "from"
    says = "alarms" if rule.alarm else "reported, no alarm"
    metric = PanelMetric(
        legend=rule.method,
        metric="ValueDrift",
        metric_labels={"column": name, "method": statistic(rule)},
    )
    subtitle = f"{rule.method} against the training snapshot; {says} {sense} {rule.threshold:g}"
    limit = PanelMetric(
        legend="threshold", metric="MeanValue", metric_labels={"column": f"threshold of {name}"}
    )
    return _plot(name, subtitle, "line", [metric, limit], "half")


def _plot(title: str, subtitle: str, plot: str, values: list[PanelMetric], size: str) -> DashboardPanelPlot:
    extra: dict[str, dict[str, object]] = {"counter": {"aggregation": "last"}, "bar": {"is_stacked": True}}
    return DashboardPanelPlot(
        id=uuid.uuid5(_SPACE, f"{title}/{plot}"),
        title=title,
        subtitle=subtitle,
        size=size,
        values=values,
        plot_params={"plot_type": plot, **extra.get(plot, {})},
    )
