"""Are the labels that are due committed? The store alone is asked, so a night that never ran is noticed."""

import json
from datetime import UTC, datetime
from typing import Any

from nightlabel import catalog
from nightlabel.contract import Card
from nightlabel.errors import RefusedError
from nightlabel.label import table
from nightlabel.monitor.alarms import alarm, all_clear, still
from nightlabel.monitor.lateness import Due, last_due
from nightlabel.store import Store, open_lake

Result = dict[str, Any]


def late(usecase: str, now: datetime | None = None) -> Result:
    """Look whether the labels of the last due night stand; tell the owner, once per night, where they do not.

    Each call sends the state of the service check ``nightlabel.lateness``, so that a check that stays away
    is noticed too. No night is due before the first one was planned.

    Args:
        usecase: Name of the use case.
        now: The moment, with a zone; now where nothing is given.

    Raises:
        RefusedError: ``NL-N008``, they do not stand.
        UnavailableError: The store did not answer.
    """
    card, lake = catalog.load(usecase).card, open_lake()
    due = last_due(card, now or datetime.now(UTC))
    told = {"date": due.date, "deadline": due.deadline.isoformat(timespec="minutes")}
    state = _state(lake, card.name, due)
    if state == "late":
        _tell(lake, card, due)
        raise RefusedError(
            _sentence(card, due),
            code="NL-N008",
            kept="everything; the night may still be run",
            advice=f"nightlabel night --usecase {card.name} --date {due.date}",
            **told,
        )
    all_clear("lateness", use_case=card.name)
    return {**told, "state": state}


def _state(lake: Store, usecase: str, due: Due) -> str:
    labels = table.find(lake, usecase)
    if labels is not None and table.generation(labels, usecase, due.date):
        return "committed"
    begun = labels and labels.metadata().created_time
    if not begun or due.deadline < datetime.fromtimestamp(begun / 1000, UTC):
        return "nothing was due yet"
    return "late"


def _tell(lake: Store, card: Card, due: Due) -> None:
    """Send the event before its record is written: an alarm may come twice, but never not at all."""
    record, title = f"{card.name}/nights/{due.date}/late.json", f"{card.name}: night {due.date} is late"
    if lake.head(record) is not None:
        still("lateness", title, use_case=card.name)
        return
    said = alarm("lateness", title, _sentence(card, due), use_case=card.name)
    lake.create(record, json.dumps(said.to_json(), indent=2).encode())


def _sentence(card: Card, due: Due) -> str:
    local = due.deadline.astimezone(card.zone)
    return f"the labels of {due.date} are not committed; they were due {local:%Y-%m-%d %H:%M} {card.timezone}"
