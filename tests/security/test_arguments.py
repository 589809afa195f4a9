"""What a person types into Airflow's form stays one argument: no shell, no template, no variable, no path."""

import json
import re
import sys
from contextlib import suppress
from datetime import date
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from nightlabel.label import names
from nightlabel.settings import settings
from tests.airflow.conftest import ROOT
from tests.pods.test_spec import PLACE, tasks

pytestmark = pytest.mark.airflow

TRICKS = (
    *("$(touch canary)", "`touch canary`", "; touch canary", "| touch canary", "&& touch canary", "> canary"),
    *("{{ 7 * 7 }}", "{{ conn.get('secret').password }}", "{% raw %}", "{{ var.value.get('x') }}", "${HOME}"),
    *(
        "$(MLFLOW_TRACKING_PASSWORD)",
        "$$(MLFLOW_TRACKING_PASSWORD)",
        "$$$(HOME)",
        "--json",
        "--by=ann",
        "@file",
    ),
    *(
        "../../etc/passwd",
        "line\nline",
        "\x1b[2Jgone",
        "\u202egnp.exe",
        "'; DROP TABLE runs; --",
        "%s%n",
        "é",
        "a\tb",
    ),
)
HOSTILE = st.sampled_from(TRICKS) | st.text(
    st.sampled_from("$(){}`%'\"\\ \n-=aHOME") | st.characters(codec="utf-8")
)
SECRETS = {"MLFLOW_TRACKING_PASSWORD": "canary", "HOME": "canary", "A": "canary"}
_ECHO = "import json, sys; sys.stdout.write(json.dumps(sys.argv[1:]))"


@pytest.fixture(scope="module")
def dags():
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - Airflow is imported where it is tested

    return DagBag(ROOT / "dags").dags


@pytest.fixture(scope="module")
def pods():
    """The same DAGs with their steps in pods."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - as above

    with pytest.MonkeyPatch.context() as patch:
        for name, value in PLACE.items():
            patch.setenv(name, value)
        settings.cache_clear()
        yield {task.task_id: task for task in tasks(DagBag(ROOT / "dags"))}
    settings.cache_clear()


def rendered(task, conf):
    """Give the options of a task as Airflow gives them to it in a run with this conf."""
    run = SimpleNamespace(conf=conf, logical_date=None, run_id="manual__1")
    return task.render_template(task.options, {"dag_run": run, "run_id": run.run_id, "params": {}})


def line(task, conf):
    """Give the arguments that the command would get, or nothing where the task refuses."""
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - as above

    copy = task.prepare_for_execution()
    copy.options = rendered(task, conf)
    with suppress(AirflowFailException):
        return copy.line()
    return None


def conf_of(text):
    return {"data": text, "note": text, "data_version": None, "candidates": ["baseline", text], "seed": 7}


@given(HOSTILE)
def test_every_field_of_the_form_is_one_argument_or_the_run_is_refused(dags, text):
    words = line(dags["experiment__card_spending"].task_dict["validate"], conf_of(text))

    refused = "\0" in text
    wanted = [f"--data={text}", "--candidate=baseline", f"--candidate={text}", "--seed=7", f"--note={text}"]
    if not text:
        wanted = ["--candidate=baseline", "--seed=7"]
    assert words == (
        None if refused else ["validate", "--usecase=card_spending", words[2], *wanted, "--json"]
    )


@pytest.mark.parametrize("text", ["a\0b", "half \ud800"])
def test_what_no_process_can_be_told_is_refused_and_not_tried_again(dags, text):
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - as above

    task = dags["experiment__card_spending"].task_dict["validate"].prepare_for_execution()
    task.options = {"note": text}
    with pytest.raises(AirflowFailException, match="NL-H002") as refusal:
        task.line()

    assert str(refusal.value).isprintable()


@budget(max_examples=30, deadline=None)
@given(HOSTILE.filter(lambda text: "\0" not in text))
def test_the_process_of_a_step_gets_the_very_text(text):
    from nightlabel_airflow.child import Child  # noqa: PLC0415 - as above
    from nightlabel_airflow.commands import arguments  # noqa: PLC0415 - as above

    words = arguments("validate", "cards", {"note": text, "data": [text, text]})
    ended = Child([sys.executable, "-SEc", _ECHO, *words], {"HOME": "/canary", "PYTHONUTF8": "1"}).follow(
        print
    )

    assert (ended.code, json.loads(ended.output)) == (0, words)


def kubelet(text: str, known: dict[str, str]) -> str:
    """Put variables in for ``$(NAME)`` as a node does, letter by letter.

    Source:
        k8s.io/kubernetes/third_party/forked/golang/expansion/expand.go
    """
    made, at = "", 0
    while at < len(text):
        name = re.compile(r"\$\(([^)]*)\)").match(text, at)
        if text.startswith("$$", at):
            made, at = made + "$", at + 2
        elif name:
            made, at = made + known.get(name[1], name[0]), name.end()
        else:
            made, at = made + text[at], at + 1
    return made


def test_a_node_would_put_a_secret_in_for_its_name():
    assert kubelet("a $(HOME) $$(HOME) $$$(HOME) $(NO) $", SECRETS) == "a canary $(HOME) $canary $(NO) $"


@given(HOSTILE.filter(lambda text: "\0" not in text))
def test_a_pod_gets_the_very_text_and_no_secret_for_it(pods, text):
    task = pods["validate"].prepare_for_execution()
    task.options = {"run": "night", "note": text, "candidate": [text]}
    (container,) = task.build_pod_request_obj(dry_run=True).spec.containers

    assert [kubelet(word, SECRETS) for word in container.args] == task.line()


@pytest.mark.parametrize(
    "conf",
    [{"image": "evil"}, {"usecase": "../x"}, {"date": "2026-01-31", "shard": "$(HOME)"}, {"__class__": 1}],
)
def test_a_field_that_the_form_does_not_have_is_refused(dags, conf):
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415 - as above

    dag = dags["nightly__card_spending"]
    with pytest.raises(AirflowFailException, match="NL-H001"):
        dag.task_dict["plan"].refuse_unknown_fields({"dag_run": SimpleNamespace(conf=conf), "dag": dag})


@given(HOSTILE)
def test_no_run_id_becomes_more_than_one_step_of_a_path(text):
    from nightlabel_airflow.runs import key  # noqa: PLC0415 - as above

    assert names.run_name(key(text)) == key(text)


@given(HOSTILE | st.dates().map(str))
def test_no_text_but_a_day_becomes_a_partition(text):
    from nightlabel_airflow.runs import label_date  # noqa: PLC0415 - as above

    run, found = SimpleNamespace(logical_date=None, run_after=None), None
    with suppress(ValueError, AttributeError):  # an empty date asks the run, which has none here
        found = label_date(run, text, zone=ZoneInfo("UTC"))

    assert found is None or found == date.fromisoformat(found).isoformat() == names.label_date(found)


@pytest.mark.parametrize("text", TRICKS)
def test_the_log_of_a_task_shows_what_was_typed_on_one_printable_line(text):
    from nightlabel_airflow.commands import readable  # noqa: PLC0415 - as above

    assert readable(json.dumps({"event": "read", "note": text})).isprintable()
    assert readable(text).isprintable()
