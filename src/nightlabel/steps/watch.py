"""The step after a night: drift, metrics, and what people are told."""

from typing import Any

import pandas as pd

from nightlabel import catalog
from nightlabel import label as room
from nightlabel.contract import UseCase
from nightlabel.label import Summary
from nightlabel.monitor import reference, window
from nightlabel.monitor.alarms import alarm, all_clear
from nightlabel.monitor.drift import drift, save
from nightlabel.monitor.metrics import metrics
from nightlabel.store import open_lake

Result = dict[str, Any]


def monitor(usecase: str, date: str, run: str) -> Result:
    """Compare a committed night with the champion's training snapshot, and send its figures."""
    case, lake = catalog.load(usecase), open_lake()
    summary = room.read_summary(lake, usecase, date, run)
    if summary is None:
        return {"date": date, "status": "noop", "sentence": "this run committed nothing new", "columns": []}
    nights = window.rows_by_night(room.read_labels(lake, usecase, columns=["date", "outcome"]))
    chosen = window.choose(nights, date, case.card.monitoring)
    parts = [room.read_labels(lake, usecase, night) for night in chosen.nights]
    joined = pd.concat(parts, ignore_index=True) if parts else room.read_labels(lake, usecase, date)
    current = window.current(case, lake, joined)
    compared = drift(
        case.card,
        chosen,
        reference.load(lake, case.card, summary.model.version),
        current.frame,
        model_version=summary.model.version,
        figures=_figures(joined, date, summary),
    )
    kept = save(lake, case.card, compared)
    _tell(case, compared.report.sentence, summary, alarming=compared.report.alarming)
    return {"date": date, **compared.report.to_json(), "unread_files": current.unread, "kept": kept}


def _figures(labels: pd.DataFrame, date: str, summary: Summary) -> dict[str, float]:
    """Give the night's own figures for the dashboard."""
    records, labelled = max(summary.records, 1), max(summary.labelled, 1)
    night = labels[labels["date"].astype(str).eq(date) & labels["outcome"].eq("labelled")]
    figures = {
        "night_records": float(summary.records),
        "quarantined_share": sum(summary.quarantined.values()) / records,
        "abstained_share": float(night["abstain"].fillna(value=False).sum()) / labelled,
        "unknown_share": summary.unknown_share,
    }
    return figures if night.empty else figures | {"mean_confidence": float(night["confidence"].mean())}


def _tell(usecase: UseCase, sentence: str, summary: Summary, *, alarming: bool) -> None:
    """Send the night's figures; a network without an agent costs nothing and stops nothing."""
    name, sender = usecase.name, metrics()
    sender.count("records", summary.labelled, use_case=name, outcome="labelled")
    for code, records in summary.quarantined.items():
        sender.count("records", records, use_case=name, outcome="quarantined", code=code)
    sender.gauge("night.files", summary.files, use_case=name)
    sender.timing("night.seconds", summary.seconds, use_case=name)
    if alarming:
        alarm("drift", f"{name}: drift on {summary.date}", sentence, use_case=name)
    else:
        all_clear("drift", use_case=name)
