"""What the runs left in the lake, as a summary that a person likes to read."""

from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from demo.data import USECASE, Delivered
from demo.place import USER, Place, password
from nightlabel.steps import tables
from nightlabel.store import Store

Json = dict[str, Any]


def experiment(console: Console, lake: Store, run: str) -> Json:
    """Show the candidates and the verdict; give the verdict."""
    folder = f"{USECASE}/experiments/{run}"
    verdict: Json = lake.read_json(f"{folder}/verdict.json")
    names = lake.read_json(f"{folder}/request.json")["candidates"]
    results = [lake.read_json(f"{folder}/candidates/{name}.json") for name in names]
    console.print(_panel("Candidates, on the validation rows", tables.candidates(results)))
    console.print(_panel("The verdict, on the holdout", tables.verdict(verdict)))
    return verdict


def proposal(console: Console, place: Place, lake: Store, run: str) -> Json:
    """Show the proposal; give it."""
    found: Json = lake.read_json(f"{USECASE}/experiments/{run}/proposal.json")
    where = {
        "branch": found["branch"],
        "pull request": found["url"],
        "repository": place.settings.forge_remote,
        "report": lake.at(f"{USECASE}/experiments/{run}/report.md"),
    }
    console.print(_panel("The proposal", _facts(where)))
    return found


def night(console: Console, lake: Store, delivered: Delivered, run: str) -> None:
    """Show how the records of the night add up, and whether they drifted."""
    key = f"{USECASE}/nights/{delivered.night}/{run}/summary.json"
    if lake.head(key) is None:
        console.print(f"{delivered.night} stands already, with these files and this model: nothing changed.")
        return
    summary = lake.read_json(key)
    reasons = summary["quarantined"]
    facts = {
        "partition": delivered.night,
        "files": f"{summary['files']:,}",
        "records in": f"{summary['records']:,}",
        "labelled": f"{summary['labelled']:,}",
        "quarantined": f"{sum(reasons.values()):,}",
        **{f"  {code}": f"{count:,}" for code, count in reasons.items()},
        "generation": summary["generation"],
        "seconds": f"{summary['seconds']:.1f}",
        "records per second": f"{summary['records_per_second']:,.0f}",
    }
    console.print(_panel("The night", _facts(facts)))
    console.print(_panel("Drift", _drift(lake.read_json(f"{USECASE}/drift/{delivered.night}.json"))))


def addresses(console: Console, place: Place) -> None:
    """Show where the three UIs are, with the login."""
    mine = place.settings
    facts = {
        "Airflow": f"{mine.airflow_url}  user {USER}, password {password(place)}",
        "MLflow": mine.mlflow_url,
        "Evidently": mine.evidently_url,
        "data": mine.lake_uri,
        "logs": place.logs,
    }
    console.print(_panel("Look around", _facts(facts)))


def _drift(report: Json) -> RenderableType:
    window = report["window"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("column", "status", "value", "threshold", "method", "alarms"):
        table.add_column(name)
    for column in report["columns"]:
        numbers = (tables.number(column["value"]), tables.number(column["threshold"]))
        alarms = "yes" if column["alarm"] else "only reported"
        table.add_row(column["name"], column["status"], *numbers, column["method"], alarms)
    said = f"{report['status']}: {window['rows']:,} records of {len(window['nights'])} nights"
    return Group(Text(said, style="bold"), table)


def _facts(facts: Json) -> Table:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(Text(name), Text(str(value)))
    return table


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="blue", padding=(0, 1))
