"""Rare classes and new rows count more, and the mean weight is one."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.train.weights import class_weights, recency_weights, row_weights

rows = st.lists(st.integers(1, 10_000), min_size=1, max_size=30).map(np.array)
beta = st.floats(0, 0.9999)
days = st.lists(st.integers(0, 400), min_size=1, max_size=40).map(
    lambda ages: pd.Series(pd.Timestamp("2020-01-01") - pd.to_timedelta(ages, unit="D"))
)


@given(rows, beta)
def test_a_rarer_class_never_weighs_less(rows, beta):
    rare_first = class_weights(rows, beta)[np.argsort(rows)]

    assert (np.diff(rare_first) <= 1e-5).all()


def test_a_class_without_rows_is_refused_by_position():
    with pytest.raises(RefusedError) as refusal:
        class_weights(np.array([3, 0, 7]))

    assert refusal.value.facts == {"classes": [1]}


@pytest.mark.parametrize("beta", [-0.1, 1.0, float("nan")])
def test_a_beta_out_of_range_is_refused(beta):
    with pytest.raises(RefusedError):
        class_weights(np.array([3, 7]), beta)


@given(days, st.floats(1, 1000))
def test_an_older_row_never_weighs_more(times, half_life):
    weights = recency_weights(times, half_life)

    assert (np.diff(weights[np.argsort(times)]) >= -1e-12).all()
    assert weights.mean() == pytest.approx(1)


def test_a_row_counts_half_after_one_half_life():
    old, new = recency_weights(pd.Series(pd.to_datetime(["2020-01-01", "2020-01-31"])), 30)

    assert old / new == pytest.approx(0.5)


@given(days, beta)
def test_rows_of_one_class_and_age_weigh_the_same(times, beta):
    weights = row_weights(np.zeros(len(times), dtype=np.int64), times, beta=beta, half_life_days=0)

    assert np.allclose(weights, 1, atol=1e-5)
