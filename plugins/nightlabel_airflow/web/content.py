"""What the pages say, as values for their templates; the rooms of nightlabel are imported where they read."""

import datetime as dt
from functools import partial
from typing import Any

from nightlabel import catalog
from nightlabel.errors import NightlabelError
from nightlabel_airflow.web.work import bounded

Content = dict[str, Any]
_LAKE = {"what": "the lake", "code": "NL-B001"}
_MLFLOW = {"what": "MLflow", "code": "NL-C006"}
_AIRFLOW = {"what": "Airflow's database", "code": "NL-X000"}


def nights(usecase: str, last: str, count: int) -> Content:
    """Give the calendar of nights.

    Args:
        usecase: Name of the use case.
        last: The newest day, ISO date; empty is today.
        count: Number of days.
    """
    from nightlabel.steps import calendar  # noqa: PLC0415 - Delta Lake waits for the first page

    read = bounded(partial(calendar.days, usecase, last, count), **_LAKE)
    days, card = read.value or [], catalog.load(usecase).card
    around = _around(days[0].date, days[-1].date, count) if days else {"earlier": "", "later": ""}
    return {"days": days, "card": card, "count": count, "errors": _shown(read.error), **around}


def night(usecase: str, date: str, root: str) -> Content:
    """Give one night.

    Args:
        usecase: Name of the use case.
        date: ISO date.
        root: Path of Airflow's UI.
    """
    from nightlabel.steps import calendar, pages  # noqa: PLC0415 - as above
    from nightlabel_airflow.web.runs import addresses  # noqa: PLC0415 - Airflow's database, for this page alone

    read = bounded(partial(calendar.night, usecase, date), **_LAKE)
    card = catalog.load(usecase).card
    told: Content = {"date": date, "card": card, "found": read.value, "errors": _shown(read.error)}
    if read.value is None:
        return {**told, "links": {}, "model_page": ""}
    links = bounded(partial(addresses, usecase, [run["run"] for run in read.value["runs"]], root), **_AIRFLOW)
    summary = read.value["day"].summary
    model = pages.version_page(usecase, summary.model.version) if summary else ""
    return {**told, "links": links.value or {}, "model_page": model}


def models(usecase: str) -> Content:
    """Give champion, challenger and history; the registry's part and the lake's can fail each by itself."""
    from nightlabel.steps import board  # noqa: PLC0415 - as above

    read = bounded(partial(board.registered, usecase), **_MLFLOW)
    found = read.value
    standing = [pinned for pinned in (found.champion, found.challenger) if pinned] if found else []
    runs = tuple(pinned.tags.get("run", "") for pinned in standing)
    papers = bounded(partial(board.papers, usecase, runs), **_LAKE)
    shown = [
        {
            "role": role,
            "facts": board.facts(pinned),
            "papers": (papers.value or {}).get(pinned.tags.get("run", "")),
        }
        for role, pinned in (
            ("Champion", found and found.champion),
            ("Challenger", found and found.challenger),
        )
        if pinned
    ]
    return {"found": found, "models": shown, "errors": _shown(read.error, papers.error)}


def _shown(*errors: NightlabelError | None) -> list[NightlabelError]:
    return [error for error in errors if error]


def _around(newest: str, oldest: str, count: int) -> dict[str, str]:
    """Give the newest days of the calendars before and after this one."""
    step = dt.timedelta(days=count)
    earlier = dt.date.fromisoformat(oldest) - dt.timedelta(days=1)
    return {"earlier": earlier.isoformat(), "later": (dt.date.fromisoformat(newest) + step).isoformat()}
