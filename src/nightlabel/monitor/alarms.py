"""An alarm: one event and one service check, and a record of both that outlives a deaf network."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Unpack

from nightlabel.log import get
from nightlabel.monitor.metrics import Level, Metrics, Status, Tags, metrics

Kind = Literal["experiment", "drift", "failure", "lateness"]
"""The service checks that come with an event."""

_URGENCY: dict[Kind, tuple[Level, Status]] = {
    "experiment": ("warning", "warning"),
    "drift": ("warning", "warning"),
    "failure": ("error", "critical"),
    "lateness": ("error", "critical"),
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """What was said, to be kept beside the result that it is about.

    Attributes:
        kind: What it is about; the service check is ``nightlabel.{kind}``.
        sent: Event and check were handed to the network. DogStatsD gives no receipt, so an agent may
            still have missed them.
        at: When, ISO 8601 in UTC.
        url: The page where people look first; empty where the place names none.
    """

    kind: Kind
    title: str
    text: str
    tags: dict[str, str]
    sent: bool
    at: str
    url: str = ""

    def to_json(self) -> dict[str, Any]:
        """Give the alarm as plain values."""
        return asdict(self)


def alarm(
    kind: Kind, title: str, text: str, sender: Metrics | None = None, url: str = "", **tags: Unpack[Tags]
) -> Alarm:
    """Tell people, once, that something needs them.

    Args:
        kind: What it is about.
        title: One line without personal data.
        text: The cause and the next step, without personal data.
        sender: Where to; nothing means the agent of the settings.
        url: The page where people look first.
        tags: The closed tags.

    Returns:
        The record of the alarm, whether or not anybody heard it.

    Raises:
        RefusedError: ``NL-M020``, a tag is not of the closed set.
    """
    sender = sender or metrics()
    level, status = _URGENCY[kind]
    told = sender.event(title, f"{text}\n{url}" if url else text, level, **tags)
    marked = sender.service_check(kind, status, title, **_subject(tags))
    get("monitor").warning("alarm", kind=kind, title=title, sent=told and marked, **tags)
    plain = {name: str(value) for name, value in tags.items()}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return Alarm(kind, title, text, plain, told and marked, at, url)


def still(kind: Kind, title: str, sender: Metrics | None = None, **tags: Unpack[Tags]) -> bool:
    """Set the service check of ``kind`` again, without another event; arguments as in ``alarm``."""
    return (sender or metrics()).service_check(kind, _URGENCY[kind][1], title, **_subject(tags))


def all_clear(kind: Kind, sender: Metrics | None = None, **tags: Unpack[Tags]) -> bool:
    """Set the service check of ``kind`` back to well; arguments as in ``alarm``."""
    return (sender or metrics()).service_check(kind, "ok", **_subject(tags))


def _subject(tags: Tags) -> Tags:
    """Keep the tags that an alarm and its all-clear share, so that one takes back the other."""
    return {"use_case": tags["use_case"]} if "use_case" in tags else {}
