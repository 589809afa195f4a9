"""Compares a window of nights with the training snapshot and gives the verdict."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, partial
from html import escape
from typing import Any

import numpy as np
import pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.core.report import Snapshot
from evidently.core.serialization import SnapshotModel
from evidently.legacy.model.widget import BaseWidgetInfo
from evidently.legacy.renderers.html_widgets import table_data
from evidently.metrics import MeanValue, ValueDrift

from nightlabel.contract import Card
from nightlabel.contract.card import DriftColumn
from nightlabel.errors import RefusedError
from nightlabel.log import get
from nightlabel.monitor.drift.columns import MISSING_MORE, Pair, pair
from nightlabel.monitor.drift.page import NOTHING, harmless
from nightlabel.monitor.drift.statistics import DECILES, drifted, measure, statistic
from nightlabel.monitor.verdict import ColumnDrift, DriftReport, Window

FIGURES = (
    "stable_columns",
    "untested_columns",
    "reported_columns",
    "alarming_columns",
    "labelled_records",
    "quarantined_records",
    "window_records",
    "quarantined_share",
    "abstained_share",
    "unknown_share",
    "mean_confidence",
)
"""Values of a night that the dashboard shows beside the statistics, in its order; no others are let in."""
NEEDED, TRAINED, SURE = "needed records", "confidence in training", "confidence of a sure label"
"""Lines that the dashboard draws beside the figures; those beside the columns have names of their own."""


_DRAWN = ":ValueDrift"


@dataclass(frozen=True)
class Compared:
    """What a comparison gives.

    Attributes:
        report: The verdict.
        rules: The watched columns that could be compared.
        pairs: Their two sides.
        lines: Constants that the dashboard draws beside the values.
    """

    report: DriftReport
    rules: Mapping[str, DriftColumn]
    pairs: Mapping[str, Pair]
    lines: Mapping[str, float]

    @cached_property
    def snapshot(self) -> Snapshot:
        """Evidently's snapshot for the dashboard; every night has one, so that there are no holes."""
        return self._run({**self.report.figures, **self.lines})

    @cached_property
    def model(self) -> SnapshotModel:
        """The snapshot as a workspace keeps it: its page shows the verdict and the columns, no figures."""
        model = self.snapshot.to_snapshot_model()
        kinds = {key: result.metric_value_location.metric for key, result in model.metric_results.items()}
        drawn = {key for key, metric in kinds.items() if metric.params["type"].endswith(_DRAWN)}
        pictures = [widget for widget in model.widgets if drawn.intersection(widget.linked_metrics or ())]
        model.widgets = [_verdict(self.report), *pictures]
        return model

    @property
    def html(self) -> str:
        """Evidently's report for people, one self-contained page."""
        page = NOTHING
        if self.rules:
            page = harmless(Snapshot.load_model(self.model).get_html_str(as_iframe=False))
        return page.replace(
            "<body>",
            f"<body><p style='font:1.2em sans-serif; padding:1em'>{escape(self.report.sentence)}</p>",
            1,
        )

    def _run(self, figures: Mapping[str, float]) -> Snapshot:
        try:
            return _run(self.rules, self.pairs, figures, self.report)
        except Exception as error:  # noqa: BLE001 - the verdict stands without the pictures
            get("monitor").warning("drift pictures left out", error=type(error).__name__)
            return _run({}, {}, {**self.report.figures, **self.lines}, self.report)


def threshold(column: str) -> str:
    """Name the line of a column's threshold."""
    return f"threshold of {column}"


def unmoved(rule: DriftColumn) -> tuple[str, float]:
    """Give the line where two equal samples would lie, by name and value: it ties every axis to a meaning."""
    return ("p-value of equal samples", 1.0) if rule.method == "ks" else ("distance of equal samples", 0.0)


def drift(
    card: Card,
    window: Window,
    reference: pd.DataFrame,
    current: pd.DataFrame,
    *,
    model_version: str = "",
    figures: Mapping[str, float] | None = None,
) -> Compared:
    """Compare the watched columns of a window with the training snapshot.

    Args:
        card: Watched columns with method, threshold and whether they alarm.
        window: The window that ``current`` was taken from.
        reference: The training snapshot.
        current: The window's records, inputs and predictions.
        model_version: The version that the snapshot belongs to.
        figures: Further values of the night, by the names of ``FIGURES``.

    Returns:
        The verdict and Evidently's snapshot. A column that cannot be compared is an alarm, never "stable".

    Raises:
        RefusedError: ``NL-M012``, a figure has another name.
    """
    pairs, results = dict[str, Pair](), list[ColumnDrift]()
    rules = card.monitoring.columns if window.enough else {}
    for name, rule in rules.items():
        try:
            pairs[name] = pair(name, rule, reference, current)
            results.append(_column(name, rule, pairs[name]))
        except RefusedError as why:
            pairs.pop(name, None)
            results.append(_not_computable(name, rule, why))
    columns = tuple(results)
    known = _ordered(_figures(card, window, current, columns) | dict(figures or {}))
    report = DriftReport(card.name, model_version, window, len(current), len(reference), columns, known)
    return Compared(report, {name: rules[name] for name in pairs}, pairs, _lines(card, reference))


def _column(name: str, rule: DriftColumn, both: Pair) -> ColumnDrift:
    value = _measured(name, rule, both)
    make = partial(ColumnDrift, name, rule.method, rule.threshold, rule.alarm, value)
    if both.missing_more > MISSING_MORE:
        reason = f"{name} is missing in {both.missing_more:.0%} more of the records than in the snapshot"
        return make("drifted", "NL-M008", reason)
    return make("drifted" if drifted(rule, value) else "stable")


