"""``dvc repro`` and ``dvc pull`` in a clone, with a command line that only says what it was asked."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from nightlabel.settings import settings
from nightlabel.version import checkout_path, name

ROOT = Path(__file__).parents[2]
CARDS = "src/nightlabel/usecases/card_spending"
DATA = "card_spending/data/cards.csv"
CANDIDATE = next(iter(tomllib.loads((ROOT / CARDS / "usecase.toml").read_text())["candidates"]))
PARAMS = f'candidate = "{CANDIDATE}"\nseed = 7\n\n[params]\nwidth = 64\n'
STUB = """#!{python}
import pathlib, sys
results = pathlib.Path(".nightlabel/lake/card_spending/experiments/repro")
leaves = {{
    "validate": ["request.json", "rows.parquet", "quarantine.parquet", "validated.json"],
    "split": ["roles.parquet", "split.json"],
    "train": ["candidates/" + sys.argv[-1] + ".json"],
    "evaluate": ["probabilities.parquet", "evaluation.json"],
    "gate": ["verdict.json"],
}}[sys.argv[1]]
with open(".nightlabel/asked", "a") as log:
    log.write(" ".join(sys.argv[1:]) + chr(10))
for file in leaves:
    assert not (results / file).exists(), "the real step would skip"
    (results / file).parent.mkdir(parents=True, exist_ok=True)
    (results / file).write_text("{{}}")
    (results / file).write_text('{{"from": "' + str(hash(pathlib.Path("{params}").read_text())) + '"}}')
"""


@pytest.fixture
def clone(tmp_path) -> Path:
    """A clone with the data in its lake and a command line that leaves empty results."""
    clone = tmp_path / "clone"
    for part in (".dvc/config", ".dvc/.gitignore", ".dvcignore", ".gitignore"):
        (clone / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / part, clone / part)
    shutil.copytree(ROOT / CARDS, clone / CARDS, ignore=shutil.ignore_patterns("__pycache__", "dvc.lock"))
    for room in ("validate", "version", "train", "gate"):
        (clone / "src/nightlabel" / room).mkdir()
        (clone / "src/nightlabel" / room / "__init__.py").touch()
    (clone / CARDS / "params.toml").write_text(PARAMS)
    (clone / ".nightlabel/lake" / DATA).parent.mkdir(parents=True)
    (clone / ".nightlabel/lake" / DATA).write_bytes(b"id;valor\n1;2\n")
    command = clone / ".venv/bin/nightlabel"
    command.parent.mkdir(parents=True)
    command.write_text(STUB.format(python=sys.executable, params=f"{CARDS}/params.toml"))
    command.chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=clone, check=True)
    return clone


def dvc(clone: Path, *words: str) -> str:
    path = f"{clone}/.venv/bin:{os.environ['PATH']}"
    command = [sys.executable, "-m", "dvc", *words]
    told = subprocess.run(
        command, cwd=clone, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def asked(clone: Path) -> list[str]:
    """Give the words of the steps since the last look."""
    log = clone / ".nightlabel/asked"
    words = [line.split()[0] for line in log.read_text().splitlines()] if log.exists() else []
    log.unlink(missing_ok=True)
    return words


def test_repro_runs_the_steps_in_order_and_again_only_what_changed(clone):
    repro = ("repro", f"{CARDS}/dvc.yaml")
    dvc(clone, *repro)
    first = (clone / ".nightlabel/asked").read_text()
    assert asked(clone) == ["validate", "split", "train", "evaluate", "gate"]
    assert f"--run repro --data {DATA} --production\n" in first

    dvc(clone, *repro)
    assert asked(clone) == []

    (clone / CARDS / "params.toml").write_text(PARAMS.replace("64", "32"))
    dvc(clone, *repro)
    assert asked(clone) == ["validate", "split", "train", "evaluate", "gate"]

    card = clone / CARDS / "usecase.toml"
    card.write_text(card.read_text().replace("accuracy_at_least = 0.44", "accuracy_at_least = 0.45"))
    dvc(clone, *repro)
    assert asked(clone) == ["gate"]


def test_git_sees_nothing_of_caches_secrets_and_data(clone):
    for private in (".dvc/config.local", ".dvc/cache/x", ".dvc/tmp/x"):
        (clone / private).parent.mkdir(exist_ok=True)
        (clone / private).touch()
    dvc(clone, "repro", f"{CARDS}/dvc.yaml")

    status = ["git", "status", "--porcelain", "-uall", ".dvc", ".nightlabel", CARDS]
    seen = subprocess.check_output(status, cwd=clone, text=True)

    assert {".dvc/config", ".dvc/.gitignore"} == {p for p in seen.split() if p.startswith(".dvc/")}
    assert ".nightlabel" not in seen
    assert f"{CARDS}/dvc.lock" in seen


def test_pull_brings_the_data_of_a_pointer_to_the_lake_of_the_clone(clone, tmp_path):
    cards = tmp_path / "mine.csv"
    cards.write_bytes(b"id;valor\n7;8\n")
    version = name(cards, settings().home, f"{clone}/.nightlabel/lake/dvc", path=checkout_path(DATA))
    (clone / CARDS / "data.dvc").write_text(version.pointer)
    (clone / ".nightlabel/lake" / DATA).unlink()

    dvc(clone, "pull", f"{CARDS}/data.dvc")

    assert (clone / ".nightlabel/lake" / DATA).read_bytes() == cards.read_bytes()
