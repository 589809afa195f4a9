"""A plan is made once, and pins what the night is to do."""

from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.label import inputs, label_shard, publish, read_plan, share
from nightlabel.store import listing
from tests.label.nights import DATE, TINY, Parity, champion, night, planned, put

STRANGE = [
    "a b.csv",
    "a%2Fb.csv",
    "#x.csv",
    "ünï.csv",
    "u\u0308.csv",
    "100%.csv",
    "=cmd.csv",
    "s/u/b.csv",
    "é" * 90 + ".csv",
]


@pytest.fixture
def small_shards(monkeypatch):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)


def test_a_retry_reads_the_plan_that_stands(lake):
    put(lake, "a.csv", "cat;1")
    first = planned(lake)
    put(lake, "late.csv", "frog;1")

    assert planned(lake, model=champion("2", "f" * 64)) == first == read_plan(lake, "tiny", DATE, "night")


def test_many_plans_at_once_on_a_new_lake_are_one(lake):
    for n in range(5):
        put(lake, f"{n}.csv", "cat;1")

    with ThreadPoolExecutor(6) as pool:
        plans = list(pool.map(lambda _: planned(lake), range(6)))

    assert all(made == plans[0] for made in plans)
    assert (plans[0].table_version, plans[0].files) == (0, 5)


def test_first_use_by_many_runs_at_once_makes_one_table(lake):
    with ThreadPoolExecutor(6) as pool:
        plans = list(pool.map(lambda n: planned(lake, f"run-{n}"), range(6)))

    assert {made.table_version for made in plans} == {0}


def test_files_are_shared_out_and_each_is_labelled_once(lake, small_shards):
    for n in range(7):
        put(lake, f"{n}.csv", "cat;1", "frog;2")

    done = night(lake)

    assert [s.name for s in read_plan(lake, "tiny", DATE, "night").shards] == ["0000", "0001", "0002"]
    assert done.records == 14


def test_the_plan_pins_model_code_and_inputs(lake):
    entry = put(lake, "a.csv", "cat;1")
    lake.put(f"tiny/inbox/date={DATE}/notes.txt", b"not of the pattern")

    made = planned(lake, image="repo@sha256:1")

    assert (made.model.version, made.model.sha256, made.commit, made.image) == (
        "1",
        Parity.sha256,
        "abc",
        "repo@sha256:1",
    )
    assert [tuple(i) for i in inputs.stream(lake, made, made.shards[0])] == [
        (entry.key, entry.version, entry.size, Parity.sha256)
    ]


def test_strange_keys_come_through_byte_for_byte(lake):
    entries = {put(lake, name, "cat;1").key for name in STRANGE}

    made = planned(lake)

    assert {i.source for s in made.shards for i in inputs.stream(lake, made, s)} == entries


def test_a_step_without_a_plan_is_refused(folder_lake):
    with pytest.raises(RefusedError) as refusal:
        publish(TINY, folder_lake, DATE, "night")

    assert refusal.value.code == "NL-N001"


def test_a_shard_that_is_not_planned_is_refused(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    planned(folder_lake)

    with pytest.raises(RefusedError) as refusal:
        label_shard(TINY, folder_lake, DATE, "night", "0007", Parity())

    assert (refusal.value.code, refusal.value.facts["shards"]) == ("NL-N002", ["0000"])


def test_a_damaged_list_of_files_is_never_taken_for_bad_data(lake):
    put(lake, "a.csv", "cat;1")
    made = planned(lake)
    lake.put(f"tiny/nights/{DATE}/night/{made.shards[0].part}", b"PAR1 cut")

    with pytest.raises(UnavailableError) as fault:
        label_shard(TINY, lake, DATE, "night", "0000", Parity())

    assert fault.value.code == "NL-B007"


def test_a_damaged_plan_is_found_by_its_seal(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    planned(folder_lake)
    key = f"tiny/nights/{DATE}/night/plan.json"
    folder_lake.put(key, folder_lake.get(key).replace(b'"replaces": 0', b'"replaces": 1'))

    with pytest.raises(UnavailableError) as fault:
        read_plan(folder_lake, "tiny", DATE, "night")

    assert fault.value.code == "NL-B007"


def test_a_file_without_an_etag_is_not_planned_because_nothing_pins_it(folder_lake, monkeypatch):
    put(folder_lake, "a.csv", "cat;1")
    listed = listing.table(folder_lake, f"tiny/inbox/date={DATE}")
    bare = listed.set_column(1, "version", pa.array([""]))
    monkeypatch.setattr(listing, "table", lambda *_: bare)

    with pytest.raises(RefusedError) as refusal:
        planned(folder_lake)

    assert refusal.value.code == "NL-B014"
    assert not list(folder_lake.list("tiny/nights"))
