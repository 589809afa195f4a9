"""Drill 3: lake and MLflow are gone, and come back from their copies; the next night runs."""

import shutil
from pathlib import Path

import pytest

from nightlabel import label as room
from nightlabel.settings import settings
from nightlabel.steps import whole
from nightlabel.store import open_lake
from tests.drills.conftest import DATE, NEXT, USECASE, deliver, release

DRILL = "Drill 3: everything lost"
pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def place(folder_place, monkeypatch) -> Path:
    """A laptop: a lake in a folder, and a database of MLflow's beside it."""
    home = folder_place.home
    home.mkdir(parents=True)
    monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")
    settings.cache_clear()
    return home


def test_after_the_drill_the_next_night_runs_and_every_date_adds_up(place, made, runbook, tmp_path):
    if not shutil.which("sqlite3"):
        pytest.skip("there is no sqlite3 on this machine, which the runbook names: apt-get install sqlite3")
    backup, lake = tmp_path / "backup", tmp_path / "lake"
    backup.mkdir()
    release(made[0], "ann")
    deliver(DATE)
    deliver(NEXT)
    whole.night(USECASE, DATE, "night")
    before = room.read_labels(open_lake(), USECASE, DATE)
    words = {"USECASE": USECASE, "DATE": DATE, "NEXT": NEXT, "LAKE": str(lake), "BACKUP": str(backup)}
    kept = runbook.run(0, HOME=str(place), **words)
    assert [code for code, _ in kept] == [0, 0, 0], kept

    shutil.rmtree(lake)
    shutil.rmtree(place)
    place.mkdir()
    ended = runbook.run(1, HOME=str(place), **words)

    assert [code for code, _ in ended] == [0] * 6, ended
    assert room.read_labels(open_lake(), USECASE, DATE).equals(before)
    assert len(room.read_labels(open_lake(), USECASE, NEXT)) == len(before)
