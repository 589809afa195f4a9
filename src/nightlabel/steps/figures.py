"""The figures that steps send: of a night, of its drift, of a verdict, and whether the registry answers."""

from typing import TYPE_CHECKING

from nightlabel.contract import Card
from nightlabel.errors import NightlabelError
from nightlabel.label import Summary
from nightlabel.monitor.metrics import Status, metrics, outcome
from nightlabel.monitor.verdict import DriftReport
from nightlabel.registry import client
from nightlabel.registry.models import CHAMPION, Registry
from nightlabel.settings import settings
from nightlabel.steps.folder import Experiment
from nightlabel.steps.sizing import MILLION, Prices

if TYPE_CHECKING:
    from nightlabel.gate import Verdict

_HOLDOUT = ("accuracy", "log_loss")


def tell_night(card: Card, summary: Summary) -> None:
    """Send what a committed night took, gave and cost."""
    sender, name = metrics(), card.name
    sender.count("records", summary.labelled, use_case=name, outcome="labelled")
    for code, records in summary.quarantined.items():
        sender.count("records", records, use_case=name, outcome="quarantined", code=code)
    sender.gauge("night.files", summary.files, use_case=name)
    sender.timing("night.seconds", summary.seconds, use_case=name)
    sender.gauge("night.records_per_second", summary.records_per_second, use_case=name)
    sender.gauge("night.took_seconds", summary.took, use_case=name)
    if (cost := dollars_per_million_labels(card, summary, Prices())) is not None:
        sender.gauge("night.dollars_per_million_labels", cost, use_case=name)


def tell_drift(report: DriftReport) -> None:
    """Send the verdict on a night's drift, the figures beside it, and each column's statistic."""
    sender, name = metrics(), report.usecase
    sender.count("nights", use_case=name, outcome=outcome(report.status))
    for figure, value in report.figures.items():
        sender.gauge(f"night.{figure}", value, use_case=name)
    if report.window.enough:
        sender.gauge("drift.share", report.share, use_case=name)
    for column in report.columns:
        if column.value is not None:
            sender.gauge("drift.value", column.value, use_case=name, column=column.name)


def tell_verdict(place: Experiment, verdict: "Verdict") -> None:
    """Send what the gates say of an experiment."""
    sender, name = metrics(), place.usecase.name
    sender.count("experiment.verdicts", use_case=name, outcome=verdict.outcome)
    passed = sum(gate.passed for gate in verdict.gates)
    sender.count("experiment.gates", passed, use_case=name, outcome="passed")
    sender.count("experiment.gates", len(verdict.gates) - passed, use_case=name, outcome="failed")
    measured = place.needed("evaluation.json", "evaluate")["models"]["candidate"]["metrics"]
    for figure in _HOLDOUT:
        sender.gauge(f"experiment.{figure}", measured[figure], use_case=name)


def tell_registry(usecase: str) -> None:
    """Send whether the champion of a use case can be read, which the next night begins with."""
    tracking = settings().tracking
    if not client.has_database(tracking):
        return
    state: Status = "ok"
    try:
        registry = Registry(tracking)
        state = "ok" if CHAMPION in registry.aliases(usecase) else "unknown"
        said = f"version {registry.resolve(usecase).version}" if state == "ok" else "no champion yet"
    except NightlabelError as error:
        state, said = "critical", str(error)
    metrics().service_check("registry", state, said, use_case=usecase)


def dollars_per_million_labels(card: Card, summary: Summary, prices: Prices) -> float | None:
    """Give what a million labels of a night cost.

    Args:
        card: The size of its pods.
        summary: The night; what an earlier run had done for it is not counted.
        prices: US dollars.

    Returns:
        US dollars of pods and of reading files; nothing where the night had no pods or gave no label.
    """
    if summary.pace is None or not summary.labelled:
        return None
    hours = summary.pace.pod_seconds / 3600
    pods = hours * prices.of_pod(card.pod.cpu, card.pod.memory_mb)
    reads = summary.files * prices.million_gets / MILLION
    return (pods + reads) / summary.labelled * MILLION
