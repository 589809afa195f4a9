"""The parts of a report, the most important first: each a few words and one table."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from nightlabel.propose.changes import label_changes, label_examples
from nightlabel.propose.escape import NOTHING, count, fixed, link, name, number, prose, share
from nightlabel.propose.evidence import Data, Model, ReportInput
from nightlabel.propose.section import Row, Section

METRICS = {
    "accuracy": ("accuracy", True),
    "log_loss": ("log loss", False),
    "top3": ("right class among the first three", True),
    "calibration_error": ("calibration error", False),
    "macro_f1": ("macro F1, all classes", True),
}
"""What is compared: the metric's words, and whether more is better."""
MOST_CELLS = 15


def sections(report: ReportInput) -> list[Section]:
    """Give the parts of a report, the most important first."""
    return [
        _metrics(report),
        label_changes(report.changes, report.night),
        _gates(report.verdict["gates"]),
        _parts(report),
        _classes(report),
        _confusion(report),
        label_examples(report.changes),
        _data(report),
        _cost(report),
    ]


def _metrics(report: ReportInput) -> Section:
    rows = int(report.new.metrics.get("rows") or 0)
    if report.current is None:
        lead = (
            f"On {rows:,} holdout rows. There is no champion yet, so the gates compare with trivial models."
        )
    else:
        lead = f"On the same {rows:,} holdout rows, all later than the training rows; 95 % intervals."
    return Section(
        title="New against current",
        lead=fixed(lead, count(rows)),
        head=("metric", "new", "current", "difference"),
        align="lrrr",
        rows=[
            _metric(key, words, more_is_better=more, report=report) for key, (words, more) in METRICS.items()
        ],
        folded=False,
    )


def _metric(key: str, words: str, *, more_is_better: bool, report: ReportInput) -> Row:
    new, current = (_value(model, key) for model in (report.new, report.current))
    difference = None if new is None or current is None else new - current
    said = number(difference, signed=True)
    if difference:
        said += " better" if (difference > 0) == more_is_better else " worse"
    return fixed(words), _interval(report.new, key), _interval(report.current, key), said


def _value(model: Model | None, key: str) -> float | None:
    return None if model is None else model.metrics.get(key)


def _interval(model: Model | None, key: str) -> Markup:
    around = (model.intervals if model else {}).get(key)
    shown = number(_value(model, key))
    if not around:
        return shown
    return fixed("**{}** ({} to {})", shown, number(around["low"]), number(around["high"]))


def _gates(gates: Sequence[Mapping[str, Any]]) -> Section:
    shut = [gate for gate in gates if not gate["passed"]]
    return Section(
        title=f"All {len(gates)} gates, {len(shut)} closed",
        lead=Markup("Every rule was set before the run. The margin is the room that is left."),
        head=("", "gate", "value", "bound", "margin", "why"),
        align="clrrrl",
        rows=[_gate(gate) for gate in [*shut, *(gate for gate in gates if gate["passed"])]],
        folded=not shut,
    )


def _gate(gate: Mapping[str, Any]) -> Row:
    value, bound, margin = (gate.get(key) for key in ("value", "bound", "margin"))
    mark = fixed("✅" if gate["passed"] else "❌")
    numbers = number(value), number(bound), number(margin, signed=True)
    return mark, prose(str(gate["name"]).replace("_", " ")), *numbers, prose(gate.get("reason", ""))


def _parts(report: ReportInput) -> Section:
    worst_first = sorted(report.parts or (), key=lambda part: -part["loss"])
    missing = "They were not measured." if report.parts is None else "None has enough rows for a test."
    reference = "champion" if report.current else "best trivial model"
    return Section(
        title=f"Slices and large classes: {len(worst_first)}",
        lead=fixed(
            "Worst first; the significance is corrected for the number of tests." if worst_first else missing
        ),
        head=("slice or class", "rows", "new accuracy", reference, "difference", "significance"),
        align="lrrrrr",
        rows=[
            (
                name(part["name"]),
                count(part["rows"]),
                number(part["accuracy"]),
                number(part["reference"]),
                number(part["accuracy"] - part["reference"], signed=True),
                number(part.get("significance")),
            )
            for part in worst_first
        ],
    )


