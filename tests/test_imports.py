"""The house keeps its import rules, and each rule is able to refuse."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LIGHT = ("torch", "pandas", "mlflow", "evidently", "dvc", "deltalake", "onnxruntime", "matplotlib")
TRESPASSES = {
    "One way, from floor to floor": ("store/bad.py", "import nightlabel.label"),
    "The library knows no orchestrator": ("label/bad.py", "import airflow"),
    "A use case imports the contract": ("usecases/card_spending/bad.py", "import nightlabel.store"),
    "MLflow is entered": ("label/bad.py", "import mlflow"),
    "Evidently is entered": ("gate/bad.py", "import evidently"),
    "DVC is entered": ("label/bad.py", "import dvc"),
    "The forge is entered": ("train/bad.py", "import github"),
    "Object stores and Delta are entered": ("monitor/bad.py", "import deltalake"),
    "Spark is entered": ("steps/bad.py", "import pyspark"),
    "Labelling never loads torch": ("label/bad.py", "import torch"),
    "What a DAG file imports is light": ("contract/bad.py", "import pandas"),
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(folder / "src"), str(folder / "plugins")])
    command = [Path(sys.executable).parent / "lint-imports", "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path):
    for name in ("src", "plugins"):
        shutil.copytree(
            ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
        )
    shutil.copy(ROOT / ".importlinter", tmp_path)
    return tmp_path


@pytest.mark.parametrize("rule", TRESPASSES)
def test_a_trespass_is_refused(copy, rule):
    path, line = TRESPASSES[rule]
    (copy / "src" / "nightlabel" / path).write_text(f'"""A trespass."""\n\n{line}\n')

    result = lint(copy)

    broken = [text for text in result.stdout.splitlines() if " BROKEN" in text]
    assert result.returncode == 1
    assert any(text.startswith(rule) for text in broken), result.stdout


def test_a_use_case_that_knows_another_is_refused(copy):
    usecases = copy / "src" / "nightlabel" / "usecases"
    (usecases / "digits").mkdir()
    (usecases / "digits" / "__init__.py").write_text("import nightlabel.usecases.card_spending.schema\n")

    assert "Use cases do not know each other BROKEN" in lint(copy).stdout


def test_a_new_room_without_a_floor_is_refused(copy):
    (copy / "src" / "nightlabel" / "attic.py").write_text('"""A room nobody planned."""\n')

    assert "One way, from floor to floor BROKEN" in lint(copy).stdout


def test_the_environment_is_read_in_settings_only():
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("src", "plugins", "dags")
        for path in (ROOT / folder).rglob("*.py")
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    ]

    assert readers == ["src/nightlabel/settings.py"]


def test_reading_all_cards_loads_nothing_heavy():
    program = "import sys, nightlabel.catalog as c; assert c.usecases(); print(*sys.modules)"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not {*LIGHT} & {*result.stdout.split()}
