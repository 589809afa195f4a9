"""Keys stay where they are needed: in files that nobody else reads, and never in a step; XCom is JSON."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from demo.place import Place, Ports, environment, evidently_environment, mlflow_environment, step_environment
from nightlabel.settings import child_environment, settings
from servers import private
from tests.security.laptop import mode

pytestmark = pytest.mark.airflow

TELLING = """#!{python} -SE
import json, os, sys
told = json.dumps(dict(os.environ))
open({path!r}, "w").write(told)
sys.stdout.write(told)
"""
KEYS = {
    "AIRFLOW__CORE__FERNET_KEY": "canary-fernet",
    "AIRFLOW__API_AUTH__JWT_SECRET": "canary-jwt",
    "AIRFLOW__SMTP__SMTP_PASSWORD": "canary-smtp",
    "AIRFLOW_CONN_AWS_DEFAULT": '{"password": "canary-aws"}',
    "_AIRFLOW_WWW_USER_PASSWORD": "canary-user",
}
XCOM = """
import json, sys
from airflow.models.xcom import XComModel
from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.serde import deserialize

class Thing:
    pass

def refusal(call):
    try:
        return repr(call())
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def stored(name):
    return {"__classname__": name, "__version__": 1, "__data__": {"conn_id": "evil", "conn_type": "http"}}

names = json.loads(sys.argv[1])
said = {
    "kept": XComModel.serialize_value({"shards": ["0000"], "rows": 3}),
    "object": refusal(lambda: XComModel.serialize_value(Thing())),
    "task": refusal(lambda: BaseXCom.serialize_value(Thing())),
    **{name: refusal(lambda: deserialize(stored(name))) for name in names},
}
sys.stdout.write("\\n" + json.dumps(said))
"""
FOREIGN = [
    "airflow.sdk.definitions.connection.Connection",
    "airflow.models.connection.Connection",
    "airflow.sdk.definitions.variable.Variable",
    "subprocess.Popen",
    "tests.security.corpus.Written",
]


@pytest.fixture
def place() -> Place:
    made = Place(Ports(), settings())
    made.airflow_home.mkdir(parents=True)
    return made


@pytest.fixture
def airflow_with_keys(monkeypatch, tmp_path):
    """A process of Airflow that knows all keys, on whose path ``nightlabel`` says what it was told."""
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "needed")
    program = tmp_path / "bin" / "nightlabel"
    program.parent.mkdir()
    program.write_text(TELLING.format(python=sys.executable, path=str(tmp_path / "told")))
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return tmp_path / "told"


def without_keys(told: dict[str, str]) -> bool:
    return "canary" not in json.dumps(told) and not [
        name for name in told if name.startswith(("AIRFLOW", "_AIRFLOW"))
    ]


def test_a_step_gets_what_it_needs_and_no_key_of_airflow(airflow_with_keys):
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - Airflow is imported where it is tested

    from tests.airflow.conftest import ROOT  # noqa: PLC0415 - sets Airflow's settings before its import

    task = DagBag(ROOT / "dags").dags["nightly__card_spending"].task_dict["plan"].prepare_for_execution()
    task.options = {"date": "2026-01-31"}
    told = task._run()

    assert told["MLFLOW_TRACKING_PASSWORD"] == "needed"  # noqa: S105 - a made word
    assert without_keys(told)


def test_an_alarm_gets_no_key_of_airflow(airflow_with_keys):
    from nightlabel_airflow import alarms  # noqa: PLC0415 - as above

    alarms.send("failure", "nightly__card_spending", "manual__1", "it failed")

    assert without_keys(json.loads(airflow_with_keys.read_text()))


def test_a_child_without_an_exception_would_get_the_keys(airflow_with_keys):
    assert not without_keys(child_environment())


@pytest.mark.parametrize("told", [step_environment, mlflow_environment, evidently_environment])
def test_the_demo_tells_only_airflow_its_keys(place, airflow_with_keys, told):
    airflow = environment(place)
    keys = [airflow[name] for name in airflow if name.endswith(("FERNET_KEY", "JWT_SECRET", "SECRET_KEY"))]

    assert len(keys) == 3
    assert without_keys(told(place))
    assert not [value for value in told(place).values() if value in keys]


@pytest.mark.parametrize(
    "more", [{}, {"AIRFLOW__CORE__ENABLE_XCOM_PICKLING": "True"}], ids=["ours", "pickling"]
)
def test_xcom_is_json_and_makes_no_object_of_a_class_that_somebody_names(place, more):
    asked = [sys.executable, "-c", XCOM, json.dumps(FOREIGN)]
    ran = subprocess.run(asked, env=environment(place) | more, capture_output=True, text=True, check=True)
    said = json.loads(ran.stdout.splitlines()[-1])

    assert json.loads(said.pop("kept")) == {"shards": ["0000"], "rows": 3}
    assert said.pop("object") == "ValueError: XCom value must be JSON serializable"
    assert said.pop("task").startswith("TypeError: Cannot serialize object of type")
    assert {name: said[name].partition(" was not found in allow list")[0] for name in FOREIGN} == {
        name: f"ImportError: {name}" for name in FOREIGN
    }


def test_a_secret_is_private_from_its_first_byte(tmp_path, monkeypatch):
    seen, real = [], os.fdopen
    monkeypatch.setattr(
        os, "fdopen", lambda handle, *a, **k: seen.append(os.fstat(handle).st_mode) or real(handle, *a, **k)
    )
    before = os.umask(0)
    try:
        private.write(tmp_path / "keys", "word")
    finally:
        os.umask(before)

    assert [oct(stat.S_IMODE(found)) for found in seen] == ["0o600"]
    assert ((tmp_path / "keys").read_text(), mode(tmp_path / "keys")) == ("word", 0o600)


def test_a_secret_goes_neither_into_a_readable_file_nor_through_a_link(tmp_path):
    (tmp_path / "open").write_text("old")
    (tmp_path / "open").chmod(0o644)
    (tmp_path / "open.part").symlink_to(tmp_path / "elsewhere")
    reader = (tmp_path / "open").open()

    private.write(tmp_path / "open", "new")

    assert ((tmp_path / "open").read_text(), mode(tmp_path / "open")) == ("new", 0o600)
    assert reader.read() == "old"  # who had it open sees nothing of the new one
    assert [path.name for path in Path(tmp_path).iterdir()] == ["open"]
