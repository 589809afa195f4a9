"""What all DAGs share: one per use case, their common arguments, and a DAG that fails for a broken one."""

import re
from datetime import timedelta
from functools import partial
from typing import Any

from airflow.sdk import DAG, task

from nightlabel import catalog
from nightlabel.catalog import Broken
from nightlabel.contract import Card
from nightlabel_airflow import alarms, compat
from nightlabel_airflow.compat import AirflowFailException, CronTriggerTimetable
from nightlabel_airflow.runs import image_of_night, key, label_date
from nightlabel_airflow.task import DEFAULT_ARGS


def usecases() -> list[Card]:
    """Give the cards that Airflow can make DAGs of."""
    return [card for card in catalog.usecases() if _schedule_fault(card) is None]


def broken() -> list[Broken]:
    """Give the folders that Airflow cannot make DAGs of, and why."""
    faults = ((card, _schedule_fault(card)) for card in catalog.usecases())
    return catalog.broken() + [Broken(card.name, fault) for card, fault in faults if fault]


def common(card: Card, kind: str) -> dict[str, Any]:
    """Give the arguments that the DAGs of a use case share.

    Args:
        card: The use case.
        kind: ``experiment`` or ``nightly``.
    """
    return {
        "dag_id": f"{kind}__{card.name}",
        "dag_display_name": f"{kind}: {card.title}",
        "catchup": False,
        "default_args": {**DEFAULT_ARGS, "owner": card.owner},
        "tags": [kind, card.name],
        "on_failure_callback": alarms.failed,
        "user_defined_macros": {
            "key": key,
            "label_date": partial(label_date, zone=card.zone),
            "image_of_night": partial(image_of_night, card.name),
        },
    }


def every_night(card: Card) -> CronTriggerTimetable:
    """Give the schedule of a use case, in its own time zone."""
    return CronTriggerTimetable(card.schedule, timezone=card.timezone)


def deadline(card: Card) -> Any:
    """Alarm at the deadline while the run goes on; counted from the start, so backfills are not late."""
    return compat.deadline("labels stand", card.deadline, alarms.late, {"minutes": card.deadline_minutes})


def refuse(fault: Broken, kind: str) -> DAG:
    """Make the DAG of a broken use case: its only task fails with the reason.

    A broken night fails once a day, because a night that silently stays away is noticed too late.
    """
    name = re.sub(r"[^\w.-]", "-", fault.name)
    with DAG(
        dag_id=f"{kind}__{name}",
        doc_md=f"**This use case is broken.** {fault.reason}",
        schedule=timedelta(days=1) if kind == "nightly" else None,
        catchup=False,
        tags=[kind, "broken"],
        on_failure_callback=alarms.failed,
    ) as dag:

        @task(task_id="broken", retries=0)
        def say_why() -> None:
            raise AirflowFailException(f"NL-U002 {fault.reason}")

        say_why()
    return dag


def _schedule_fault(card: Card) -> str | None:
    try:
        every_night(card)
        _expand(card.schedule)
    except Exception as error:  # noqa: BLE001 - whatever the parser of cron raises, the other DAGs stay
        return f"{card.name}/usecase.toml: schedule {card.schedule!r} is no cron expression: {error}"
    return None


def _expand(schedule: str) -> None:
    from croniter import croniter  # type: ignore[import-untyped]  # noqa: PLC0415 - no stubs; Airflow brings it

    croniter(schedule)
