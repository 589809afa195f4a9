"""Drill 1: a champion that labels badly is taken back, and its dates get the earlier model's labels."""

import pytest

from nightlabel import label as room
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.steps import whole
from nightlabel.store import open_lake
from tests.drills.conftest import DATE, USECASE, deliver, release

DRILL = "Drill 1: a bad model"
pytestmark = pytest.mark.timeout(300)


def labels():
    rows = room.read_labels(open_lake(), USECASE, DATE).sort_values(["source", "row"])
    return rows["label"].tolist(), set(rows["model_version"])


def test_after_the_drill_a_date_has_the_labels_of_the_model_before(s3_place, made, runbook):
    good, bad = made
    deliver(DATE)
    first = release(good, "ann")
    whole.night(USECASE, DATE, "before")
    wanted, _ = labels()
    second = release(bad, "bob")
    whole.night(USECASE, DATE, "bad", reason="relabel")
    wrong, by = labels()
    assert (by, wrong == wanted) == ({second}, False)

    ended = runbook.run(0, USECASE=USECASE, DATE=DATE, NAME="cleo")

    assert [code for code, _ in ended] == [0, 0, 0], ended
    assert labels() == (wanted, {first})
    assert [c.generation for c in room.generations(open_lake(), USECASE, DATE)] == [1, 2, 3]
    move = Registry(settings().tracking).moves(USECASE)[-1]
    assert (move.version, move.origin, move.by, move.reason) == (first, second, "cleo", "labels are bad")
