"""The step after a night: drift, metrics, and what people are told."""

import json
from typing import Any

import pandas as pd

from nightlabel import catalog, log
from nightlabel import label as room
from nightlabel.contract import UseCase
from nightlabel.label import Summary, table
from nightlabel.monitor import reference, window
from nightlabel.monitor.alarms import Alarm, alarm, all_clear
from nightlabel.monitor.drift import drift, save
from nightlabel.monitor.verdict import DriftReport
from nightlabel.steps import pages
from nightlabel.steps.figures import tell_drift, tell_night
from nightlabel.store import Store, open_lake

Result = dict[str, Any]


@log.of_night("monitor")
def monitor(usecase: str, date: str, run: str) -> Result:
    """Compare a committed night with the champion's training snapshot, and send its figures.

    What is told to people is kept beside the verdict, whether or not anybody could hear it.
    """
    case, lake = catalog.load(usecase), open_lake()
    summary = room.read_summary(lake, usecase, date, run)
    if summary is None:
        return {"date": date, "status": "noop", "sentence": "this run committed nothing new", "columns": []}
    rule = case.card.monitoring
    chosen = window.choose(_rows(lake, usecase, date, rule.window_nights), date, rule)
    parts = [room.read_labels(lake, usecase, night) for night in chosen.nights]
    joined = pd.concat(parts, ignore_index=True) if parts else room.read_labels(lake, usecase, date)
    current = window.current(case, lake, joined)
    compared = drift(
        case.card,
        chosen,
        reference.load(lake, case.card, summary.model.version),
        current.frame,
        model_version=summary.model.version,
        figures=_figures(room.read_labels(lake, usecase, date, ["outcome", "abstain"]), summary),
    )
    kept = save(lake, case.card, compared)
    if said := _tell(case, compared.report, summary, pages.drift_page(kept["page"])):
        record = json.dumps(said.to_json(), ensure_ascii=False, indent=2)
        lake.put(f"{usecase}/drift/{date}.alarm.json", record.encode())
    log.get("steps").info("watched", status=compared.report.status, alarm=compared.report.alarming)
    told = {"date": date, **compared.report.to_json(), "unread_files": current.unread, "kept": kept}
    return told | {"url": pages.drift_page(kept["page"]) or lake.at(kept["html"])}


def _rows(lake: Store, usecase: str, date: str, nights: int) -> dict[str, int]:
    """Count the labelled records of the newest nights up to a date by the table's log, not by its rows."""
    found = table.find(lake, usecase)
    known = [night for night in table.dates(found) if night <= date] if found else []
    return {night: _labelled(table.files(found, night)) for night in known[-nights:] if found}


def _labelled(files: list[table.TableFile]) -> int:
    return sum(file.rows for file in files if file.outcome == "labelled")


def _figures(partition: pd.DataFrame, summary: Summary) -> dict[str, float]:
    """Count the whole partition for the dashboard; the summary is of the files that came last."""
    labelled = partition["outcome"].eq("labelled")
    abstained = labelled & partition["abstain"].fillna(value=False).astype(bool)
    records = max(len(partition), 1)
    return {
        "labelled_records": float(labelled.sum()),
        "quarantined_records": float((~labelled).sum()),
        "quarantined_share": float((~labelled).sum()) / records,
        "abstained_share": float(abstained.sum()) / records,
        "unknown_share": summary.unknown_share,
    }


def _tell(usecase: UseCase, report: DriftReport, summary: Summary, url: str) -> Alarm | None:
    """Send the night's figures; a network without an agent costs nothing and stops nothing."""
    name = usecase.name
    tell_night(usecase.card, summary)
    tell_drift(report)
    all_clear("failure", use_case=name)
    if report.alarming:
        return alarm("drift", f"{name}: drift on {summary.date}", report.sentence, url=url, use_case=name)
    if report.window.enough:  # a night that was not tested says nothing of an earlier alarm
        all_clear("drift", use_case=name)
    return None
