"""Laws of sharing files out."""

from hypothesis import given
from hypothesis import strategies as st

from nightlabel.label.share import FILE_WEIGHT, SHARD_WEIGHT, shards_for, share_out, weight
from nightlabel.store import Entry

files = st.lists(
    st.builds(Entry, st.text(min_size=1), st.text(max_size=3), st.integers(0, 10**9)),
    unique_by=lambda e: e.key,
    max_size=60,
)
counts = st.integers(1, 12)


@given(files, counts)
def test_each_file_is_in_exactly_one_shard(entries, shards):
    shared = share_out(entries, shards)

    assert len(shared) == shards
    assert sorted(e for shard in shared for e in shard) == sorted(entries)


@given(files, counts)
def test_two_shards_differ_by_no_more_work_than_the_largest_file(entries, shards):
    loads = [sum(map(weight, shard)) for shard in share_out(entries, shards)]

    assert max(loads) - min(loads) <= max(map(weight, entries), default=0)


@given(files, counts, st.randoms())
def test_the_order_of_the_listing_does_not_matter(entries, shards, random):
    shuffled = random.sample(entries, len(entries))

    assert share_out(entries, shards) == share_out(shuffled, shards)


@given(files.filter(bool), counts)
def test_there_are_never_more_shards_than_pods_or_files_nor_fewer_than_one(entries, largest):
    assert 1 <= shards_for(entries, largest) <= min(largest, len(entries))


def test_small_backlogs_get_one_pod_and_large_ones_all():
    small = [Entry(f"{n}", "v", 100) for n in range(50)]
    large = [Entry(f"{n}", "v", SHARD_WEIGHT - FILE_WEIGHT) for n in range(50)]

    assert (shards_for(small, 8), shards_for(large, 8), shards_for(large[:3], 8)) == (1, 8, 3)


def test_many_tiny_files_count_as_work():
    tiny = [Entry(f"{n}", "v", 10) for n in range(300)]

    assert shards_for(tiny, 8) == 3
