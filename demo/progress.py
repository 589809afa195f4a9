"""Follows a run of Airflow: every task with its state and its seconds."""

import json
import time
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from demo.place import DemoError, Place
from demo.rest import FINAL, Json
from demo.services import check
from demo.stage import Stage

POLL_SECONDS = 1.0
STYLES = {
    "success": ("done", "green"),
    "running": ("running", "bold yellow"),
    "failed": ("failed", "bold red"),
    "up_for_retry": ("waits to try again", "yellow"),
    "upstream_failed": ("not run", "red"),
    "skipped": ("not needed", "dim"),
    "queued": ("queued", "cyan"),
    "scheduled": ("queued", "cyan"),
}


def follow(stage: Stage, console: Console, dag_id: str, run_id: str) -> None:
    """Show a run until it ends.

    Raises:
        DemoError: It failed; names the task, its sentence and its log. Or a service ended.
    """
    airflow, said = stage.airflow, dict[str, str]()
    order, start = airflow.order(dag_id), time.monotonic()
    with Live(console=console, auto_refresh=False) if console.is_terminal else nullcontext() as live:
        while True:
            state, tasks = airflow.state(dag_id, run_id), airflow.tasks(dag_id, run_id)
            rows = sorted(tasks, key=lambda t: (order.index(t["task_id"]), t["map_index"]))
            if live:
                live.update(_table(dag_id, rows, time.monotonic() - start), refresh=True)
            else:
                _say_changes(console, rows, said)
            if state in FINAL:
                break
            check(stage.services)
            time.sleep(POLL_SECONDS)
    if state == "failed":
        raise DemoError(_explain(stage.place, dag_id, run_id, rows))


def _table(dag_id: str, rows: list[Json], seconds: float) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    for name in ("task", "state", "seconds"):
        table.add_column(name, justify="right" if name == "seconds" else "left")
    for row in rows:
        word, style = STYLES.get(row["state"] or "", ("waits", "dim"))
        table.add_row(Text(_name(row)), Text(word, style=style), _seconds(row))
    return Group(Text(f"{dag_id} ({seconds:.0f} s)", style="italic"), table)


def _say_changes(console: Console, rows: list[Json], said: dict[str, str]) -> None:
    for row in rows:
        name, state = _name(row), row["state"] or ""
        if state in {"success", "failed", "up_for_retry", "skipped"} and said.get(name) != state:
            console.print(
                f"  {name}: {STYLES[state][0]} {_seconds(row)}".rstrip(), highlight=False, markup=False
            )
            said[name] = state


def _name(row: Json) -> str:
    mapped = row["rendered_map_index"] or (str(row["map_index"]) if row["map_index"] >= 0 else "")
    return f"{row['task_id']} [{mapped}]".replace(" []", "")


def _seconds(row: Json) -> str:
    if row["state"] == "running" and row["start_date"]:
        began = datetime.fromisoformat(row["start_date"])
        return f"{(datetime.now(UTC) - began).total_seconds():.0f}"
    return f"{row['duration']:.1f}" if row["duration"] else ""


def _explain(place: Place, dag_id: str, run_id: str, rows: list[Json]) -> str:
    bad = next((row for row in rows if row["state"] == "failed"), None)
    if bad is None:
        return f"{dag_id} failed, but none of its tasks did; see {place.logs}"
    log = _log(place, dag_id, run_id, bad)
    return f"{dag_id}: the task {_name(bad)} failed: {_sentence(log)}\nIts log is {log}"


def _log(place: Place, dag_id: str, run_id: str, row: Json) -> Path:
    folder = (
        place.airflow_home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={row['task_id']}"
    )
    if row["map_index"] >= 0:
        folder /= f"map_index={row['map_index']}"
    return folder / f"attempt={row['try_number']}.log"


def _sentence(log: Path) -> str:
    """Give the text of the last exception in a log of JSON lines."""
    found = "it left no reason"
    for line in log.read_text(errors="replace").splitlines() if log.exists() else ():
        entry = _object(line)
        for error in entry.get("error_detail") or ():
            found = str(error.get("exc_value") or found)
    return found


def _object(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
