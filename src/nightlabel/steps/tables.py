"""Results as tables, for people at a terminal."""

from typing import Any, Literal

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from nightlabel.label.names import printable
from nightlabel.steps.candidates import sentences

Result = dict[str, Any]
MARKS = {True: Text("pass", style="green"), False: Text("closed", style="bold red")}
LIKELY = 0.95
_LONGEST = 2000  # characters of a cell
DRIFT_STYLES = {"stable": "green", "drifted": "bold red", "not computable": "bold red", "too small": "yellow"}


def facts(result: Result) -> RenderableType:
    """Show a result as names and values."""
    table = _pairs()
    for name, value in result.items():
        shown = ", ".join(f"{k} {v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
        table.add_row(Text(name), _outside(shown))
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
    heading = Text(f"{result['candidate']}: {result['outcome']}", style="bold")
    return Group(heading, *(Text(line, style="red") for line in sentences(result["missing"])), table)


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
    lines = (_outside(f"- {line}", "red") for line in result["differences"])
    verdict = Text("does not add up", "bold red")
    if result["ok"]:
        verdict = Text("every record is accounted for", "green")
    return Group(verdict, facts(plain), *lines)


def labels(result: Result) -> RenderableType:
    """Show rows of the labels table, files by the last part of their key."""
    table = _table("file", "row", "label", "confidence", "abstain", "top three", *result["carried"], "error")
    for row in result["rows"]:
        carried = (_outside(row[name]) for name in result["carried"])
        table.add_row(
            _outside(row["source"].rpartition("/")[2]),
            Text(str(row["row"])),
            _outside(row["label"] or "-"),
            number(row["confidence"]),
            Text("yes" if row["abstain"] else ""),
            _outside(", ".join(row["top_labels"] or [])),
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
    told = [accounts(result)] if "records_per_second" in result else []
    return Group(sentence, *told, drift(result["drift"]))


def accounts(summary: Result) -> RenderableType:
    """Show how the records of a night add up, the largest reason of quarantine first.

    Args:
        summary: ``summary.json`` of the night.
    """
    table = _pairs(justify="right")
    for name in ("files", "records", "labelled"):
        table.add_row("records in" if name == "records" else name, f"{summary[name]:,}")
    quarantined: dict[str, int] = summary["quarantined"]
    table.add_row("quarantined", f"{sum(quarantined.values()):,}")
    for code, records in sorted(quarantined.items(), key=lambda item: (-item[1], item[0])):
        table.add_row(Text(f"  {code}", "not bold dim"), f"{records:,}")
    table.add_row("seconds", f"{summary['seconds']:,.1f}")
    table.add_row("records per second", f"{summary['records_per_second']:,.0f}")
    state = "an empty day" if summary["empty"] else f"generation {summary['generation']}"
    title = f"{summary['usecase']} {summary['date']}: {state}, model version {summary['model']['version']}"
    return Group(Text(title, style="bold"), table)


def drift(report: Result) -> RenderableType:
    """Show a drift verdict: one sentence, then every watched column with its value and its threshold.

    Args:
        report: ``DriftReport.to_json()``, or any result with ``status``, ``sentence`` and ``columns``.
    """
    status = str(report["status"])
    heading = Text(f"drift: {status}", style=DRIFT_STYLES.get(status, "bold"))
    said = Text(str(report["sentence"]))
    if not report["columns"]:
        return Group(heading, said)
    table = _table("column", "statistic", "value", "threshold", "", "on drift")
    for column in report["columns"]:
        reported = column["status"] == "drifted" and not column["alarm"]
        style = "yellow" if reported else DRIFT_STYLES.get(column["status"], "")
        table.add_row(
            Text(column["name"]),
            Text(column["method"]),
            number(column["value"]),
            Text(f"{column['threshold']:g}", justify="right"),
            Text(column["status"], style=style),
            Text("alarm" if column["alarm"] else "report only"),
        )
    return Group(heading, said, table)


def sizes(result: Result) -> RenderableType:
    """Show nights on paper, one row each, and what a person has to see to."""
    names = ("files", "pods", "plan", "start", "label", "publish", "minutes", "GET/s", "prefixes", "plan GB")
    table = _table(*names, "$ requests", "$ pods", justify="right")
    told = []
    for row in result["rows"]:
        files = f"{row['night']['files']:,}"
        if "refused" in row:
            table.add_row(files, Text("-", style="bold red"))
            told.append(Text(f"{row['refused']}; {row['advice']}", style="bold red"))
            continue
        minutes = (f"{row['minutes'][name]:.1f}" for name in ("plan", "start", "label", "publish", "total"))
        store = (f"{row['gets_per_second']:,.0f}", f"{row['prefixes']}", f"{row['plan_mb'] / 1024:.1f}")
        dollars = (f"{row['dollars'][name]:,.2f}" for name in ("requests", "pods"))
        table.add_row(files, f"{row['pods']}", *minutes, *store, *dollars)
        told += [Text(f"{files} files: {sentence}", style="yellow") for sentence in row["do"]]
    return Group(table, *told)


def chances(result: Result) -> RenderableType:
    """Show the chance of making the deadline, for some largest numbers of pods."""
    names = ("files", "deadline", "pods", "uses", "10 % by", "50 % by", "90 % by", "chance")
    table = _table(*names, justify="right")
    for row in result["rows"]:
        night = row["night"]
        for found in row["pods"]:
            minutes = (_minutes(found["minutes"][part]) for part in ("p10", "p50", "p90"))
            table.add_row(
                f"{night['files']:,}",
                f"{night['deadline_minutes']:g}",
                f"{found['pods']}",
                f"{found['used']}",
                *minutes,
                Text(f"{found['chance']:.1%}", style="green" if found["chance"] >= LIKELY else "yellow"),
            )
    return table


def findings(result: Result) -> RenderableType:
    """Show what the doctor found."""
    table = _table("check", "", "found", "what to do")
    for finding in result["findings"]:
        told = f"{finding['code']} {finding['found']}".strip()
        table.add_row(finding["name"], _health(finding), Text(told), Text(finding["advice"]))
    return table


def number(value: Any, *, signed: bool = False) -> Text:
    """Show a number with three decimals, a missing one as a dash."""
    if value is None or isinstance(value, str):
        return Text(value or "-")
    return Text(f"{value:+.3f}" if signed else f"{value:.3f}", justify="right")


def _outside(value: Any, style: str = "") -> Text:
    """Show what came from files and keys, without what a terminal would obey."""
    return Text(printable(str(value), _LONGEST), style)


def _health(finding: Result) -> Text:
    if not finding["ok"]:
        return Text("fail", style="bold red")
    return Text("warn", style="yellow") if finding["advice"] else Text("good", style="green")


def _minutes(value: float | None) -> str:
    return "never" if value is None else f"{value:.1f}"


def _table(*names: str, justify: Literal["left", "right"] = "left") -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(name, overflow="fold", justify=justify)
    return table


def _pairs(justify: Literal["left", "right"] = "left") -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(justify=justify, overflow="fold")
    return table
