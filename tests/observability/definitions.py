"""Reads monitors, objective and dashboard as Terraform does, and says what is wrong with them."""

import json
import re
from importlib.util import find_spec
from pathlib import Path
from string import Template

import yaml

from nightlabel.monitor.names import CHECKS, METRICS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "observability" / "datadog"
RUNBOOK = ROOT / "docs" / "operations.md"
WORDS = {
    "environment": "prod",
    "urgent": "@pagerduty-nights",
    "calm": "@slack-ml",
    "runbook": "https://git.example/docs/operations.md",
    "quarantined_share": "0.05",
    "deadline_seconds": "1800",
    "slo_percent": "99",
    "slo": "abc",
}
TIMING = ("avg", "max", "median", "count", "95percentile")
ALERTS = {"service check", "metric alert"}
_METRIC = re.compile(r"\b((?:nightlabel|airflow)\.[a-z0-9_.]+)\{([^}]*)\}(?: by \{([^}]*)\})?")
_CHECK = re.compile(r'"(nightlabel\.[a-z_]+)"\.over')


def filled(text: str) -> dict:
    """Fill in the words; a word that Terraform does not know is an error."""
    return json.loads(_Terraform(text).substitute(WORDS))


class _Terraform(Template):
    pattern = r"\$\{(?:(?P<braced>[a-z_]+)|(?P<named>(?!))|(?P<escaped>(?!))|(?P<invalid>))\}"


def monitors() -> dict[str, dict]:
    return {path.stem: filled(path.read_text()) for path in sorted((FOLDER / "monitors").glob("*.json"))}


def board() -> dict:
    return filled((FOLDER / "dashboard.json").read_text())


def anchors() -> set[str]:
    """Give the anchors of the runbook's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}


def airflows() -> set[str]:
    """Give the metrics of the installed Airflow, from its own registry."""
    package = Path(find_spec("airflow").submodule_search_locations[0])
    path = package / "_shared" / "observability" / "metrics" / "metrics_template.yaml"
    return {entry["name"] for entry in yaml.safe_load(path.read_text())["metrics"]}


def unknown(query: str) -> list[str]:
    """Name what a query asks for that nobody sends: metrics, checks and tags."""
    found = [f"no check {name}" for name in _CHECK.findall(query) if name[11:] not in CHECKS]
    for name, scope, by in _METRIC.findall(query):
        tags = _allowed(name)
        if tags is None:
            found.append(f"no metric {name}")
            continue
        asked = re.findall(r"(?:^|,)\s*(?:\$)?([a-z_]+)", scope) + [tag for tag in by.split(",") if tag]
        found += [f"{name} has no tag {tag}" for tag in asked if tag not in tags]
    if not _METRIC.search(query) and not _CHECK.search(query):
        found.append("asks for nothing of ours")
    return found


def _allowed(name: str) -> set[str] | None:
    """Give the tags of a metric, or nothing where nobody sends it."""
    space, _, rest = name.partition(".")
    if space == "airflow":
        return {"environment"} if rest in airflows() else None
    base, _, end = rest.rpartition(".")
    if base in METRICS and METRICS[base].kind == "timing" and end in TIMING:
        rest = base
    elif rest in METRICS and METRICS[rest].kind == "timing":
        return None  # Datadog stores its parts alone
    return {"environment", "use_case", *METRICS[rest].tags} if rest in METRICS else None


def faults(monitor: dict) -> list[str]:
    """Say what is wrong with a monitor."""
    found = unknown(monitor["query"])
    if monitor["type"] not in ALERTS:
        found.append(f"no such type: {monitor['type']}")
    links = re.findall(rf"{re.escape(WORDS['runbook'])}#([a-z0-9-]+)", monitor["message"])
    found += ["leads to no alarm of the runbook"] if len(links) != 1 else []
    found += [f"the runbook has no {link}" for link in links if link not in anchors()]
    if not re.search(r"@(pagerduty-nights|slack-ml)$", monitor["message"]):
        found.append("tells nobody")
    bound = re.search(r"[<>] ([0-9.]+)$", monitor["query"])
    if bound and float(monitor["options"]["thresholds"]["critical"]) != float(bound[1]):
        found.append("its threshold is not that of its query")
    return found


def queries(widgets: list[dict]) -> list[str]:
    """Give all queries of a dashboard."""
    shown = [widget["definition"] for widget in widgets]
    checks = [f'"{one["check"]}".over' for one in shown if one["type"] == "check_status"]
    return checks + [request["q"] for one in shown for request in one.get("requests", ())]
