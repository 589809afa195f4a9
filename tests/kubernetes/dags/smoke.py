"""One pod, by the real operator: waited for by its task, or by the triggerer."""

from datetime import UTC, datetime

from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
from airflow.sdk import DAG

for mode in ("sync", "deferrable"):
    with DAG(
        f"smoke_{mode}",
        start_date=datetime(2026, 1, 1, tzinfo=UTC),
        schedule=None,
        params={"image": "", "program": "", "kubeconfig": ""},
    ):
        KubernetesPodOperator(
            task_id="label",
            name="shard",
            namespace="nights",
            image="{{ params.image }}",
            arguments=["{{ params.program }}"],
            config_file="{{ params.kubeconfig }}",
            kubernetes_conn_id=None,
            in_cluster=False,
            deferrable=mode == "deferrable",
            startup_timeout_seconds=60,
            startup_check_interval_seconds=1,
            poll_interval=0.5,
            termination_grace_period=1,
        )
