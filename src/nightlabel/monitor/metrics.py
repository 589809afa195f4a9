"""Metrics, events and service checks for Datadog, over DogStatsD: one UDP datagram each, sent at once.

Where no agent listens, nothing is said and nothing fails. What travels is closed: the names are those of
``names``, the tags those of ``Tags``, and each value comes from a list or a folder of this place, so that
no content of a record and no free text can become one.
"""

import logging
import math
import re
from collections.abc import Callable
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from queue import Empty, SimpleQueue
from socket import getaddrinfo
from threading import Thread
from typing import Literal, TypedDict, Unpack

from datadog.dogstatsd.base import DogStatsd

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.monitor.names import CHECKS, COMMON, METRICS, Check, Kind
from nightlabel.settings import Settings, settings

Level = Literal["info", "success", "warning", "error"]
Status = Literal["ok", "warning", "critical", "unknown"]

_EXPERIMENT = {"experiment", "validate", "split", "train", "evaluate", "gate", "register", "propose", "alarm"}
_NIGHT = {"night", "plan", "label", "publish", "monitor"}
_BY_HAND = {"release", "rollback", "relabel", "doctor"}
STEPS = _EXPERIMENT | _NIGHT | _BY_HAND
_OF_RECORDS = {"labelled", "quarantined", "abstained"}
_OF_VERDICTS = {"promote", "keep", "reject", "stable", "drifted", "not_computable", "too_small", "passed"}
_OF_STEPS = {"committed", "unchanged", "done", "failed", "late", "refused", "unavailable", "bug"}
OUTCOMES = _OF_RECORDS | _OF_VERDICTS | _OF_STEPS
TITLE_BYTES, TEXT_BYTES = 200, 4_000  # an event must fit one datagram of 8 kB
RESOLVE_SECONDS = 0.5
"""Longest wait for the address of a named agent, once in a process."""

_CODE = re.compile(r"NL-[A-Z][0-9]{3}")
_STATUSES: dict[Status, int] = {
    "ok": DogStatsd.OK,
    "warning": DogStatsd.WARNING,
    "critical": DogStatsd.CRITICAL,
    "unknown": DogStatsd.UNKNOWN,
}


class Tags(TypedDict, total=False):
    """The tags that there are; ``environment`` is on everything.

    Attributes:
        use_case: A use case's folder.
        step: One of ``STEPS``.
        outcome: One of ``OUTCOMES``.
        code: An error's code, such as ``NL-A002``.
        column: A column that the use case's card watches.
    """

    use_case: str
    step: str
    outcome: str
    code: str
    column: str


