"""Are the labels that are due committed, and will those be that are due next?

The store alone is asked, so a night that never ran is noticed, and one under way is before it is late.
"""

import json
from datetime import UTC, datetime
from typing import Any

from nightlabel import catalog
from nightlabel.contract import Card
from nightlabel.errors import RefusedError
from nightlabel.label import due as deadlines
from nightlabel.label import resume, table
from nightlabel.monitor.alarms import alarm, all_clear, still
from nightlabel.monitor.lateness import Due, last_due
from nightlabel.monitor.metrics import metrics
from nightlabel.steps import pages
from nightlabel.steps.ahead import follow
from nightlabel.steps.figures import tell_registry
from nightlabel.store import Store, open_lake

Result = dict[str, Any]


def late(usecase: str, now: datetime | None = None) -> Result:
    """Look whether the labels of the last due night stand; tell the owner, once per night, where they do not.

    A night under way that will miss its deadline is told before it does; see ``ahead``. Each call sends the
    state of the service checks ``lateness`` and ``registry``, so that a check that stays away is noticed too.
    No night is due before the first one was planned.

    Args:
        usecase: Name of the use case.
        now: The moment, with a zone; now where nothing is given.

    Raises:
        RefusedError: ``NL-N008``, they do not stand.
        UnavailableError: The store did not answer.
    """
    try:
        return _late(usecase, now or datetime.now(UTC))
    finally:
        tell_registry(usecase)


def _late(usecase: str, now: datetime) -> Result:
    card, lake = catalog.load(usecase).card, open_lake()
    due = last_due(card, now)
    told = {"date": due.date, "deadline": due.deadline.isoformat(timespec="minutes")}
    state, tonight = _state(lake, card.name, due), _tonight(lake, card, now)
    if state == "late":
        _tell(lake, card, due)
        metrics().gauge("night.late_seconds", (now - due.deadline).total_seconds(), use_case=card.name)
        raise RefusedError(
            _sentence(card, due),
            code="NL-N008",
            kept="everything; the night may still be run",
            advice=f"nightlabel night --usecase {card.name} --date {due.date}",
            **told,
        )
    if state == "partial":
        still("lateness", f"{card.name}: night {due.date} is labelled in part", use_case=card.name)
    elif tonight.get("state") != "behind":
        all_clear("lateness", use_case=card.name)
    metrics().gauge("night.late_seconds", 0.0, use_case=card.name)
    return {**told, "state": state, **({"tonight": tonight} if tonight else {})}


def _state(lake: Store, usecase: str, due: Due) -> str:
    labels = table.find(lake, usecase)
    if labels is not None and (number := table.generation(labels, usecase, due.date)):
        commit = table.committed(labels, due.date, number)
        return "partial" if commit and commit.facts.get("left_files") else "committed"
    begun = labels and labels.metadata().created_time
    if not begun or due.deadline < datetime.fromtimestamp(begun / 1000, UTC):
        return "nothing was due yet"
    return "late"


def _tonight(lake: Store, card: Card, now: datetime) -> Result:
    """Look at the night whose deadline has not come, if one was planned and is not committed."""
    date = last_due(card, now + card.deadline).date
    plans = [plan for plan in resume.plans(lake, card.name, date) if plan.forecast and plan.reason == "night"]
    labels = table.find(lake, card.name)
    standing = table.generation(labels, card.name, date) if labels else 0
    under_way = (p for p in plans if p.generation > standing and not deadlines.passed(p, now))
    plan = next(under_way, None)
    return follow(lake, card, plan, now) if plan else {}


def _tell(lake: Store, card: Card, due: Due) -> None:
    """Send the event before its record is written: an alarm may come twice, but never not at all."""
    record, title = f"{card.name}/nights/{due.date}/late.json", f"{card.name}: night {due.date} is late"
    if lake.head(record) is not None:
        still("lateness", title, use_case=card.name)
        return
    url = pages.night_page(card.name, due.date)
    said = alarm("lateness", title, _sentence(card, due), url=url, use_case=card.name)
    lake.create(record, json.dumps(said.to_json(), indent=2).encode())


def _sentence(card: Card, due: Due) -> str:
    local = due.deadline.astimezone(card.zone)
    return f"the labels of {due.date} are not committed; they were due {local:%Y-%m-%d %H:%M} {card.timezone}"