def _classes(report: ReportInput) -> Section:
    current = {
        one["name"]: one for one in (report.current.metrics.get("classes", ()) if report.current else ())
    }
    largest_first = sorted(report.new.metrics.get("classes", ()), key=lambda one: -one["support"])
    return Section(
        title=f"Every class: {len(largest_first)}",
        lead=Markup("Largest first. F1 of a class with few rows is mostly chance."),
        head=("class", "rows", "precision", "recall", "new F1", "current F1", "difference"),
        align="lrrrrrr",
        rows=[_class(one, current.get(one["name"])) for one in largest_first],
    )


def _class(new: Mapping[str, Any], current: Mapping[str, Any] | None) -> Row:
    standing = current["f1"] if current else None
    difference = number(None if standing is None else new["f1"] - standing, signed=True)
    numbers = (number(new["precision"]), number(new["recall"]), number(new["f1"]), number(standing))
    return name(new["name"]), count(new["support"]), *numbers, difference


def _confusion(report: ReportInput) -> Section:
    moved = [cell for cell in report.confusion or () if cell.new != cell.current][:MOST_CELLS]
    lead = Markup("How often a class is called which: the cells that change most.")
    if not moved:
        lead = fixed("Nothing to compare with." if report.confusion is None else "No cell changes.")
    if report.picture:
        lead += Markup(" ") + link("The whole picture", report.picture)
    return Section(
        title="Confusion, the difference",
        lead=lead,
        head=("true class", "called", "new", "current", "difference"),
        align="llrrr",
        rows=[
            (
                name(cell.truth),
                name(cell.called) if cell.called != cell.truth else Markup("right"),
                count(cell.new),
                count(cell.current),
                number(cell.new - cell.current, 0, signed=True),
            )
            for cell in moved
        ],
    )


def _data(report: ReportInput) -> Section:
    new, before = report.data, report.data_before
    facts = [
        (Markup("version"), name(new.version[:12]), name(before.version[:12]) if before else NOTHING),
        (Markup("valid records"), count(new.rows), count(before.rows if before else None)),
        (Markup("from"), _day(new.first), _day(before.first if before else "")),
        (Markup("to"), _day(new.last), _day(before.last if before else "")),
    ]
    return Section(
        title="Data",
        lead=_sameness(new, before),
        head=("", "new", "current"),
        align="lrr",
        rows=facts + list(_shares(new, before)),
    )


def _sameness(new: Data, before: Data | None) -> Markup:
    if before is None:
        return Markup("There is no earlier data version to compare with.")
    same = new.version == before.version
    return fixed("The same data version." if same else "Shares are of all valid records.")


def _shares(new: Data, before: Data | None) -> Iterator[tuple[Markup, ...]]:
    standing = before.shares if before else {}
    moved = {one: abs(new.shares.get(one, 0) - standing.get(one, 0)) for one in {*new.shares, *standing}}
    for one in sorted(moved, key=lambda one: (-moved[one], one)):
        current = share(standing.get(one, 0.0)) if before else NOTHING
        yield fixed("share of {}", one), share(new.shares.get(one, 0.0)), current


def _day(text: str) -> Markup:
    return prose(text) if text else NOTHING


def _cost(report: ReportInput) -> Section:
    new, current = report.new, report.current
    return Section(
        title="Time and size",
        lead=Markup("Measured on the machine of the run."),
        head=("", "new", "current"),
        align="lrr",
        rows=[
            (
                Markup("seconds per 100,000 records"),
                number(new.seconds_per_100k, 2),
                number(current.seconds_per_100k if current else None, 2),
            ),
            (
                Markup("size of the files, MB"),
                number(new.size_mb, 2),
                number(current.size_mb if current else None, 2),
            ),
        ],
    )
