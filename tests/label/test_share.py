"""Laws of sharing files out."""

import heapq

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from nightlabel.label.share import FILE_WEIGHT, SHARD_WEIGHT, shards_for, share_out, weights

untimed = settings(deadline=None)
work = npst.arrays(np.int64, st.integers(0, 60), elements=st.integers(FILE_WEIGHT, 10**12))
counts = st.integers(1, 12)


def loads(files, shards):
    shared = share_out(files, shards)
    return [int(files[shared == shard].sum()) for shard in range(shards)]


@untimed
@given(work, counts)
def test_each_file_is_in_exactly_one_shard(files, shards):
    shared = share_out(files, shards)

    assert shared.shape == files.shape
    assert set(shared.tolist()) <= set(range(shards))


@untimed
@given(work, counts)
def test_two_shards_differ_by_no_more_work_than_the_largest_file(files, shards):
    found = loads(files, shards)

    assert max(found) - min(found) <= files.max(initial=0)


@untimed
@given(work, counts)
def test_the_longest_file_left_always_goes_to_the_shard_with_the_least_work(files, shards):
    least = [0] * shards
    for file in sorted(files.tolist(), reverse=True):
        heapq.heapreplace(least, least[0] + file)

    assert sorted(loads(files, shards)) == sorted(least)


@untimed
@given(work, counts, st.randoms())
def test_the_order_of_the_files_does_not_matter(files, shards, random):
    shuffled = np.array(random.sample(files.tolist(), len(files)), np.int64)

    assert loads(files, shards) == loads(shuffled, shards)


@untimed
@given(work.filter(len), counts)
def test_there_are_never_more_shards_than_pods_or_files_nor_fewer_than_one(files, largest):
    assert 1 <= shards_for(files, largest) <= min(largest, len(files))


def test_small_backlogs_get_one_pod_and_large_ones_all():
    small = weights(np.full(50, 100))
    large = weights(np.full(50, SHARD_WEIGHT - FILE_WEIGHT))

    assert (shards_for(small, 8), shards_for(large, 8), shards_for(large[:3], 8)) == (1, 8, 3)


def test_many_tiny_files_count_as_work():
    assert shards_for(weights(np.full(300, 10)), 8) == 3


def test_more_files_than_are_numbers_at_once_are_shared_out_evenly():
    files = weights(np.arange(200_000) % 977)

    found = loads(files, 7)

    assert max(found) - min(found) <= files.max()
