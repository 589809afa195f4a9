"""The step that tells the owner."""

import json
from typing import Any

from nightlabel import catalog
from nightlabel.monitor.alarms import Kind
from nightlabel.monitor.alarms import alarm as send
from nightlabel.settings import settings
from nightlabel.steps import pages
from nightlabel.steps.folder import experiment

Result = dict[str, Any]


def alarm(usecase: str, run: str, kind: Kind, reason: str) -> Result:
    """Send an event and a service check; what was sent is kept beside the run's results.

    Args:
        usecase: Name of the use case; a broken one alarms as well.
        run: Name of the run.
        kind: What it is about.
        reason: What happened; empty takes the verdict of the run.
    """
    if not reason:
        place = experiment(usecase, run)
        reason = place.needed("verdict.json", "gate")["reason"]
        kind = "experiment"
        title = f"{usecase}: no candidate passed the gates"
        told = send(kind, title, reason, url=pages.models_page(usecase), use_case=usecase).to_json()
        place.lake.put(place.key("alarm.json"), json.dumps(told, indent=2).encode())
        return told
    known = {card.name for card in catalog.usecases()}
    tags: Any = {"use_case": usecase} if usecase in known else {}
    url = settings().airflow_url
    return send(kind, f"{usecase}: {kind}", f"{reason} (run {run})", url=url, **tags).to_json()
