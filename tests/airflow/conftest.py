"""Airflow in this process, with a database of its own; a stand-in answers for the command line."""

import atexit
import json
import os
import shutil
import stat
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOME = tempfile.mkdtemp(prefix="nightlabel-airflow-")
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

# Airflow reads its settings at its first import, which no fixture is early enough for.
os.environ |= {
    "AIRFLOW_HOME": HOME,
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
    "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
}
sys.path.insert(0, str(ROOT / "plugins"))


@dataclass
class StandIn:
    """A program that takes the place of ``nightlabel``: the same words, no work."""

    folder: Path

    def script(self, **answers):
        """Say what each step does: ``exit`` codes one after the other, and fields of its ``result``."""
        for step, answer in answers.items():
            (self.folder / f"{step}.json").write_text(json.dumps(answer))

    def open(self, gate):
        """Let go on what works ``until`` the gate is open."""
        (self.folder / gate).touch()

    @property
    def calls(self) -> list[list[str]]:
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def steps(self) -> list[str]:
        return [call[0] for call in self.calls]


@pytest.fixture
def stand_in(tmp_path, monkeypatch) -> StandIn:
    """Put the stand-in where ``nightlabel`` is looked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "nightlabel"
    body = (Path(__file__).parent / "stand_in.py").read_text()
    program.write_text(f"#!{sys.executable} -SE\n{body}")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return StandIn(folder)


@pytest.fixture(scope="session")
def database():
    """Airflow's database, empty and of this version."""
    from airflow.utils.db import initdb  # noqa: PLC0415 - Airflow is imported where it is tested

    initdb()


@pytest.fixture
def bag():
    """Parse the real DAG files."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - as above

    return DagBag(ROOT / "dags")


@dataclass
class Ran:
    """How a run ended."""

    state: str
    run_id: str
    tasks: dict[str, str]
    names: dict[str, str]


@pytest.fixture
def run(bag, database, stand_in):
    """Run a DAG to its end, as Airflow runs it, without waiting between the tries."""

    def start(dag_id, conf=None, logical_date=None):
        dag = bag.dags[dag_id]
        dag.deadline = None  # Airflow 3.3.2 cannot end a test run that has a deadline
        for task in dag.tasks:
            task.retry_delay = task.retry_delay * 0
        when = {"logical_date": logical_date} if logical_date else {}
        ended = dag.test(run_conf=conf or {}, **when)
        found = ended.get_task_instances()
        tasks = {f"{t.task_id}{t.map_index if t.map_index >= 0 else ''}": str(t.state) for t in found}
        names = {f"{t.task_id}{t.map_index}": t.rendered_map_index for t in found if t.map_index >= 0}
        return Ran(str(ended.state), ended.run_id, tasks, names)

    return start