def _measured(name: str, rule: DriftColumn, both: Pair) -> float:
    try:
        value = measure(rule, both.reference, both.current)
    except Exception as error:
        raise _failed(name, f"stopped Evidently: {type(error).__name__}") from error
    if not np.isfinite(value):
        raise _failed(name, f"has no finite {rule.method}")
    return value


def _failed(name: str, why: str) -> RefusedError:
    return RefusedError(
        f"{name} {why}",
        code="NL-M010",
        kept="the labels stay committed",
        advice=f"look at {name} in the labels table and in the training snapshot",
    )


def _not_computable(name: str, rule: DriftColumn, why: RefusedError) -> ColumnDrift:
    return ColumnDrift(
        name, rule.method, rule.threshold, rule.alarm, None, "not computable", why.code, why.sentence
    )


def _figures(
    card: Card, window: Window, current: pd.DataFrame, columns: tuple[ColumnDrift, ...]
) -> dict[str, float]:
    states = {
        "stable_columns": sum(column.status == "stable" for column in columns),
        "untested_columns": len(card.monitoring.columns) - len(columns),
        "reported_columns": sum(column.drifted and not column.alarming for column in columns),
        "alarming_columns": sum(column.alarming for column in columns),
    }
    return {**states, "window_records": window.rows, **_mean_confidence("mean_confidence", current)}


def _lines(card: Card, reference: pd.DataFrame) -> dict[str, float]:
    columns = card.monitoring.columns
    return {
        **{threshold(name): rule.threshold for name, rule in columns.items()},
        **dict(map(unmoved, columns.values())),
        NEEDED: float(card.monitoring.window_rows),
        **_mean_confidence(TRAINED, reference),
        SURE: card.abstain_below,
    }


def _mean_confidence(name: str, side: pd.DataFrame) -> dict[str, float]:
    if "confidence" not in side or side["confidence"].isna().all():
        return {}
    return {name: float(side["confidence"].astype("float64").mean())}


def _ordered(figures: Mapping[str, float]) -> dict[str, float]:
    """Let in the known figures alone, in the order of ``FIGURES``: the dashboard keeps it."""
    if foreign := sorted(set(figures) - set(FIGURES)):
        raise RefusedError(
            f"{foreign[0][:40]!r} is no figure of a night; there are: {', '.join(FIGURES)}",
            code="NL-M012",
            kept="the labels stay committed",
            advice="report it: this is a bug",
        )
    return {name: float(figures[name]) for name in FIGURES if name in figures}


def _run(
    rules: Mapping[str, DriftColumn],
    pairs: Mapping[str, Pair],
    figures: Mapping[str, float],
    report: DriftReport,
) -> Snapshot:
    """Run Evidently; the figures ride along as constant columns, for its dashboard plots columns alone."""
    numbers = [name for name in pairs if rules[name].kind == "number"]
    categories = [name for name in pairs if rules[name].kind == "category"]
    kinds = DataDefinition(numerical_columns=[*numbers, *figures], categorical_columns=categories)
    sides = [
        _frame({name: _drawn(rules[name], both, both.current) for name, both in pairs.items()}),
        _frame({name: _drawn(rules[name], both, both.reference) for name, both in pairs.items()}),
    ]
    metrics = [
        ValueDrift(column=name, method=statistic(rule), threshold=rule.threshold)
        for name, rule in rules.items()
    ]
    shown = [MeanValue(column=name, tests=[]) for name in figures]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy's, about empty bins of a histogram that is only drawn
        return Report([*metrics, *shown], include_tests=True).run(
            *(Dataset.from_pandas(side.assign(**figures), data_definition=kinds) for side in sides),
            **_about(report),
        )


def _verdict(report: DriftReport) -> BaseWidgetInfo:
    names = ("column", "statistic", "value", "threshold", "found", "on drift")
    rows = [
        (
            c.name,
            c.method,
            "-" if c.value is None else f"{c.value:.3f}",
            f"{c.threshold:g}",
            c.status,
            _says(c),
        )
        for c in report.columns
    ]
    return table_data(column_names=names, data=rows, title=f"{report.status}: {report.sentence}")


def _says(column: ColumnDrift) -> str:
    return "alarm" if column.alarm else "report only"


def _drawn(rule: DriftColumn, both: Pair, side: pd.Series) -> pd.Series:
    """Cut off what lies far outside: PSI by deciles does not see it, and no picture shows one value."""
    if statistic(rule) != DECILES:
        return side
    low, high = float(both.reference.min()), float(both.reference.quantile(0.99))
    return side.clip(low - (high - low), high)


def _frame(sides: dict[str, pd.Series]) -> pd.DataFrame:
    """Set columns of unlike length beside each other; without any, one row carries the figures."""
    rows = pd.RangeIndex(max((len(side) for side in sides.values()), default=1))
    return pd.DataFrame(sides, index=rows)


def _about(report: DriftReport) -> dict[str, Any]:
    """Name the snapshot; noon in UTC is the label date in nearly every zone that a browser may be in."""
    date = report.window.date
    return {
        "name": f"{report.usecase} {date}: {report.status}",
        "timestamp": datetime.fromisoformat(date).replace(hour=12, tzinfo=UTC),
        "metadata": {"date": date, "model_version": report.model_version, "status": report.status},
        "tags": ["nightly", report.status],
    }
