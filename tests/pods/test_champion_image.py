"""Pods in the image that the champion was released with: looked up when a task runs, pinned by the plan."""

import pytest

from nightlabel.settings import read
from tests.pods.conftest import IMAGE
from tests.pods.test_spec import bag, tasks

pytestmark = pytest.mark.airflow


@pytest.fixture
def night(monkeypatch):
    """The pods of a night, as Airflow has them before a task runs."""
    dags = bag(monkeypatch, NIGHTLABEL_POD_IMAGE="champion")
    return {task.task_id: task for task in tasks(dags) if task.task_id in ("plan", "label", "publish")}


def test_no_dag_file_asks_the_registry(night, monkeypatch):
    told = {
        name: (task.partial_kwargs if task.is_mapped else vars(task))["image"] for name, task in night.items()
    }

    assert set(told) == {"plan", "label", "publish"}
    assert set(told.values()) == {"{{ image_of_night(label_date(dag_run, params.date), key(run_id)) }}"}


def test_the_task_asks_for_its_own_night_and_tells_the_pod(night, monkeypatch):
    asked = []

    def image_of(*night_of):
        asked.append(night_of)
        return IMAGE

    monkeypatch.setattr("nightlabel.steps.night.image_of", image_of)
    plan = night["plan"]
    macros = plan.dag.user_defined_macros
    context = {
        **macros,
        "dag_run": None,
        "params": {"date": "2026-01-31"},
        "run_id": "manual__1",
        "key": macros["key"],
    }
    environment = plan.get_template_env(plan.dag)

    assert environment.from_string(plan.image).render(**{**context, "params": _Params("2026-01-31")}) == IMAGE
    told = {one.name: environment.from_string(one.value).render(**context) for one in plan.env_vars}
    assert told["NIGHTLABEL_IMAGE"] == IMAGE
    assert set(asked) == {("card_spending", "2026-01-31", "manual__1")}
    assert {"image", "env_vars"} <= set(plan.template_fields)


class _Params:
    def __init__(self, date):
        self.date = date


def test_another_word_is_no_image():
    with pytest.raises(Exception, match="NIGHTLABEL_POD_IMAGE"):
        read({"NIGHTLABEL_POD_IMAGE": "challenger"})
