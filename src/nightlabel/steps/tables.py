"""Results as tables, for people at a terminal."""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightlabel.monitor import summary

Result = dict[str, Any]
MARKS = {True: Text("pass", style="green"), False: Text("closed", style="bold red")}


def facts(result: Result) -> RenderableType:
    """Show a result as names and values."""
    table = Table(show_header=False, box=None, pad_edge=False)
    for name, value in result.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(Text(name, style="bold"), Text(shown))
    return table


def verdict(result: Result) -> RenderableType:
    """Show a verdict: its outcome, then every gate with its numbers; words where numbers do not say it."""
    table = _table("gate", "", "value", "bound", "margin", "reason")
    for gate in result["gates"]:
        table.add_row(
            Text(gate["name"]),
            MARKS[bool(gate["passed"])],
            number(gate["value"]),
            number(gate["bound"]),
            number(gate["margin"], signed=True),
            Text("" if gate["passed"] and gate["value"] is not None else gate["reason"]),
        )
    return Group(Text(f"{result['candidate']}: {result['outcome']}", style="bold"), table)


def candidates(results: list[Result]) -> RenderableType:
    """Show the candidates with their metrics on the validation rows, the best first."""
    table = _table("candidate", "log loss", "accuracy", "top 3", "calibration error", "seconds")
    for result in sorted(results, key=lambda r: float(r["validation"]["log_loss"])):
        metrics = result["validation"]
        names = ("log_loss", "accuracy", "top3", "calibration_error")
        table.add_row(
            Text(result["candidate"]), *(number(metrics[n]) for n in names), number(result["seconds"])
        )
    return table


def accounting(result: Result) -> RenderableType:
    """Show how the records of a partition add up."""
    plain = {name: value for name, value in result.items() if name not in {"differences", "ok"}}
    verdict = Text("does not add up", "bold red")
    if result["ok"]:
        verdict = Text("every record is accounted for", "green")
    return Group(verdict, facts(plain), *(Text(f"- {line}", style="red") for line in result["differences"]))


def labels(result: Result) -> RenderableType:
    """Show rows of the labels table, files by the last part of their key."""
    table = _table("file", "row", "label", "confidence", "abstain", "top three", *result["carried"], "error")
    for row in result["rows"]:
        carried = (Text(str(row[name])) for name in result["carried"])
        table.add_row(
            Text(row["source"].rpartition("/")[2]),
            Text(str(row["row"])),
            Text(str(row["label"] or "-")),
            number(row["confidence"]),
            Text("yes" if row["abstain"] else ""),
            Text(", ".join(row["top_labels"] or [])),
            *carried,
            Text(str(row["error_code"] or "")),
        )
    return Group(Text(f"{result['records']:,} records on {result['date']}", style="bold"), table)


def quarantine(result: Result) -> RenderableType:
    """Show the reasons of a partition's quarantine, with examples."""
    if not result["reasons"]:
        return Text(f"nothing of {result['date']} is in quarantine")
    table = _table("code", "records", "files", "examples")
    for reason in result["reasons"]:
        examples = Text("\n".join(reason["examples"]))
        table.add_row(
            Text(reason["code"]), Text(str(reason["records"])), Text(str(reason["files"])), examples
        )
    return table


def night(result: Result) -> RenderableType:
    """Show what a night came to, and its drift."""
    sentence = Text(result["sentence"], style="bold")
    told = [summary.night(result)] if "records_per_second" in result else []
    return Group(sentence, *told, summary.drift(result["drift"]))


def drift(result: Result) -> RenderableType:
    """Show a drift verdict."""
    return summary.drift(result)


def findings(result: Result) -> RenderableType:
    """Show what the doctor found."""
    table = _table("check", "", "found", "what to do")
    for finding in result["findings"]:
        table.add_row(finding["name"], MARKS[finding["ok"]], Text(finding["found"]), Text(finding["advice"]))
    return table


def number(value: Any, *, signed: bool = False) -> Text:
    """Show a number with three decimals, a missing one as a dash."""
    if value is None or isinstance(value, str):
        return Text(value or "-")
    return Text(f"{value:+.3f}" if signed else f"{value:.3f}", justify="right")


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold")
    return table
