"""A night that was killed goes on where it ended, in the same run or in a new one."""

import pytest

from nightlabel.errors import RefusedError
from nightlabel.label import generations, label_shard, publish, read_labels, read_plan, share, verify
from nightlabel.label.papers import Receipt
from nightlabel.label.receipts import receipt_key
from tests.label.nights import DATE, TINY, Parity, champion, label_all, night, planned, put


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch):
    monkeypatch.setattr(share, "SHARD_WEIGHT", share.FILE_WEIGHT)


def fill(lake, files=9):
    for n in range(files):
        put(lake, f"{n}.csv", "cat;1", f"frog;{n}")


def cut_off(lake, run="first", shards=2, **asked):
    """A night that was killed when some of its shards were done."""
    made = planned(lake, run, **asked)
    label_all(lake, made.model_copy(update={"shards": made.shards[:shards]}))
    return made


def own(made):
    return [shard for shard in made.shards if shard.origin is None]


def frames(lake, made):
    """Label the plan's shards; give the number of records that were labelled in doing so."""
    labeller = Parity(made.model.sha256)
    label_all(lake, made, labeller)
    return sum(map(len, labeller.frames))


def test_a_run_that_is_repeated_does_only_what_is_left(lake):
    fill(lake)
    made = cut_off(lake)

    attempts = {r.attempt for r in label_all(lake, made) if not r.superseded}

    assert len(attempts) == len(made.shards) - 2
    assert publish(TINY, lake, DATE, "first").records == 18


def test_a_new_run_takes_over_the_shards_that_are_done(lake):
    fill(lake)
    first = cut_off(lake)

    second = planned(lake, "second")

    left = sum(shard.files for shard in first.shards[2:])
    assert {s.origin.shard for s in second.shards if s.origin} == {s.name for s in first.shards[:2]}
    assert (second.files, sum(s.files for s in own(second))) == (9, left)
    assert frames(lake, second) == 2 * left
    assert publish(TINY, lake, DATE, "second").records == 18
    assert verify(TINY, lake, DATE).ok


def test_a_night_all_of_whose_shards_are_done_has_only_to_be_published(lake):
    fill(lake)
    cut_off(lake, shards=3)

    second = planned(lake, "second")

    assert own(second) == []
    assert publish(TINY, lake, DATE, "second").outcome == "committed"
    assert verify(TINY, lake, DATE).ok


def test_a_third_run_takes_over_from_the_first_and_the_second(lake):
    fill(lake)
    cut_off(lake, shards=1)
    second = planned(lake, "second")
    label_shard(TINY, lake, DATE, "second", own(second)[0].name, Parity())

    third = planned(lake, "third")

    assert {s.origin.run for s in third.shards if s.origin} == {"first", "second"}
    assert third.files == 9
    label_all(lake, third)
    assert publish(TINY, lake, DATE, "third").records == 18
    assert verify(TINY, lake, DATE).ok


@pytest.mark.parametrize("order", [("first", "second"), ("second", "first")])
def test_whichever_run_publishes_first_there_is_one_generation_and_each_record_once(lake, order):
    fill(lake)
    first = cut_off(lake)
    second = planned(lake, "second")
    label_all(lake, first)
    label_all(lake, second)

    outcomes = [publish(TINY, lake, DATE, run).outcome for run in order]

    assert outcomes == ["committed", "noop"]
    assert len(generations(lake, "tiny", DATE)) == 1
    assert len(read_labels(lake, "tiny", DATE)) == 18
    assert verify(TINY, lake, DATE).ok


def test_an_old_run_that_is_repeated_after_the_one_that_took_over_changes_nothing(lake):
    fill(lake)
    first = cut_off(lake)
    night(lake, "second")
    put(lake, "late.csv", "owl;1")
    night(lake, "third")

    label_all(lake, first)

    put(lake, "0.csv", "changed;1")
    night(lake, "fourth")

    with pytest.raises(RefusedError) as refusal:
        publish(TINY, lake, DATE, "first")
    assert refusal.value.code == "NL-E001"
    assert len(read_labels(lake, "tiny", DATE)) == 18
    assert verify(TINY, lake, DATE).ok


def test_a_shard_with_a_file_that_changed_since_is_done_again(lake):
    fill(lake)
    first = cut_off(lake)
    changed = first.shards[0]
    source = next(n for n in range(9) if str(n) in _files(lake, first, changed))
    put(lake, f"{source}.csv", "other;1")

    second = planned(lake, "second")

    assert [s.origin.shard for s in second.shards if s.origin] == [first.shards[1].name]
    label_all(lake, second)
    assert publish(TINY, lake, DATE, "second").records == 17
    assert verify(TINY, lake, DATE).ok


def _files(lake, made, shard):
    from nightlabel.label import inputs  # noqa: PLC0415 - needed here alone

    return {i.source.rpartition("/")[2].removesuffix(".csv") for i in inputs.stream(lake, made, shard)}


@pytest.mark.parametrize(
    "asked", [{"model": champion("2", "f" * 64)}, {"image": "repo@sha256:2"}], ids=["model", "code"]
)
def test_another_model_or_code_takes_nothing_over(folder_lake, asked):
    fill(folder_lake)
    cut_off(folder_lake)

    assert own(planned(folder_lake, "second", **asked)) == list(
        planned(folder_lake, "second", **asked).shards
    )


def test_a_replay_takes_nothing_over_from_a_night(folder_lake):
    put(folder_lake, "bad.csv", "cat;x")
    night(folder_lake, "first")
    put(folder_lake, "good.csv", "cat;1")
    label_all(folder_lake, planned(folder_lake, "second"))

    assert all(s.origin is None for s in planned(folder_lake, "again", reason="replay").shards)


def test_a_receipt_whose_data_is_gone_is_not_taken_over(lake):
    fill(lake)
    first = cut_off(lake)
    receipt = Receipt.opened(lake.get(receipt_key(first, first.shards[0].name)))
    lake.delete(f"tiny/labels/{receipt.data[0].path}")

    second = planned(lake, "second")

    assert [s.origin.shard for s in second.shards if s.origin] == [first.shards[1].name]


def test_what_a_night_took_over_is_not_its_own_pace(folder_lake):
    from nightlabel.label import read_summary  # noqa: PLC0415 - needed here alone

    fill(folder_lake)
    cut_off(folder_lake, shards=3)
    planned(folder_lake, "second")
    publish(TINY, folder_lake, DATE, "second")

    found = read_summary(folder_lake, "tiny", DATE, "second")
    assert (found.pace, found.records, found.seconds) == (None, 18, 0.0)
    assert read_plan(folder_lake, "tiny", DATE, "second").files == 9
