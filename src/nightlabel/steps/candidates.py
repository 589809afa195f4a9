"""Which candidates of an experiment were trained, which were not, and why."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from nightlabel import catalog
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.steps.folder import Experiment

BASELINE = "baseline"
"""Name of the simple candidate that the others must beat; alone it is no comparison."""
SILENT = "it left no word, so it was ended from outside; its task's log may tell more"
LONGEST = 300
"""Characters of a reason that are kept."""

Failed = Literal["refuse", "leave-out"]
Result = dict[str, Any]


@contextmanager
def failure_kept(place: Experiment, candidate: str) -> Iterator[None]:
    """Keep why a candidate could not be trained, for those who go on without it."""
    try:
        yield
    except Exception as error:
        with suppress(NightlabelError):
            kept = json.dumps({"reason": _reason(error)[:LONGEST]})
            place.lake.put(place.key(_failure(candidate)), kept.encode())
        raise


def trained(place: Experiment, failed: Failed) -> tuple[list[Result], list[Result]]:
    """Give the results of the candidates that were trained, and those that are missing.

    Args:
        place: The folder of the run.
        failed: What to do about a candidate without a result: refuse, or leave it out.

    Returns:
        The results, in the order of the request; and for each missing candidate its name, the reason,
        and whether ``params.toml`` names it, so that it is what production runs now.

    Raises:
        RefusedError: ``NL-R001``, one is missing and none may be; ``NL-R006``, what is left compares nothing.
    """
    if failed == "refuse":
        return [place.needed(_result(name), "train") for name in place.request.candidates], []
    found = {name: place.done(_result(name)) for name in place.request.candidates}
    missing = [name for name, result in found.items() if result is None]
    there = {name: result for name, result in found.items() if result is not None}
    lost = _lost(place, missing) if missing else []
    if missing and not set(there) - {BASELINE}:
        raise RefusedError(
            f"too few candidates were trained to compare: {told(lost)}",
            code="NL-R006",
            kept="the candidates that were trained, in MLflow",
            advice="correct what failed, then start a new experiment",
            trained=sorted(there),
            missing=missing,
        )
    return list(there.values()), lost


def told(missing: list[Result]) -> str:
    """Say in words which candidates are missing, and why; empty where none is."""
    return "; ".join(sentences(missing))


def sentences(missing: list[Result]) -> list[str]:
    """Say in one sentence each which candidates are missing, and why."""
    return [f"{m['candidate']} was not trained{_standing(m)}: {m['reason']}" for m in missing]


def tell_owner(place: Experiment, missing: list[Result]) -> None:
    """Tell the owner that an experiment goes on without some of its candidates."""
    if missing:
        from nightlabel.monitor.alarms import alarm  # noqa: PLC0415 - a table of results needs no way to Datadog

        name = place.usecase.name
        title = f"{name}: {len(missing)} of {len(place.request.candidates)} candidates were not trained"
        alarm("experiment", title, f"{told(missing)} (run {place.run})", use_case=name)


def _reason(error: Exception) -> str:
    """Give the cause for people; a library's own words stay in the log, because they may quote a record."""
    if isinstance(error, NightlabelError):
        return f"{error.code} {error.sentence}"
    return f"NL-X000 {type(error).__name__}; its task's log tells more"


def _lost(place: Experiment, missing: list[str]) -> list[Result]:
    standing = catalog.params(place.usecase).get("candidate")
    return [
        {
            "candidate": name,
            "reason": (place.done(_failure(name)) or {"reason": SILENT})["reason"],
            "in_production": name == standing,
        }
        for name in missing
    ]


def _standing(missing: Result) -> str:
    return ", although params.toml names it for production" if missing["in_production"] else ""


def _result(candidate: str) -> str:
    return f"candidates/{candidate}.json"


def _failure(candidate: str) -> str:
    return f"candidates/{candidate}.failed.json"
