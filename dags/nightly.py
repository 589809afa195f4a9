"""Label last night's new files, one DAG per use case.

plan shares the files out, label works off one shard per task, publish shows all labels at once, monitor
compares them with the training data. Clear any task freely: each step writes one result below the night's
folder and skips what is there. A failure or a missed deadline alarms, and the next run goes on from there.
"""

from airflow.sdk import DAG, TriggerRule, chain

from nightlabel_airflow import form, house
from nightlabel_airflow.steps import NIGHT, step

for usecase in house.usecases():
    with DAG(
        **house.common(usecase, "nightly"),
        doc_md=__doc__,
        schedule=house.every_night(usecase),
        max_active_runs=1,
        deadline=house.deadline(usecase),
        params=form.night(),
    ):
        plan = step("plan", usecase, NIGHT, answer="shards")
        shards = ("shard", plan.output)
        label = step("label", usecase, NIGHT, each=shards, max_active_tis_per_dagrun=usecase.max_pods)
        # Receipts decide, not the colour of tasks: a day without files has no shards and is committed all the
        # same, and of a night that stopped at its deadline publish says what is done.
        publish = step("publish", usecase, NIGHT, trigger_rule=TriggerRule.ALL_DONE)
        monitor = step("monitor", usecase, NIGHT)

        chain(plan, label, publish, monitor)

for fault in house.broken():
    house.refuse(fault, "nightly")
