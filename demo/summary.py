"""What the runs left in the lake, as a summary that a person likes to read."""

from typing import Any

from rich.console import Console, RenderableType
from rich.panel import Panel

from demo.data import USECASE, Delivered
from demo.place import USER, Place, passwords
from nightlabel.steps import tables
from nightlabel.store import Store

Json = dict[str, Any]


def experiment(console: Console, lake: Store, run: str) -> Json:
    """Show the candidates and the verdict; give the verdict."""
    folder = f"{USECASE}/experiments/{run}"
    verdict: Json = lake.read_json(f"{folder}/verdict.json")
    names = lake.read_json(f"{folder}/evaluation.json")["selected_from"]  # one that failed left no result
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
    console.print(_panel("The proposal", tables.facts(where)))
    return found


def night(console: Console, lake: Store, delivered: Delivered, run: str) -> None:
    """Show how the records of the night add up, and whether they drifted."""
    key = f"{USECASE}/nights/{delivered.night}/{run}/summary.json"
    if lake.head(key) is None:
        console.print(f"{delivered.night} stands already, with these files and this model: nothing changed.")
        return
    console.print(_panel("The night", tables.accounts(lake.read_json(key))))
    console.print(_panel("Drift", tables.drift(lake.read_json(f"{USECASE}/drift/{delivered.night}.json"))))


def addresses(console: Console, place: Place, left: str) -> None:
    """Show where the three UIs are, with their logins, and the next command where something is left to do."""
    mine, secret = place.settings, passwords(place)
    facts = {
        "Airflow": f"{mine.airflow_url}  user {USER}, password {secret.password}",
        "MLflow": f"{mine.mlflow_url}  user {USER}, password {secret.mlflow}",
        "Evidently": f"{mine.evidently_url}  user {USER}, password {secret.evidently}",
        "data": mine.lake_uri,
        "logs": place.logs,
    }
    if left:
        facts["next"] = left
    console.print(_panel("Look around", tables.facts(facts)))


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, title=title, title_align="left", border_style="blue", padding=(0, 1))
