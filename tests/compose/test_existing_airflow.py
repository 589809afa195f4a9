"""An Airflow that is there already, 3.1 to 3.3, in a clean environment: its DAGs, and an experiment.

Each environment is made anew, with nothing of this project but the package without its needs, and runs the
steps by the command line of the environment beside it. It takes minutes: make slow.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from compose.forge import open_forge
from demo.data import RECORDS, SEED
from nightlabel.settings import Settings
from nightlabel.usecases.card_spending import lookalike
from tests.compose.tools import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

VERSIONS = ("3.1", "3.2", "3.3")
NEEDS = {"3.2": ("fastapi<0.137", "cadwyn<7", "svcs<26")}
"""What a version's constraint file holds back and its metadata does not: newer ones break its own API."""
DAGS = ["experiment__card_spending", "nightlabel__watch", "nightly__card_spending"]
UV = Path(sys.executable).with_name("uv")
PARSE = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
bag = DagBag(sys.argv[1])
deadline = bool(bag.dags["nightly__card_spending"].deadline) if "nightly__card_spending" in bag.dags else None
print(json.dumps({"dags": sorted(bag.dags), "errors": bag.import_errors, "deadline": deadline}))
"""
RUN = """
import json, sys
try:
    from airflow.dag_processing.dagbag import DagBag
except ImportError:
    from airflow.models.dagbag import DagBag
asked = {"data": sys.argv[2], "candidates": ["baseline"]}
run = DagBag(sys.argv[1]).dags["experiment__card_spending"].test(run_conf=asked)
print(json.dumps({"state": str(getattr(run.state, "value", run.state))}))
"""


@dataclass(frozen=True)
class Place:
    """An Airflow of a version, with a home of its own."""

    version: str
    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    def call(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a program of this environment, with nothing of the person's."""
        path = f"{self.python.parent}:/usr/local/bin:/usr/bin:/bin"
        told = {
            "PATH": path,
            "HOME": str(self.folder),
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
            "NIGHTLABEL_HOME": str(self.folder / "home"),
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "LANG": "C.UTF-8",
        }
        command = [str(self.python), *words]
        return subprocess.run(
            command, env=told, cwd=self.folder, capture_output=True, text=True, timeout=900, check=False
        )

    def said(self, program: str, *words: str) -> dict:
        """Give the JSON object that a program says last."""
        done = self.call("-c", program, str(ROOT / "dags"), *words)
        assert not done.returncode, done.stdout[-2000:] + done.stderr[-4000:]
        return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Build the package as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "src"):
        subprocess.run(["cp", "-r", str(ROOT / name), str(source)], check=True)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(source)], check=True)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module", params=VERSIONS)
def place(request, wheel, tmp_path_factory) -> Place:
    """Make the environment: Airflow, two providers, the package alone, and the command line from beside."""
    made = Place(request.param, tmp_path_factory.mktemp(f"airflow-{request.param}"))
    needs = [f"apache-airflow=={request.param}.*", "apache-airflow-providers-standard"]
    needs += ["apache-airflow-providers-cncf-kubernetes", *NEEDS.get(request.param, ())]
    install = (UV, "pip", "install", "--quiet", "--python", made.python)
    environment = {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    for command in (
        (UV, "venv", "--quiet", "--python", sys.executable, made.python.parents[1]),
        (*install, *needs),
        (*install, "--no-deps", wheel),
    ):
        subprocess.run([str(word) for word in command], env=environment, check=True)
    own = made.python.with_name("nightlabel")
    own.unlink()
    own.symlink_to(Path(sys.executable).with_name("nightlabel"))
    return made


def test_the_dags_appear_without_an_error(place):
    found = place.said(PARSE)

    assert found["errors"] == {}
    assert found["dags"] == DAGS


def test_a_deadline_is_watched_where_airflow_can(place):
    assert place.said(PARSE)["deadline"] is (place.version != "3.1")


def test_a_dag_that_a_version_cannot_parse_is_seen(place, tmp_path):
    (tmp_path / "new.py").write_text("from airflow.sdk import DagOfTomorrow\n")
    program = PARSE.replace("sys.argv[1]", repr(str(tmp_path)))

    assert "DagOfTomorrow" in str(place.said(program)["errors"])


def test_an_experiment_runs_there_to_a_proposal_or_a_verdict(place):
    data = place.folder / "cards.csv"
    data.write_bytes(lookalike.make(RECORDS, SEED))
    open_forge(Settings(home=place.folder / "home"))
    migrated = place.call("-m", "airflow", "db", "migrate")
    assert not migrated.returncode, migrated.stderr[-3000:]

    assert place.said(RUN, data.as_uri()) == {"state": "success"}
    [verdict] = (place.folder / "home" / "lake").rglob("verdict.json")
    assert json.loads(verdict.read_text())["outcome"] == "promote"
