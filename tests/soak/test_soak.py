"""Rounds of nights that are killed, stopped, doubled and overtaken, while somebody reads all the time."""

from collections import Counter
from itertools import chain, takewhile

import pytest

from tests.soak.sites import sites

pytestmark = pytest.mark.timeout(900)

ON_S3, IN_A_FOLDER = range(2, 14, 2), range(1, 69, 2)
MORE = range(69, 109)
"""Seeds of rounds that are played until enough was disturbed: processes may end before they are."""

FAILED_ONCE = ()
"""Seeds of rounds that have shown a fault; each is played in every run."""


@pytest.fixture(scope="module")
def places():
    with sites() as made:
        yield made


def is_enough(total):
    return total["kills"] >= total["rounds"] and total["stops"] >= 20 and total["faults"] >= 5


def test_whatever_befalls_its_processes_a_night_is_seen_whole_and_loses_and_doubles_nothing(places):
    total = Counter()
    more = takewhile(lambda _: not is_enough(total), MORE)
    for seed in chain(FAILED_ONCE, ON_S3, IN_A_FOLDER, more):
        found = places.play(seed)
        total += found.counted
        assert found.violations == [], f"make soak SEED={seed} ROUNDS=1"

    assert total["rounds"] >= 40
    assert total["kills"] >= total["rounds"]
    assert min(total[what] for what in ("stops", "duplicates", "late files", "changed files")) >= 20
    assert min(total[what] for what in ("faults", "promotions", "deleted files")) >= 5
    assert total["reads"] >= 4 * total["rounds"]
