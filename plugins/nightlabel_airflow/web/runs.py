"""Leads from a night's run, whose name is safe as a key, to Airflow's own run of it."""

from collections.abc import Iterable
from urllib.parse import quote

from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import select

from nightlabel_airflow.runs import key

_NEWEST = 1000  # runs of the DAG that are looked through


def addresses(usecase: str, runs: Iterable[str], root: str) -> dict[str, str]:
    """Give the page of each run that Airflow still has.

    Args:
        usecase: Name of the use case.
        runs: Names of the runs, as the lake has them.
        root: Path of Airflow's UI, without a trailing slash.
    """
    dag, wanted = f"nightly__{usecase}", set(runs)
    asked = select(DagRun.run_id).where(DagRun.dag_id == dag).order_by(DagRun.id.desc()).limit(_NEWEST)
    with create_session() as session:
        names = [str(name) for name in session.scalars(asked)]
    return {key(name): f"{root}/dags/{dag}/runs/{quote(name)}" for name in names if key(name) in wanted}
