"""What another model would say to last night, and how the labels' columns may grow."""

from dataclasses import replace

import pytest

from nightlabel.errors import RefusedError
from nightlabel.label import plan, read_labels, relabel
from tests.label.nights import DATE, TINY, Parity, champion, night, put


def carrying(*names):
    return replace(TINY, card=TINY.card.model_copy(update={"carry": names}))


def test_old_and_new_labels_stand_side_by_side_and_nothing_is_written(lake):
    put(lake, "a.csv", "cat;1", "frog;x", "frog;2")
    gone = put(lake, "gone.csv", "bee;1")
    night(lake)
    lake.delete(gone.key)
    objects = set(lake.list("tiny"))

    found = relabel(TINY, lake, DATE, Parity(odd="other"))

    assert found[["row", "old_label", "new_label"]].to_numpy().tolist() == [
        [0, "odd", "other"],
        [2, "even", "even"],
    ]
    assert found["old_confidence"].tolist() == found["new_confidence"].tolist()
    assert set(lake.list("tiny")) == objects


def test_a_date_that_was_not_labelled_has_nothing_to_compare(folder_lake):
    assert relabel(TINY, folder_lake, DATE, Parity()).empty


def test_a_column_that_the_card_carries_later_joins_the_table(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)
    put(folder_lake, "b.csv", "cow;2")

    plan(carrying("amount", "word"), folder_lake, DATE, "second", champion(), commit="")

    assert "word" in read_labels(folder_lake, "tiny", DATE).columns


@pytest.mark.parametrize("name", ["run", "date", "missing"])
def test_a_column_that_cannot_be_carried_is_refused(folder_lake, name):
    with pytest.raises(RefusedError) as refusal:
        plan(carrying(name), folder_lake, DATE, "night", champion(), commit="")

    assert (refusal.value.code, refusal.value.facts["column"]) == ("NL-N005", name)
