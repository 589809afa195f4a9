"""The training snapshot holds what is watched, and only predictions that the model could not know."""

import pandas as pd
import pytest

from nightlabel.errors import RefusedError
from nightlabel.monitor.reference import load, save, snapshot
from tests.monitor.conftest import records

PREDICTIONS = ["label", "confidence"]


@pytest.fixture
def trained() -> pd.DataFrame:
    return records(100, seed=1).assign(client="94873707154")


def test_a_snapshot_comes_back_as_it_was_taken(lake, card, trained):
    taken = snapshot(card, trained, trained[PREDICTIONS].tail(30))
    save(lake, card, "7", taken)

    pd.testing.assert_frame_equal(load(lake, card, "7"), taken.reset_index(drop=True))


def test_a_snapshot_holds_the_watched_columns_alone(card, trained):
    taken = snapshot(card, trained.drop(columns=PREDICTIONS), trained[PREDICTIONS])

    assert list(taken) == list(card.monitoring.columns)


def test_records_of_the_fit_have_no_prediction(card, trained):
    taken = snapshot(card, trained, trained[PREDICTIONS].tail(30))

    assert taken["confidence"].notna().sum() == 30
    assert taken["amount"].notna().all()


def test_a_snapshot_is_bounded_and_its_sample_is_seeded(card, trained):
    first, again = (snapshot(card, trained, trained[PREDICTIONS], records=10, seed=3) for _ in range(2))

    assert len(first) == 10
    assert first.equals(again)


def test_a_prediction_without_a_record_is_refused(card, trained):
    foreign = trained[PREDICTIONS].set_axis(trained.index + 60)
    with pytest.raises(RefusedError) as refusal:
        snapshot(card, trained, foreign)

    assert (refusal.value.code, refusal.value.facts["foreign"]) == ("NL-M011", 60)


def test_a_watched_column_that_is_not_there_is_refused_by_name(card, trained):
    with pytest.raises(RefusedError) as refusal:
        snapshot(card, trained.drop(columns="city"), trained[PREDICTIONS])

    assert refusal.value.facts["columns"] == ["city"]


def test_a_version_without_a_snapshot_says_what_to_do(lake, card):
    with pytest.raises(RefusedError) as refusal:
        load(lake, card, "8")

    assert refusal.value.code == "NL-M009"
    assert "nightlabel register" in refusal.value.advice
