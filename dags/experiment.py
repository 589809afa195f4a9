"""Train candidates, hold them against the gates, and propose the winner to a person: one DAG per use case.

validate and split fix the data, train makes one model per candidate, evaluate measures the best and the
champion on the same holdout, gate decides. Clear any task freely: each step writes one result below the
experiment's folder and skips what is there.
"""

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, TriggerRule, chain

from nightlabel_airflow import form, house
from nightlabel_airflow.steps import RUN, step

for usecase in house.usecases():
    with DAG(
        **house.common(usecase, "experiment"),
        doc_md=__doc__,
        schedule=None,
        params=form.experiment(usecase),
    ) as dag:
        run = {"run": RUN}
        asked = {
            "data": dag.param("data"),
            "data-version": dag.param("data_version"),
            "candidate": dag.param("candidates"),
            "seed": dag.param("seed"),
            "note": dag.param("note"),
        }
        validate = step("validate", usecase, {**run, **asked}, answer="candidates")
        split = step("split", usecase, run)
        train = step("train", usecase, run, each=("candidate", validate.output))
        # A candidate that failed stays red; the others are compared without it, and the verdict says so.
        compare = {**run, "failed": "leave-out"}
        evaluate = step("evaluate", usecase, compare, trigger_rule=TriggerRule.ALL_DONE_MIN_ONE_SUCCESS)
        next_steps = {"promote": "register", "keep": "keep_champion", "reject": "alarm"}
        gate = step("gate", usecase, run, answer="outcome", branches=next_steps)
        register = step("register", usecase, run)
        propose = step("propose", usecase, run)
        keep_champion = EmptyOperator(task_id="keep_champion")
        alarm = step("alarm", usecase, run)

        chain(validate, split, train, evaluate, gate, [register, keep_champion, alarm])
        chain(register, propose)

for fault in house.broken():
    house.refuse(fault, "experiment")
