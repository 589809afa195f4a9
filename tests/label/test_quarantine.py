"""Quarantine is told with reasons and examples, and labelled again after a fix."""

import pytest

from nightlabel.errors import RefusedError
from nightlabel.label import label_shard, publish, quarantined, read_labels, replay, verify
from tests.label.nights import DATE, TINY, Parity, champion, night, put


def replayed(lake, run="again"):
    made = replay(TINY, lake, DATE, run, champion(), commit="abc")
    for shard in made.shards:
        label_shard(TINY, lake, DATE, run, shard.name, Parity())
    return publish(TINY, lake, DATE, run)


def test_reasons_come_with_counts_and_escaped_examples(lake):
    put(lake, "a.csv", *("frog;x",) * 5, "bird")
    lake.put(f"tiny/inbox/date={DATE}/b.csv", b"word;\x1b[31m\ncat;1")
    night(lake)

    reasons = quarantined(TINY, lake, DATE)

    assert reasons[["code", "records", "files"]].to_numpy().tolist() == [
        ["NL-A009", 5, 1],
        ["NL-A004", 1, 1],
        ["NL-A005", 1, 1],
    ]
    assert reasons["examples"].str.len().tolist() == [3, 1, 1]
    assert reasons["examples"][2] == [f"tiny/inbox/date={DATE}/a.csv row 5: 1 fields"]
    assert all(line.isprintable() for lines in reasons["examples"] for line in lines)


def test_nothing_in_quarantine_is_an_empty_frame(lake):
    assert quarantined(TINY, lake, DATE).empty
    put(lake, "a.csv", "cat;1")
    night(lake)
    assert quarantined(TINY, lake, DATE).empty


def test_replay_labels_whole_files_again_as_a_new_generation(lake, monkeypatch):
    put(lake, "good.csv", "bee;1")
    lake.put(f"tiny/inbox/date={DATE}/bad.csv", b"WORD;amount\ncat;1\nfrog;2")
    night(lake)
    read = TINY.schema.read
    monkeypatch.setattr(TINY.schema._module, "read", lambda data, **how: read(data.replace(b"WORD", b"word"), **how))

    done = replayed(lake)

    assert (done.outcome, done.generation, done.records) == ("committed", 2, 3)
    assert quarantined(TINY, lake, DATE).empty
    assert set(read_labels(lake, "tiny", DATE)["run"]) == {"night", "again"}
    assert verify(TINY, lake, DATE).ok


def test_replay_without_quarantine_changes_nothing(lake):
    put(lake, "good.csv", "bee;1")
    night(lake)

    assert replayed(lake).outcome == "noop"


def test_replay_of_a_date_that_was_not_run_is_refused(lake):
    with pytest.raises(RefusedError) as refusal:
        replayed(lake)

    assert refusal.value.code == "NL-N007"
