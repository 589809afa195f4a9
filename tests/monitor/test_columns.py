"""What cannot be compared says why; what can be compared is made comparable."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nightlabel.contract.card import DriftColumn
from nightlabel.errors import RefusedError
from nightlabel.monitor.drift.columns import REST, pair

NUMBER = DriftColumn(kind="number", method="psi", threshold=0.2)
CATEGORY = DriftColumn(kind="category", method="psi", threshold=0.2)
GOOD = pd.DataFrame({"x": np.arange(100.0)})
NAMES = pd.DataFrame({"x": ["a"] * 60 + ["b"] * 40})


@pytest.mark.parametrize(
    ("code", "current"),
    [
        ("NL-M001", GOOD.head(0)),
        ("NL-M002", GOOD.rename(columns={"x": "y"})),
        ("NL-M003", GOOD.assign(x=np.nan)),
        ("NL-M004", GOOD.replace(7.0, np.inf)),
        ("NL-M005", GOOD.head(1)),
        ("NL-M007", GOOD.assign(x="twelve")),
    ],
)
def test_a_window_that_cannot_be_compared_says_why(code, current):
    with pytest.raises(RefusedError) as refusal:
        pair("x", NUMBER, GOOD, current)

    assert (refusal.value.code, refusal.value.facts) == (code, {"column": "x"})


def test_a_snapshot_without_the_column_is_no_comparison_either():
    with pytest.raises(RefusedError) as refusal:
        pair("x", CATEGORY, NAMES[[]], NAMES)

    assert refusal.value.code == "NL-M002"


def test_a_constant_snapshot_gives_no_unit_to_a_distance():
    with pytest.raises(RefusedError) as refusal:
        pair("x", NUMBER, GOOD.assign(x=5.0), GOOD)

    assert refusal.value.code == "NL-M006"


def test_a_column_of_ids_has_no_categories():
    ids = pd.DataFrame({"x": [f"id {n}" for n in range(1_000)]})
    with pytest.raises(RefusedError) as refusal:
        pair("x", CATEGORY, ids, ids)

    assert refusal.value.code == "NL-M006"


def test_values_that_the_snapshot_hardly_knows_lose_their_name():
    now = pd.DataFrame({"x": ["a", "b", "415-503-9235", "Maria Silva"]})

    assert pair("x", CATEGORY, NAMES, now).current.tolist() == ["a", "b", REST, REST]


def test_a_missing_category_is_a_category():
    now = pd.DataFrame({"x": ["a", None, None]})
    both = pair("x", CATEGORY, pd.concat([NAMES, pd.DataFrame({"x": [None] * 10})]), now)

    assert both.current.tolist() == ["a", "(missing)", "(missing)"]


def test_predictions_of_records_in_the_fit_are_left_out():
    taken = pd.DataFrame({"confidence": [np.nan] * 50 + [0.5, 0.7, 0.9]})
    both = pair("confidence", NUMBER, taken, taken.tail(3))

    assert both.reference.tolist() == [0.5, 0.7, 0.9]
    assert both.missing_more == 0


def test_decimals_and_arrow_numbers_are_numbers():
    now = GOOD.astype({"x": pd.ArrowDtype(pa.decimal128(12, 2))})

    assert pair("x", NUMBER, GOOD, now).current.tolist() == GOOD["x"].tolist()
