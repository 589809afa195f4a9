"""What a run of Airflow means in nightlabel's words: its name, and the partition that it labels."""

import datetime as dt
import hashlib
import re
from typing import Any
from zoneinfo import ZoneInfo

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")
LONGEST = 100


def key(run_id: str) -> str:
    """Make a run's id safe as a part of a key.

    Args:
        run_id: Airflow's run id, such as ``manual__2026-01-31T03:00:00+00:00``.

    Returns:
        The id itself where it is safe; else with ``-`` for each other character, cut, and eight characters
        of its digest, so that two runs never share a folder.
    """
    if SAFE.fullmatch(run_id):
        return run_id
    digest = hashlib.sha256(run_id.encode()).hexdigest()[:8]
    return f"{re.sub(r'[^A-Za-z0-9_-]', '-', run_id)[:LONGEST].lstrip('_-')}-{digest}".lstrip("-")


def label_date(dag_run: Any, asked: str | None, *, zone: ZoneInfo) -> str:
    """Give the partition that a night labels.

    Args:
        dag_run: Airflow's run, with ``logical_date`` (UTC, or nothing when started by hand) and
            ``run_after`` (UTC).
        asked: The date that a person asked for.
        zone: The use case's time zone.

    Returns:
        The date asked for; else the local date of the logical date; else of the start. A day of 23 or 25
        hours is a day like any other, because no interval is measured.

    Raises:
        ValueError: ``asked`` is no date of the form ``2026-01-31``.
    """
    if asked:
        return dt.date.fromisoformat(asked).isoformat()
    local: dt.date = (dag_run.logical_date or dag_run.run_after).astimezone(zone).date()
    return local.isoformat()


def image_of_night(usecase: str, date: str, run: str) -> str:
    """Give the image of a night's pods, when a task starts one; the first pod of a night pins it in the plan.

    Args:
        usecase: Name of the use case.
        date: The partition.
        run: Name of the run, safe as a part of a key.

    Raises:
        AirflowFailException: The champion has no image, so another try would not find one either.
    """
    from nightlabel.errors import RefusedError  # noqa: PLC0415 - as the steps below
    from nightlabel.steps.night import image_of  # noqa: PLC0415 - no DAG file is parsed with the registry
    from nightlabel_airflow.compat import AirflowFailException  # noqa: PLC0415 - needed where a pod is refused

    try:
        return image_of(usecase, date, run)
    except RefusedError as error:
        raise AirflowFailException(str(error)) from error
