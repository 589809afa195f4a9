"""Whole nights on a lake that may fail, and what must be found after each."""

import pytest

from nightlabel.errors import NightlabelError
from nightlabel.label import generations, publish
from tests.faults.accounting import assert_accounted, assert_told
from tests.label.nights import DATE, TINY, label_all, planned, put

STANDS = {"odd": 2, "even": 1, "NL-A005": 1, "NL-A009": 1}
"""What stands in the table after a night over what ``deliver`` puts."""


def deliver(lake):
    """Put two files with sound and faulty records."""
    put(lake, "a.csv", "cat;1", "frog;2", "bird")
    put(lake, "b.csv", "bee;1", "owl;x")


def whole(lake, run="night"):
    """Plan, label and publish; gives the plan and what was published."""
    made = planned(lake, run)
    label_all(lake, made)
    return made, publish(TINY, lake, DATE, run)


def assert_published(lake, *outcomes):
    """A night, or its repetition, ends as it should, and accounts for every record."""
    made, done = whole(lake)
    assert done.outcome in (outcomes or ("committed",))
    assert assert_accounted(lake, TINY, DATE, made) == STANDS


def assert_fails(lake, code, exit_code=75, step=whole):
    """A night ends with a code, and nothing of it is to be seen; gives the error."""
    with pytest.raises(NightlabelError) as failure:
        step(lake)
    assert_told(failure.value, code, exit_code)
    return failure.value


def assert_invisible(lake):
    """No generation was committed."""
    assert generations(lake, "tiny", DATE) == []
