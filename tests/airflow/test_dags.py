"""The DAGs are there, wired as drawn, and cheap to parse."""

import subprocess
import sys
from datetime import timedelta

import pytest

from nightlabel.catalog import usecases
from tests.airflow.conftest import ROOT

pytestmark = pytest.mark.airflow

HEAVY = ("torch", "pandas", "numpy", "mlflow", "evidently", "dvc", "deltalake", "onnxruntime", "obstore")
EXPERIMENT = {
    "validate": {"split", "train"},
    "split": {"train"},
    "train": {"evaluate"},
    "evaluate": {"gate"},
    "gate": {"register", "keep_champion", "alarm"},
    "register": {"propose"},
    "propose": set(),
    "keep_champion": set(),
    "alarm": set(),
}
NIGHTLY = {"plan": {"label"}, "label": {"publish"}, "publish": {"monitor"}, "monitor": set()}


def wires(dag):
    return {task.task_id: task.downstream_task_ids for task in dag.tasks}


def test_each_use_case_has_its_two_dags_and_all_share_the_watch(bag):
    names = [card.name for card in usecases()]

    assert bag.import_errors == {}
    assert "card_spending" in names
    own = {f"{kind}__{name}" for name in names for kind in ("experiment", "nightly")}
    assert set(bag.dags) == own | {"nightlabel__watch"}


def test_the_experiment_is_wired_as_drawn(bag):
    assert wires(bag.dags["experiment__card_spending"]) == EXPERIMENT


def test_the_night_is_wired_as_drawn(bag):
    assert wires(bag.dags["nightly__card_spending"]) == NIGHTLY


def test_one_task_per_candidate_and_one_per_shard(bag):
    mapped = {task.task_id for dag in bag.dags.values() for task in dag.tasks if task.is_mapped}

    assert mapped == {"train", "label"}


def test_every_step_is_retried_with_growing_pauses_and_ends_some_time(bag):
    tasks = [t for dag in bag.dags.values() for t in dag.tasks if t.task_id != "keep_champion"]

    assert {t.retries for t in tasks} == {2}
    assert {t.retry_exponential_backoff for t in tasks} == {2.0}
    assert all(t.execution_timeout < timedelta(hours=3) for t in tasks)


def test_a_night_runs_alone_in_its_own_time_zone_and_makes_up_for_no_missed_ones(bag):
    night = bag.dags["nightly__card_spending"]

    assert (night.max_active_runs, night.catchup) == (1, False)
    assert night.timetable.timezone == "America/Sao_Paulo"
    assert night.timetable.expression == "0 3 * * *"


def test_a_night_that_is_late_alarms_by_a_function_that_every_process_can_import(bag):
    from airflow.sdk._shared.module_loading import import_string  # noqa: PLC0415

    [deadline] = bag.dags["nightly__card_spending"].deadline

    assert deadline.interval == timedelta(minutes=30)
    assert import_string(deadline.callback.path).__name__ == "late"


def test_each_use_case_is_watched_by_a_task_of_its_own_that_waits_for_no_other(bag):
    watch = bag.dags["nightlabel__watch"]

    assert wires(watch) == {card.name: set() for card in usecases()}
    assert {task.owner for task in watch.tasks} == {card.owner for card in usecases()}
    assert (watch.max_active_runs, watch.catchup, watch.timetable.can_be_scheduled) == (1, False, True)


def test_parsing_the_dags_loads_nothing_heavy():
    program = (
        "import sys, airflow.dag_processing.dagbag as d;"
        f"bag = d.DagBag({str(ROOT / 'dags')!r}); assert len(bag.dags) >= 2; print(*sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {*HEAVY} & {*result.stdout.split()}


def test_airflow_takes_only_the_pages_for_a_plugin():
    from airflow._shared.module_loading.file_discovery import find_path_from_directory  # noqa: PLC0415

    files = find_path_from_directory(ROOT / "plugins", ".airflowignore")

    assert [path.rpartition("/")[2] for path in files if path.endswith(".py")] == ["pages.py"]


def test_the_menu_has_the_pages_and_the_addresses_of_the_settings_and_no_others():
    from nightlabel.settings import Settings  # noqa: PLC0415
    from nightlabel_airflow.pages import views  # noqa: PLC0415

    own = ["/nightlabel/nights", "/nightlabel/models"]
    assert [v["href"] for v in views(Settings(mlflow_url="http://m"))] == [*own, "http://m"]
    assert [v["href"] for v in views(Settings())] == own
    below = views(Settings(airflow_url="https://host/airflow/"))
    assert [v["href"] for v in below] == [f"/airflow{path}" for path in own]
