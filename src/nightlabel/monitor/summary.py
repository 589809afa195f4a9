"""A night's summary and its drift verdict, for people at a terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

Result = dict[str, Any]

_STYLES = {"stable": "green", "drifted": "bold red", "not computable": "bold red", "too small": "yellow"}


def night(summary: Result) -> RenderableType:
    """Show what a night did.

    Args:
        summary: ``summary.json`` of the night.
    """
    table = _plain()
    table.add_row("files", _whole(summary["files"]))
    table.add_row("records in", _whole(summary["records"]))
    table.add_row("labelled", _whole(summary["labelled"]))
    quarantined: dict[str, int] = summary["quarantined"]
    table.add_row("quarantined", _whole(sum(quarantined.values())))
    for code, records in sorted(quarantined.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(f"  {code}", "not bold dim"), _whole(records))
    table.add_row("seconds", Text(f"{summary['seconds']:,.1f}", justify="right"))
    table.add_row("records per second", _whole(summary["records_per_second"]))
    state = "an empty day" if summary["empty"] else f"generation {summary['generation']}"
    title = f"{summary['usecase']} {summary['date']}: {state}, model version {summary['model']['version']}"
    return Group(Text(title, style="bold"), table)


def drift(report: Result) -> RenderableType:
    """Show a drift verdict: one sentence, then every watched column with its value and its threshold.

    Args:
        report: ``DriftReport.to_json()``, or any result with ``status``, ``sentence`` and ``columns``.
    """
    status = str(report["status"])
    heading = Text(f"drift: {status}", style=_STYLES.get(status, "bold"))
    said = Text(str(report["sentence"]))
    if not report["columns"]:
        return Group(heading, said)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("column", "statistic", "value", "threshold", "", "on drift"):
        table.add_column(name, justify="right" if name in ("value", "threshold") else "left")
    for column in report["columns"]:
        table.add_row(*_column(column))
    return Group(heading, said, table)


def _column(column: Result) -> tuple[Text, ...]:
    value, status = column["value"], str(column["status"])
    harmless = status == "drifted" and not column["alarm"]
    return (
        Text(column["name"]),
        Text(column["method"]),
        Text("-" if value is None else f"{value:.3f}"),
        Text(f"{column['threshold']:g}"),
        Text(status, style="yellow" if harmless else _STYLES.get(status, "")),
        Text("alarm" if column["alarm"] else "report only"),
    )


def _plain() -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(justify="right")
    return table


def _whole(number: float) -> Text:
    return Text(f"{number:,.0f}", justify="right")
