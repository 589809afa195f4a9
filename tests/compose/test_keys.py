"""Secrets are made once, for this user alone, and each service gets its own."""

import json
import os
import re
import subprocess
import sys

import pytest

from compose import keys
from tests.compose.tools import FILE, ROOT

OWN = "own.env"
LEAST = 24
"""Characters of a secret."""


def contents(folder) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_second_start_changes_nothing(tmp_path):
    keys.keep(tmp_path)
    before = contents(tmp_path)

    keys.keep(tmp_path)

    assert contents(tmp_path) == before


def test_two_places_share_no_secret(tmp_path):
    one, other = (keys.keep(tmp_path / name) for name in ("one", "other"))

    assert not set(one.values()) & set(other.values())
    assert len(set(one.values())) == len(keys.MAKERS)
    assert min(map(len, one.values())) >= LEAST


def test_nobody_else_may_read_them_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        keys.keep(tmp_path / "secrets")
    finally:
        os.umask(before)

    files = [tmp_path / "secrets", *(tmp_path / "secrets").iterdir()]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}


def test_a_newer_version_adds_a_secret_and_keeps_the_others(tmp_path):
    first = keys.keep(tmp_path)
    vault = tmp_path / "keys.json"
    held = json.loads(vault.read_text())
    del held["evidently"]
    vault.write_text(json.dumps(held))

    second = keys.keep(tmp_path)

    assert second["evidently"] != first["evidently"]
    assert {**first, "evidently": ""} == {**second, "evidently": ""}


def test_what_a_person_wrote_stays(tmp_path):
    keys.keep(tmp_path)
    (tmp_path / OWN).write_text("NIGHTLABEL_FORGE=github\n")

    keys.keep(tmp_path)

    assert (tmp_path / OWN).read_text() == "NIGHTLABEL_FORGE=github\n"


@pytest.mark.parametrize("file", keys.files(dict.fromkeys(keys.MAKERS, "x")))
def test_every_file_is_of_a_service(file):
    assert f"/{file}" in FILE.read_text()


def test_every_file_of_a_service_is_made(tmp_path):
    keys.keep(tmp_path)
    named = set(re.findall(r"\$\{SECRETS:-[^}]+\}/([\w.]+)", FILE.read_text()))

    assert named
    assert named <= set(contents(tmp_path))


def test_mlflow_knows_no_secret_of_airflow_and_no_service_the_administrator_of_the_store(tmp_path):
    secret = keys.keep(tmp_path)
    told = contents(tmp_path)
    ours = {name for name in told if name not in {"keys.json", "prepare.env", "store.env"}}

    assert not [name for name, value in secret.items() if "airflow" in name and value in told["mlflow.env"]]
    assert not [name for name in ours if secret["store_admin"] in told[name]]


def test_keys_that_cannot_be_read_are_not_made_anew(tmp_path, monkeypatch):
    """New keys would lock the database that has the old ones."""
    folder = tmp_path / keys.FOLDER
    folder.mkdir(parents=True)
    (folder / "keys.json").write_text('{"postgres": "cut')
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}

    done = subprocess.run(
        [sys.executable, "-m", "compose.keys"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 1
    assert "nothing was started" in done.stderr
    assert (folder / "keys.json").read_text() == '{"postgres": "cut'


def test_it_needs_nothing_but_python():
    program = "import sys, compose.keys; print(sorted({'pydantic', 'nightlabel'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "[]"
