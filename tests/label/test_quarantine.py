"""Quarantine is told with reasons and examples, and labelled again after a fix."""

import pytest

from nightlabel.errors import RefusedError
from nightlabel.label import label_shard, publish, quarantined, read_labels, replay, verify
from tests.label.nights import DATE, TINY, Parity, champion, night, put, reading_like


def replayed(lake, usecase=TINY, run="again"):
    made = replay(usecase, lake, DATE, run, champion(), commit="abc")
    for shard in made.shards:
        label_shard(usecase, lake, DATE, run, shard.name, Parity())
    return publish(usecase, lake, DATE, run)


def test_reasons_come_with_counts_and_escaped_examples(folder_lake):
    put(folder_lake, "a.csv", *("frog;x",) * 5, "bird")
    folder_lake.put(f"tiny/inbox/date={DATE}/b.csv", b"word;\x1b[31m\ncat;1")
    night(folder_lake)

    reasons = quarantined(TINY, folder_lake, DATE)

    assert reasons[["code", "records", "files"]].to_numpy().tolist() == [
        ["NL-A009", 5, 1],
        ["NL-A004", 1, 1],
        ["NL-A005", 1, 1],
    ]
    assert reasons["examples"].str.len().tolist() == [3, 1, 1]
    assert reasons["examples"][2] == [f"tiny/inbox/date={DATE}/a.csv row 5: 1 fields"]
    assert all(line.isprintable() for lines in reasons["examples"] for line in lines)


def test_nothing_in_quarantine_is_an_empty_frame(folder_lake):
    assert quarantined(TINY, folder_lake, DATE).empty
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)
    assert quarantined(TINY, folder_lake, DATE).empty


def test_replay_labels_whole_files_again_as_a_new_generation(lake):
    put(lake, "good.csv", "bee;1")
    lake.put(f"tiny/inbox/date={DATE}/bad.csv", b"WORD;amount\ncat;1\nfrog;2")
    night(lake)
    fixed = reading_like(lambda data, **how: TINY.schema.read(data.replace(b"WORD", b"word"), **how))

    done = replayed(lake, fixed)

    assert (done.outcome, done.generation, done.records) == ("committed", 2, 3)
    assert quarantined(TINY, lake, DATE).empty
    assert set(read_labels(lake, "tiny", DATE)["run"]) == {"night", "again"}
    assert verify(fixed, lake, DATE).ok


def test_replay_without_quarantine_changes_nothing(folder_lake):
    put(folder_lake, "good.csv", "bee;1")
    night(folder_lake)

    assert replayed(folder_lake).outcome == "noop"


def test_replay_of_a_date_that_was_not_run_is_refused(folder_lake):
    with pytest.raises(RefusedError) as refusal:
        replayed(folder_lake)

    assert refusal.value.code == "NL-N007"
