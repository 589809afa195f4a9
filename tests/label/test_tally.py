"""Laws of the order-free digest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.label.tally import WHOLE_FILE, Tally, of_files, of_records, total

names = st.text(max_size=8)
ordinals = st.lists(st.integers(0, 2**40), max_size=30, unique=True)


def tallied(rows, source="s", version="v"):
    return of_records(source, version, np.array(rows, np.int64))


@given(ordinals, st.randoms())
def test_the_order_does_not_matter(rows, random):
    assert tallied(rows) == tallied(random.sample(rows, len(rows)))


@given(ordinals, st.integers(0, 30))
def test_parts_add_up_to_the_whole_and_can_be_taken_away(rows, cut):
    first, rest = tallied(rows[:cut]), tallied(rows[cut:])

    assert first + rest == total([rest, first]) == tallied(rows)
    assert tallied(rows) - rest == first


@given(ordinals.filter(bool))
def test_a_doubled_record_and_a_lost_one_are_seen(rows):
    swapped = [rows[0] + 1, *rows[1:]]

    assert tallied([*rows, rows[0], rows[0]]).digest != tallied(rows).digest
    assert tallied(rows[1:]).digest != tallied(rows).digest
    assert set(swapped) == set(rows) or tallied(swapped).digest != tallied(rows).digest


@given(names, names, names, names)
def test_records_of_different_files_differ(source, version, other, another):
    same = (source, version) == (other, another)

    assert (tallied([0], source, version) == tallied([0], other, another)) == same
    assert (of_files([(source, version)]) == of_files([(other, another)])) == same


def test_a_whole_file_is_an_id_of_its_own():
    assert tallied([WHOLE_FILE]) != tallied([0])
    assert tallied([]) == Tally()
