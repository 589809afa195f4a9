"""Reads side by side give what reads one by one would give."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nightlabel.label.reads import side_by_side

untimed = settings(deadline=None)


@untimed
@given(st.lists(st.integers()), st.integers(1, 5))
def test_results_come_in_the_order_of_the_items(items, at_once):
    assert list(side_by_side(lambda item: item + 1, items, at_once)) == [item + 1 for item in items]


def test_as_many_as_asked_for_are_at_work_and_never_more():
    now, most, lock, all_in = [0], [0], threading.Lock(), threading.Barrier(4, timeout=10)

    def read(_):
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        all_in.wait()
        with lock:
            now[0] -= 1

    list(side_by_side(read, range(40), 4))

    assert most[0] == 4


def test_a_failure_is_raised_in_its_turn_and_nothing_more_is_begun():
    begun = []

    def read(item):
        begun.append(item)
        time.sleep(0.001)
        if item == 3:
            raise KeyError(item)
        return item

    found = []
    with pytest.raises(KeyError):
        found.extend(side_by_side(read, range(1000), 2))

    assert len(begun) < 20
