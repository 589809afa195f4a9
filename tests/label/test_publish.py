"""Publishing: what stops it, who wins, and what a lost answer means."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from deltalake import DeltaTable

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.label import generations, label_shard, plan, publish, read_labels, share, verify
from nightlabel.label.papers import Receipt
from tests.label.nights import (
    DATE,
    NEXT,
    TINY,
    Parity,
    champion,
    label_all,
    night,
    planned,
    put,
    reading_like,
)

COMMIT = DeltaTable.create_write_transaction


def refused(lake, run="night"):
    with pytest.raises(RefusedError) as refusal:
        publish(TINY, lake, DATE, run)
    return refusal.value


def forge(lake, **changes):
    """Replace the receipt of a night's first shard by one that says something else."""
    key = f"tiny/nights/{DATE}/night/receipts/0000.json"
    lake.put(key, Receipt.opened(lake.get(key)).model_copy(update=changes).sealed())


def test_missing_receipts_stop_the_commit_whatever_the_tasks_say(lake, monkeypatch):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)
    for n in range(3):
        put(lake, f"{n}.csv", "cat;1")
    made = planned(lake)
    assert "0 of 3 receipts although" in refused(lake).sentence

    label_all(lake, made.model_copy(update={"shards": made.shards[:2]}))

    refusal = refused(lake)
    assert (refusal.code, refusal.facts["missing"]) == ("NL-D006", ["0002"])
    assert read_labels(lake, "tiny").empty


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"model_sha256": "0" * 64}, "NL-C001"),
        ({"records": 3}, "NL-N004"),
        ({"labelled": 1, "records": 1}, "NL-N004"),
        ({"data": ()}, "NL-N004"),
        ({"inputs": {"count": 1, "digest": "0" * 32}}, "NL-N004"),
    ],
)
def test_a_receipt_that_does_not_add_up_stops_the_commit(folder_lake, changes, code):
    put(folder_lake, "a.csv", "cat;1", "frog;2")
    label_all(folder_lake, planned(folder_lake))
    if "inputs" in changes:
        changes = {"inputs": Receipt.model_fields["inputs"].annotation(**changes["inputs"])}

    forge(folder_lake, **changes)

    assert refused(folder_lake).code == code
    assert read_labels(folder_lake, "tiny").empty


def test_a_data_file_that_is_gone_stops_the_commit(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    (receipt,) = label_all(folder_lake, planned(folder_lake))

    folder_lake.delete(f"tiny/labels/{receipt.data[0].path}")

    assert refused(folder_lake).code == "NL-N004"


def test_a_night_of_unknown_records_stops_before_its_commit(folder_lake):
    put(folder_lake, "a.csv", *("?owl;1",) * 5, *("cat;1",) * 5)
    label_all(folder_lake, planned(folder_lake))

    refusal = refused(folder_lake)

    assert (refusal.code, refusal.sentence) == ("NL-A010", "unknown share 50% > 20%")
    assert verify(TINY, folder_lake, DATE).state == "not run"


def test_a_few_unknown_records_of_a_small_night_stop_nothing(folder_lake):
    put(folder_lake, "a.csv", *("?owl;1",) * 4, "cat;1")

    assert night(folder_lake).records == 5


def test_of_two_runs_over_the_same_files_one_commits_and_the_other_is_a_no_op(lake):
    put(lake, "a.csv", "cat;1")
    for run in ("one", "two"):
        label_all(lake, planned(lake, run))

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda run: publish(TINY, lake, DATE, run), ("one", "two")))

    assert sorted(d.outcome for d in done) == ["committed", "noop"]
    assert len(generations(lake, "tiny", DATE)) == 1
    assert len(read_labels(lake, "tiny", DATE)) == 1


def test_of_runs_over_different_files_the_loser_is_told_that_it_is_superseded(lake):
    label_all(lake, planned(lake, "early"))
    put(lake, "a.csv", "cat;1")
    label_all(lake, planned(lake, "late"))

    publish(TINY, lake, DATE, "early")

    refusal = refused(lake, "late")
    assert (refusal.code, refusal.facts) == ("NL-E001", {"generation": 1, "run": "early"})
    assert night(lake, "third").records == 1


def test_an_old_run_that_is_repeated_after_a_newer_generation_changes_nothing(lake):
    put(lake, "a.csv", "cat;1")
    label_all(lake, planned(lake, "old"))
    put(lake, "late.csv", "frog;1")
    night(lake, "new")

    done = publish(TINY, lake, DATE, "old")

    assert (done.outcome, done.generation, done.head) == ("noop", 1, 1)
    assert len(read_labels(lake, "tiny", DATE)) == 2


def test_a_committed_run_that_is_repeated_after_a_newer_generation_changes_nothing(lake):
    put(lake, "a.csv", "cat;1")
    night(lake, "old")
    put(lake, "a.csv", "horse;1", "cow;1")
    night(lake, "new")

    done = publish(TINY, lake, DATE, "old")

    assert (done.outcome, done.generation, done.head) == ("already", 1, 2)
    assert len(read_labels(lake, "tiny", DATE)) == 2
    assert verify(TINY, lake, DATE).ok


