"""Drill 2: data files or a commit of the table are deleted, and come back from the versions of the bucket."""

import pytest

from nightlabel.steps import whole
from nightlabel.store import open_lake
from tests.drills.conftest import DATE, USECASE, deliver, release

DRILL = "Drill 2: lost data"
pytestmark = pytest.mark.timeout(300)
LONG_AGO = "2020-01-01T00:00:00+00:00"


@pytest.fixture
def labelled(versioned, made):
    """One committed night."""
    deliver(DATE)
    release(made[0], "ann")
    whole.night(USECASE, DATE, "night")


@pytest.mark.parametrize("lost", ["date=", "_delta_log"], ids=["data files", "commits"])
def test_after_the_drill_every_record_is_accounted_for_again(labelled, runbook, lost):
    lake = open_lake()
    keys = [entry.key for entry in lake.list(f"{USECASE}/labels") if lost in entry.key]
    assert keys
    for key in keys:
        lake.delete(key)

    missing, dry, back, whole_again = runbook.run(
        0, USECASE=USECASE, DATE=DATE, LAKE=lake.uri, SINCE=LONG_AGO
    )

    assert missing[0] != 0
    assert (dry[0], f"{len(keys)} objects would come back" in dry[1]) == (0, True)
    assert (back[0], f"{len(keys)} objects are back" in back[1]) == (0, True)
    assert whole_again[0] == 0, whole_again[1]


def test_what_was_deleted_before_the_moment_stays_deleted(labelled, runbook):
    lake = open_lake()
    [key] = [entry.key for entry in lake.list(f"{USECASE}/labels") if "outcome=labelled" in entry.key]
    lake.delete(key)

    ended = runbook.run(0, USECASE=USECASE, DATE=DATE, LAKE=lake.uri, SINCE="2120-01-01T00:00:00+00:00")

    assert [code == 0 for code, _ in ended] == [False, True, True, False]
    assert lake.head(key) is None
