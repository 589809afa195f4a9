"""What Airflow 3.1 and 3.2 have in other places, or not at all; everything else is written for 3.3."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from airflow import __version__

VERSION = tuple(int(part) for part in __version__.split(".")[:2])

if VERSION >= (3, 2):
    from airflow.sdk import CronTriggerTimetable
    from airflow.sdk.bases.branch import BranchMixIn
    from airflow.sdk.exceptions import AirflowException, AirflowFailException
else:
    from airflow.exceptions import AirflowException, AirflowFailException  # type: ignore[attr-defined,no-redef]
    from airflow.providers.standard.operators.branch import BranchMixIn  # type: ignore[assignment]
    from airflow.timetables.trigger import CronTriggerTimetable  # type: ignore[assignment]

DOUBLING: float | bool = 2.0 if VERSION >= (3, 2) else True
"""The pause between two tries doubles; 3.1 knows only whether it does."""

__all__ = [
    "DOUBLING",
    "AirflowException",
    "AirflowFailException",
    "BranchMixIn",
    "CronTriggerTimetable",
    "deadline",
]


def deadline(name: str, interval: timedelta, call: Callable[..., None], told: Mapping[str, Any]) -> Any:
    """Give the deadline of a DAG, counted from a run's start; nothing in 3.1, which calls no plain function.

    Args:
        name: What is due; shown from 3.3 on.
        interval: When it is due after the start.
        call: What is called when it is missed.
        told: Its keyword arguments besides the context.
    """
    if VERSION < (3, 2):
        return None
    from airflow.sdk.definitions.callback import SyncCallback  # noqa: PLC0415 - not in 3.1
    from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference  # noqa: PLC0415 - as above

    named = {"name": name} if VERSION >= (3, 3) else {}
    reference = DeadlineReference.DAGRUN_QUEUED_AT
    callback = SyncCallback(call, kwargs=dict(told))
    return DeadlineAlert(reference=reference, interval=interval, callback=callback, **named)