class Metrics:
    """A sender to one DogStatsD agent. Every method says whether its datagram was handed to the network."""

    def __init__(self, place: Settings) -> None:
        self._usecases = place.usecases
        self._client = _client(place)

    def gauge(self, name: str, value: float, **tags: Unpack[Tags]) -> bool:
        """Send the present value of something; a value that is no finite number is not sent.

        Args:
            name: One of ``names.METRICS``, of the kind of this method.
            value: The value, in the unit that the name says.
            tags: See ``Tags``.

        Raises:
            RefusedError: ``NL-M020``, the name or a tag is not of the closed set.
        """
        return self._measure("gauge", "gauge", name, value, tags)

    def count(self, name: str, value: int = 1, **tags: Unpack[Tags]) -> bool:
        """Add to a counter; arguments and errors as in ``gauge``."""
        return self._measure("count", "increment", name, value, tags)

    def timing(self, name: str, seconds: float, **tags: Unpack[Tags]) -> bool:
        """Send a duration; arguments and errors as in ``gauge``."""
        return self._measure("timing", "timing", name, seconds * 1000, tags)

    def event(self, title: str, text: str, level: Level = "info", **tags: Unpack[Tags]) -> bool:
        """Send an event for people; the texts are cut to fit one datagram. Errors as in ``gauge``."""
        checked = self._checked(tags)
        return self._sent(
            lambda client: client.event(
                _cut(title, TITLE_BYTES),
                _cut(text, TEXT_BYTES),
                alert_type=level,
                aggregation_key=f"nightlabel-{tags.get('use_case', 'place')}",
                tags=checked,
            )
        )

    def service_check(self, name: Check, status: Status, message: str = "", **tags: Unpack[Tags]) -> bool:
        """Send the state of something that can be well or ill. Errors as in ``gauge``."""
        if name not in CHECKS:
            raise _unnamed(f"{name[:60]!r} is no service check of ours")
        checked, full = self._checked(tags), f"nightlabel.{name}"
        text = _cut(message, TEXT_BYTES)
        return self._sent(
            lambda client: client.service_check(full, _STATUSES[status], tags=checked, message=text)
        )

    def close(self) -> None:
        """Close the socket; nothing is held back that would have to be flushed."""
        if self._client is not None:
            self._client.close_socket()

    def _measure(self, kind: Kind, method: str, name: str, value: float, tags: Tags) -> bool:
        _require_named(kind, name, tags)
        checked = self._checked(tags)
        if not math.isfinite(value):
            return False
        return self._sent(lambda client: getattr(client, method)(name, value, tags=checked))

    def _sent(self, send: Callable[[DogStatsd], object]) -> bool:
        if self._client is None:
            return False
        before = self._client.packets_dropped
        send(self._client)
        return bool(self._client.packets_dropped == before)

    def _checked(self, tags: Tags) -> list[str]:
        given: dict[str, object] = dict(tags)
        for name, value in given.items():
            if not self._allowed(name, str(value), str(given.get("use_case", ""))):
                raise RefusedError(
                    f"the tag {name[:40]!r} cannot have this value: tags are a closed set",
                    code="NL-M020",
                    kept="all results; this metric was not sent",
                    advice="name a tag of nightlabel.monitor.metrics.Tags with a value that it lists",
                    tag=name[:40],
                )
        return [f"{name}:{value}" for name, value in given.items()]

    def _allowed(self, name: str, value: str, use_case: str) -> bool:
        match name:
            case "use_case":
                return value.isidentifier() and (self._usecases / value).is_dir()
            case "step":
                return value in STEPS
            case "outcome":
                return value in OUTCOMES
            case "code":
                return _CODE.fullmatch(value) is not None
            case "column":
                return value in _watched(self._usecases).get(use_case, frozenset())
        return False


@cache
def metrics() -> Metrics:
    """Give the sender of this process, made once from the settings."""
    return Metrics(settings())


def outcome(text: str) -> str:
    """Write a status, such as ``not computable``, as the value of the tag ``outcome``."""
    return text.replace(" ", "_")


@cache
def _watched(folder: Path) -> dict[str, frozenset[str]]:
    return {card.name: frozenset(card.monitoring.columns) for card in catalog.usecases(folder)}


def _require_named(kind: Kind, name: str, tags: Tags) -> None:
    known = METRICS.get(name)
    if known is None or known.kind != kind:
        raise _unnamed(f"{name[:60]!r} is no {kind} of ours")
    if foreign := sorted(set(tags) - {*COMMON, *known.tags}):
        raise _unnamed(f"{name} has no tag {foreign[0][:40]!r}")


def _unnamed(sentence: str) -> RefusedError:
    advice = "name what stands in nightlabel.monitor.names, or add it there with what it says"
    return RefusedError(
        f"{sentence}: names are a closed list",
        code="NL-M020",
        kept="all results; this metric was not sent",
        advice=advice,
    )


def _cut(text: str, size: int) -> str:
    whole = text.encode("utf-8", "replace")
    return text if len(whole) <= size else whole[: size - 3].decode("utf-8", "ignore") + "…"


def _client(place: Settings) -> DogStatsd | None:
    address = _address(place.statsd_host, place.statsd_port)
    if address is None:
        return None
    logging.getLogger("datadog.dogstatsd").setLevel(logging.ERROR)  # a missing agent is no warning
    return DogStatsd(
        host=address,
        port=place.statsd_port,
        namespace="nightlabel",
        constant_tags=[f"environment:{place.environment}"],
        telemetry_min_flush_interval=10**9,  # its counters tell what was dropped; they are not sent
        origin_detection_enabled=False,
    )


def _address(host: str, port: int) -> str | None:
    """Give a numeric address; a name is looked up beside the work, because a lookup cannot be cut short."""
    if not host:
        return None
    try:
        return str(ip_address(host))
    except ValueError:
        answers = SimpleQueue[str]()
        Thread(target=_look_up, args=(host, port, answers), daemon=True).start()
    try:
        return answers.get(timeout=RESOLVE_SECONDS) or None
    except Empty:
        return None


def _look_up(host: str, port: int, answers: SimpleQueue[str]) -> None:
    try:
        answers.put(str(getaddrinfo(host, port)[0][4][0]))
    except (OSError, UnicodeError):
        answers.put("")
