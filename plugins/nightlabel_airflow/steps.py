"""One step of nightlabel as one task of Airflow: a process of the task, or a pod with the same command line.

``step`` is the one place that knows where a step runs; the place's settings say it. Airflow sees a log, an
exit code and one small JSON object in both cases.
"""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import XComArg

from nightlabel.contract import Card
from nightlabel.settings import settings
from nightlabel_airflow.process import ProcessStep
from nightlabel_airflow.task import StepTask

RUN = "{{ key(run_id) }}"
"""Name of the run: Airflow's run id, safe as a part of a key."""
DATE = "{{ label_date(dag_run, params.date) }}"
"""The partition: the date asked for, else the local date of the scheduled run."""
NIGHT = {"run": RUN, "date": DATE}
"""What every step of a night is told."""


def step(
    name: str,
    card: Card,
    options: Mapping[str, Any],
    *,
    answer: str = "",
    branches: Mapping[str, str] | None = None,
    each: tuple[str, XComArg] | None = None,
    **task: Any,
) -> Any:
    """Make one task of one step.

    Args:
        name: The command's word, which is also the task's id.
        card: The use case.
        options: Long options of the command by name; see ``StepTask``.
        answer: Field of the result that later tasks need.
        branches: Task to go on with, by answer.
        each: An option, and the list that gives one mapped task per item.
        task: Arguments of Airflow's task, such as ``trigger_rule``.

    Returns:
        The task, mapped where ``each`` is given.
    """
    kind, own = _kind(name, card)
    fixed = {"task_id": name, "step": name, "usecase": card.name, "options": options, **own, **task}
    if each is None:
        return kind(**fixed, answer=answer, branches=branches)
    option, items = each
    named = kind.partial(**fixed, item_option=option, map_index_template="{{ task.item }}")
    return named.expand(item=items)


def _kind(name: str, card: Card) -> tuple[type[StepTask], dict[str, Any]]:
    """Give the operator of a step, and the arguments that it has of the place and of the card."""
    place = settings()
    if place.steps_in == "process":
        return ProcessStep, {}
    from nightlabel_airflow import pods  # noqa: PLC0415 - Kubernetes costs seconds that a laptop need not pay

    image = pods.image(name, place)
    return (pods.operator(place), pods.arguments(name, card, place)) if image else (ProcessStep, {})