def test_many_publishers_of_one_run_make_one_generation(lake):
    put(lake, "a.csv", "cat;1")
    label_all(lake, planned(lake))

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(lambda _: publish(TINY, lake, DATE, "night"), range(6)))

    assert {d.generation for d in done} == {1}
    assert len(generations(lake, "tiny", DATE)) == 1


def test_many_dates_are_published_side_by_side_also_where_records_are_replaced(lake):
    dates = [f"2026-03-{day:02}" for day in range(1, 4)]
    for date in dates:
        put(lake, "a.csv", "cat;1", date=date)
        night(lake, date=date)
        put(lake, "a.csv", "horse;1", "cow;1", date=date)
        label_all(lake, planned(lake, "second", date))

    with ThreadPoolExecutor(3) as pool:
        done = list(pool.map(lambda date: publish(TINY, lake, date, "second"), dates))

    assert [(d.outcome, d.generation, d.records) for d in done] == [("committed", 2, 2)] * 3
    assert all(verify(TINY, lake, date).ok for date in dates)


@pytest.mark.parametrize("landed", [True, False])
def test_a_lost_answer_to_the_commit_is_read_back(lake, monkeypatch, landed):
    put(lake, "a.csv", "cat;1")
    label_all(lake, planned(lake))
    calls = []

    def lossy(table, *args, **more):
        calls.append(1)
        if landed or len(calls) > 1:
            COMMIT(table, *args, **more)
        if len(calls) == 1:
            raise OSError("connection reset")

    monkeypatch.setattr(DeltaTable, "create_write_transaction", lossy)
    done = publish(TINY, lake, DATE, "night")

    assert (done.outcome, len(calls)) == ("committed", 1 if landed else 2)
    assert len(generations(lake, "tiny", DATE)) == 1


def test_a_store_that_dies_with_the_commit_leaves_an_unknown_state_that_the_next_run_answers(
    lake, monkeypatch
):
    put(lake, "a.csv", "cat;1")
    label_all(lake, planned(lake))

    def last_words(table, *args, **more):
        COMMIT(table, *args, **more)
        monkeypatch.setattr(DeltaTable, "__init__", dead)
        raise OSError("connection reset")

    def dead(*args, **more):
        raise OSError("no route to host")

    with monkeypatch.context() as patch:
        patch.setattr(DeltaTable, "create_write_transaction", last_words)
        whole = DeltaTable.__init__
        with pytest.raises(UnavailableError) as fault:
            publish(TINY, lake, DATE, "night")
    monkeypatch.setattr(DeltaTable, "__init__", whole)

    assert fault.value.code == "NL-B003"
    assert publish(TINY, lake, DATE, "night").outcome == "already"


def test_a_table_that_was_set_back_is_not_built_on(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)
    put(folder_lake, "b.csv", "cat;1")
    label_all(folder_lake, planned(folder_lake, "second"))
    for entry in list(folder_lake.list("tiny/labels/_delta_log")):
        if not entry.key.endswith("0000.json"):
            folder_lake.delete(entry.key)

    assert refused(folder_lake, "second").code == "NL-N003"


def test_a_relabelled_night_that_lost_the_race_is_not_taken_for_done(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)
    other = champion("2", "f" * 64)
    label_all(folder_lake, planned(folder_lake, "other", model=other, reason="relabel"), Parity("f" * 64))
    put(folder_lake, "late.csv", "frog;1")
    night(folder_lake, "late")

    assert refused(folder_lake, "other").code == "NL-E001"
    assert verify(TINY, folder_lake, NEXT).state == "not run"


def replayed_beside_a_night_for_late_files(lake):
    """Leave a file in quarantine, a labelled replay of it, and a newer generation."""
    broken = reading_like(lambda payload, *, labelled: 1 / 0)
    put(lake, "a.csv", "cat;1")
    for shard in plan(broken, lake, DATE, "night", champion(), commit="abc").shards:
        label_shard(broken, lake, DATE, "night", shard.name, Parity())
    publish(broken, lake, DATE, "night")
    replay = planned(lake, "replay", reason="replay")
    put(lake, "late.csv", "frog;1")
    night(lake, "late")
    label_all(lake, replay)


def test_a_replay_that_lost_the_race_is_not_taken_for_done(lake):
    replayed_beside_a_night_for_late_files(lake)

    refusal = refused(lake, "replay")

    assert refusal.code == "NL-E001"
    assert refusal.advice.startswith(f"nightlabel quarantine {DATE} --usecase tiny --replay")
    assert night(lake, "again", reason="replay").outcome == "committed"
    assert set(read_labels(lake, "tiny", DATE)["outcome"]) == {"labelled"}


def test_a_night_for_a_changed_file_that_lost_the_race_is_not_taken_for_done(folder_lake):
    entry = put(folder_lake, "a.csv", "cat;1")
    made = planned(folder_lake)
    file = Path(unquote(urlsplit(folder_lake.uri).path), entry.key)
    aside = file.rename(file.with_name("aside"))
    label_all(folder_lake, made)
    publish(TINY, folder_lake, DATE, "night")
    aside.rename(file)  # it is there again, in the version of the first plan
    label_all(folder_lake, planned(folder_lake, "second"))
    file.rename(aside)
    put(folder_lake, "late.csv", "frog;1")
    night(folder_lake, "late")

    assert refused(folder_lake, "second").code == "NL-E001"
