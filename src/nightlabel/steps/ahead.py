"""A night that will miss its deadline is told before it does: once, however many look."""

import json
from datetime import datetime
from typing import Any

from nightlabel import label as room
from nightlabel.contract import Card
from nightlabel.label import Plan
from nightlabel.monitor.alarms import alarm, still
from nightlabel.monitor.metrics import metrics
from nightlabel.steps import pages
from nightlabel.store import Store

Result = dict[str, Any]
FORETOLD, BEHIND = "NL-N009", "NL-N012"


def foretell(lake: Store, card: Card, plan: Plan) -> None:
    """Send the forecast of a plan; warn the owner, before any work, where all pods will not do.

    Args:
        lake: The lake.
        card: The use case.
        plan: The night's plan.
    """
    if (told := plan.forecast) is None:
        return
    sender, name = metrics(), card.name
    sender.gauge("night.pods", told.pods, use_case=name)
    for bound in ("low", "middle", "high"):
        sender.gauge(f"night.forecast_{bound}_seconds", getattr(told, bound), use_case=name)
    if not told.makes_it:
        why = f"{plan.files:,} files take {_minutes(told.low)} to {_minutes(told.high)} minutes"
        due = datetime.fromisoformat(told.deadline)
        warn(lake, card, plan, f"{FORETOLD} {why} with {told.pods} pods; they are due {_local(card, due)}")


def follow(lake: Store, card: Card, plan: Plan, now: datetime) -> Result:
    """Hold a night under way against its forecast; warn the owner where it will miss its deadline.

    Args:
        lake: The lake.
        card: The use case.
        plan: The night's plan.
        now: The moment.
    """
    night = {"date": plan.date, "run": plan.run}
    if (found := room.progress(lake, plan, now)) is None:
        return {**night, "state": "nothing to label"}
    sender, name = metrics(), card.name
    sender.gauge("night.progress", found.share, use_case=name)
    sender.gauge("night.progress_expected", found.expected, use_case=name)
    if behind := found.late and found.done < found.shards:
        done = f"{found.done} of {found.shards} shards are done"
        warn(
            lake,
            card,
            plan,
            f"{BEHIND} {done}; the night ends about {_local(card, found.finish)},"
            f" and is due {_local(card, found.deadline)}",
        )
    state = "done" if found.done == found.shards else "behind" if behind else "on time"
    counts = {"shards": f"{found.done} of {found.shards}", "files": f"{found.files_done} of {found.files}"}
    shares = {"share": round(found.share, 3), "expected": round(found.expected, 3)}
    moments = {"finish": found.finish.isoformat(timespec="seconds"), "deadline": found.deadline.isoformat()}
    return {**night, "state": state, **counts, **shares, **moments}


def warn(lake: Store, card: Card, plan: Plan, sentence: str) -> None:
    """Send the event once for each run, before its record is written: it may come twice, never not at all."""
    record = f"{card.name}/nights/{plan.date}/{plan.run}/warned.json"
    title = f"{card.name}: night {plan.date} will be late"
    if lake.head(record) is not None:
        still("lateness", title, use_case=card.name)
        return
    url = pages.night_page(card.name, plan.date)
    said = alarm("lateness", title, sentence, url=url, use_case=card.name)
    lake.create(record, json.dumps(said.to_json(), indent=2).encode())


def _local(card: Card, moment: datetime) -> str:
    return f"{moment.astimezone(card.zone):%Y-%m-%d %H:%M} {card.timezone}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:,.1f}"
