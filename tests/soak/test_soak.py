"""Rounds of nights that are killed, stopped, doubled and overtaken, while somebody reads all the time."""

from collections import Counter

import pytest

from tests.soak.sites import sites

ON_S3, IN_A_FOLDER = range(2, 14, 2), range(1, 69, 2)

FAILED_ONCE = ()
"""Seeds of rounds that have shown a fault; each is played in every run."""


@pytest.fixture(scope="module")
def places():
    with sites() as made:
        yield made


def test_whatever_befalls_its_processes_a_night_is_seen_whole_and_loses_and_doubles_nothing(places):
    total = Counter()
    for seed in (*FAILED_ONCE, *ON_S3, *IN_A_FOLDER):
        found = places.play(seed)
        total += found.counted
        assert found.violations == [], f"make soak SEED={seed} ROUNDS=1"

    assert total["rounds"] >= 40
    assert total["kills"] >= total["rounds"]
    assert min(total[what] for what in ("stops", "duplicates", "late files", "changed files")) >= 20
    assert min(total[what] for what in ("faults", "promotions", "deleted files")) >= 5
    assert total["reads"] >= 4 * total["rounds"]
