"""Look whether the labels that are due stand: one DAG for all use cases, one task for each.

A task is red as long as its night is late; the owner is told once per night. The labels table alone is asked,
so that a night that never started, or whose deadline Airflow did not watch, is noticed as well.
"""

from datetime import timedelta

from airflow.sdk import DAG

from nightlabel_airflow import alarms, house
from nightlabel_airflow.steps import step
from nightlabel_airflow.task import DEFAULT_ARGS

with DAG(
    dag_id="nightlabel__watch",
    dag_display_name="watch: are the labels on time?",
    doc_md=__doc__,
    schedule="*/10 * * * *",
    catchup=False,
    max_active_runs=1,
    default_args={
        **DEFAULT_ARGS,
        "execution_timeout": timedelta(minutes=5),
        "priority_weight": 100,  # it must not wait behind what it watches
        "on_failure_callback": alarms.blind,
    },
    tags=["watch"],
):
    for usecase in house.usecases():
        step("late", usecase, {}, task_id=usecase.name, owner=usecase.owner)
