"""Cleaning removes what nobody names, and never what a reader, a run or a repetition may need."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.label import clean, label_shard, publish, read_labels, verify
from nightlabel.label.names import labels
from tests.label.nights import DATE, TINY, Parity, champion, label_all, left_half_done, night, planned, put

NIGHTLABEL = Path(sys.executable).with_name("nightlabel")


def in_days(days):
    return lambda: datetime.now(UTC) + timedelta(days=days)


def cleaned(lake, days=8, **asked):
    return clean(lake, "tiny", clock=in_days(days), **asked)


def data_files(lake):
    return {entry.key for entry in lake.list(labels("tiny")) if entry.key.endswith(".parquet")}


def an_attempt_that_came_second(lake, run="night"):
    """Label a shard of a run once more without its receipt; gives the files that this leaves."""
    made, before = planned(lake, run), data_files(lake)
    receipts = [entry.key for entry in lake.list("tiny/nights") if "/receipts/" in entry.key]
    kept = {key: lake.get(key) for key in receipts}
    for key in kept:
        lake.delete(key)
    label_all(lake, made)
    for key in [entry.key for entry in lake.list("tiny/nights") if "/receipts/" in entry.key]:
        lake.delete(key)
    for key, body in kept.items():
        lake.put(key, body)
    return data_files(lake) - before


def test_what_an_attempt_that_came_second_left_is_named_and_then_deleted(folder_lake):
    put(folder_lake, "a.csv", "one;1", "three;2")
    night(folder_lake)
    left = an_attempt_that_came_second(folder_lake)

    assert set(cleaned(folder_lake).files) == left
    assert left <= data_files(folder_lake)

    done = cleaned(folder_lake, delete=True)
    assert (set(done.files), done.deleted, done.bytes > 0) == (left, True, True)
    assert not left & data_files(folder_lake)
    assert verify(TINY, folder_lake, DATE).ok
    assert cleaned(folder_lake).files == ()


def test_a_receipt_whose_upload_a_killed_pod_left_half_done_is_none(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    night(folder_lake)
    left = an_attempt_that_came_second(folder_lake)
    left_half_done(folder_lake, f"tiny/nights/{DATE}")

    assert set(cleaned(folder_lake).files) == left
    assert verify(TINY, folder_lake, DATE).ok


def test_younger_files_stay(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    night(folder_lake)
    an_attempt_that_came_second(folder_lake)

    assert cleaned(folder_lake, days=6, delete=True).files == ()
    with pytest.raises(RefusedError) as refusal:
        clean(folder_lake, "tiny", days=6)
    assert refusal.value.code == "NL-E008"


def test_a_slow_writer_of_a_run_that_may_still_be_published_is_left_alone(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    made = planned(folder_lake)
    label_all(folder_lake, made)
    an_attempt_that_came_second(folder_lake)
    before = data_files(folder_lake)

    found = cleaned(folder_lake, days=30, delete=True)

    assert (found.files, dict(found.left)) == ((), {DATE: "run night may still be published"})
    assert data_files(folder_lake) == before
    publish(TINY, folder_lake, DATE, "night")
    assert verify(TINY, folder_lake, DATE).ok


def test_after_a_commit_of_unknown_state_nothing_that_a_repetition_needs_is_deleted(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    label_all(folder_lake, planned(folder_lake))
    before = data_files(folder_lake)

    assert cleaned(folder_lake, days=30, delete=True).files == ()

    assert data_files(folder_lake) == before
    publish(TINY, folder_lake, DATE, "night")
    assert len(read_labels(folder_lake, "tiny", DATE)) == 1


def test_files_of_every_generation_stay_also_of_those_that_were_replaced(folder_lake):
    put(folder_lake, "a.csv", "one;1", "two;2")
    put(folder_lake, "b.csv", "four;4")
    night(folder_lake, "first")
    put(folder_lake, "a.csv", "five;5")
    night(folder_lake, "second")
    put(folder_lake, "b.csv", "six;6")
    night(folder_lake, "third")
    before = data_files(folder_lake)

    assert cleaned(folder_lake, days=400, delete=True).files == ()
    assert data_files(folder_lake) == before


def test_a_run_that_was_overtaken_holds_up_nothing_and_its_receipts_keep_their_files(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    slow = planned(folder_lake, "slow")
    night(folder_lake, "fast")
    receipt = label_shard(TINY, folder_lake, DATE, "slow", slow.shards[0].name, Parity(champion().sha256))
    left = an_attempt_that_came_second(folder_lake, "slow")

    found = cleaned(folder_lake, delete=True)

    assert set(found.files) == left
    assert {f"{labels('tiny')}/{file.path}" for file in receipt.data} <= data_files(folder_lake)


def test_files_of_other_engines_and_of_people_are_not_looked_at(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    night(folder_lake)
    theirs = f"{labels('tiny')}/date={DATE}/outcome=labelled/part-00000-compacted.zstd.parquet"
    folder_lake.put(theirs, b"theirs")

    assert cleaned(folder_lake, days=400, delete=True).files == ()
    assert folder_lake.head(theirs)


def test_with_a_log_that_is_not_whole_nothing_is_deleted(folder_lake):
    put(folder_lake, "a.csv", "one;1")
    night(folder_lake)
    an_attempt_that_came_second(folder_lake)
    before = data_files(folder_lake)
    folder_lake.delete(f"{labels('tiny')}/_delta_log/{0:020}.json")

    with pytest.raises(UnavailableError) as failure:
        cleaned(folder_lake, delete=True)

    assert failure.value.code == "NL-B003"
    assert data_files(folder_lake) == before


def hide(folder_lake, monkeypatch, hidden):
    """Leave some keys out of listings, as a store may that is not up to date."""
    whole = type(folder_lake).list
    monkeypatch.setattr(
        type(folder_lake), "list", lambda *call: (e for e in whole(*call) if not hidden(e.key))
    )


@pytest.mark.parametrize("hidden", [lambda key: "_delta_log" in key, lambda key: key.endswith("01.json")])
def test_a_listing_that_lacks_commits_deletes_nothing(folder_lake, monkeypatch, hidden):
    put(folder_lake, "a.csv", "one;1")
    night(folder_lake)
    before = data_files(folder_lake)
    hide(folder_lake, monkeypatch, hidden)

    with pytest.raises(UnavailableError) as failure:
        cleaned(folder_lake, delete=True)

    assert failure.value.code == "NL-B003"
    assert data_files(folder_lake) == before
    assert len(read_labels(folder_lake, "tiny", DATE)) == 1


def test_a_file_of_the_table_stays_whatever_the_commits_say(folder_lake, monkeypatch):
    put(folder_lake, "a.csv", "one;1")
    night(folder_lake)
    before = data_files(folder_lake)
    monkeypatch.setattr(sys.modules[clean.__module__], "_paths", lambda _: iter(()))
    for entry in list(folder_lake.list("tiny/nights")):
        if "/receipts/" in entry.key:
            folder_lake.delete(entry.key)

    assert cleaned(folder_lake, delete=True).files == ()
    assert data_files(folder_lake) == before


def test_the_command_says_what_it_would_delete(folder_place):
    command = [NIGHTLABEL, "clean", "-u", "card_spending", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert json.loads(done.stdout) == {"would delete": 0, "bytes": 0, "files": [], "left": {}}
