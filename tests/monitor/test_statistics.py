"""The statistics keep their meaning at any size of the window."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.contract.card import DriftColumn
from nightlabel.monitor.drift.statistics import drifted, measure, psi_of_numbers, statistic

AMOUNTS = np.random.default_rng(5).lognormal(3, 1, 5_000)
finite = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60).map(np.array)


@given(finite, finite)
def test_the_index_is_never_negative(reference, current):
    assert psi_of_numbers(reference, current) >= 0


@given(finite)
def test_a_sample_does_not_drift_from_itself(values):
    assert psi_of_numbers(values, values) == 0


@given(finite, finite)
def test_the_index_does_not_depend_on_the_order(reference, current):
    assert psi_of_numbers(reference, current[::-1]) == psi_of_numbers(reference, current)


def test_the_index_is_that_of_the_textbook():
    reference = np.arange(100.0)  # ten values in each decile
    current = np.concatenate([np.arange(50.0), np.arange(50.0)])  # 0.2 in five bins, none in the others
    by_hand = 5 * (0.2 - 0.1) * np.log(2) + 5 * (1e-4 - 0.1) * np.log(1e-4 / 0.1)

    assert psi_of_numbers(reference, current) == pytest.approx(by_hand)


def test_doubled_amounts_are_seen_although_nearly_all_are_small():
    few = AMOUNTS[:350]

    assert psi_of_numbers(AMOUNTS, few) < 0.1
    assert psi_of_numbers(AMOUNTS, few * 2) > 0.2


@pytest.mark.parametrize("rows", [350, 5_000, 50_000])
@pytest.mark.parametrize("method", ["psi", "wasserstein", "jensenshannon"])
def test_the_answer_does_not_depend_on_the_number_of_rows(method, rows):
    rule = DriftColumn(kind="number", method=method, threshold=0.2)
    draw = np.random.default_rng(3)
    still, moved = draw.normal(0, 1, rows), draw.normal(1, 1, rows)
    reference = pd.Series(draw.normal(0, 1, 10_000))

    assert not drifted(rule, measure(rule, reference, pd.Series(still)))
    assert drifted(rule, measure(rule, reference, pd.Series(moved)))


def test_a_p_value_drifts_downwards():
    rule = DriftColumn(kind="number", method="ks", threshold=0.001)
    reference, draw = pd.Series(AMOUNTS), np.random.default_rng(4)

    assert not drifted(rule, measure(rule, reference, pd.Series(draw.lognormal(3, 1, 350))))
    assert drifted(rule, measure(rule, reference, pd.Series(draw.lognormal(4, 1, 350))))


def test_the_method_is_fixed_by_the_card_alone():
    names = {
        (kind, method): statistic(DriftColumn(kind=kind, method=method, threshold=0.1))
        for kind in ("number", "category")
        for method in ("psi", "jensenshannon")
    }

    assert names == {
        ("number", "psi"): "psi_deciles",
        ("number", "jensenshannon"): "jensenshannon",
        ("category", "psi"): "psi",
        ("category", "jensenshannon"): "jensenshannon",
    }
