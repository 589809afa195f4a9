"""The split by time, and the name of the holdout."""

from datetime import date

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.version import holdout_digest, split
from nightlabel.version.roles import ROLES

MONTHS = {"holdout_months": 2, "validation_months": 1}
FIRST = [date(2019, month, 9) for month in range(1, 7)]  # a record in each month, so that no role is empty
days = st.lists(st.dates(date(2019, 1, 1), date(2019, 6, 30)), max_size=60).map(lambda more: FIRST + more)


def roles_of(times: list[date]) -> pd.Series:
    return split(pd.Series(times, dtype=pd.ArrowDtype(pa.date32())), **MONTHS)


@given(days)
def test_the_past_trains_the_next_month_selects_and_the_last_months_judge(times):
    roles = roles_of(times)
    by_role = {role: [t for t, r in zip(times, roles, strict=True) if r == role] for role in ROLES}

    assert max(by_role["fit"]) < min(by_role["validation"])
    assert max(by_role["validation"]) < min(by_role["holdout"])
    assert sum(map(len, by_role.values())) == len(times)


@given(days, st.randoms())
def test_the_order_of_the_rows_changes_no_role(times, random):
    roles = dict(zip(times, roles_of(times), strict=True))
    shuffled = random.sample(times, len(times))

    assert list(roles_of(shuffled)) == [roles[t] for t in shuffled]


@given(days, st.lists(st.dates(date(2019, 7, 1), date(2019, 12, 31)), min_size=1))
def test_later_records_move_the_boundaries_forward_only(times, later):
    between = [date(2019, month, 1) for month in range(7, max(later).month + 1)]
    rank = {role: place for place, role in enumerate(ROLES)}

    before, after = roles_of(times), roles_of(times + between + later)

    assert all(rank[now] <= rank[then] for then, now in zip(before, after, strict=False))


def test_the_last_month_counts_however_few_days_of_it_there_are():
    times = [date(2020, 1, 31), date(2020, 2, 29), date(2020, 3, 31), date(2020, 4, 1)]

    assert list(roles_of(times)) == ["fit", "validation", "holdout", "holdout"]


@pytest.mark.parametrize("kind", ["timestamp[us]", "date32[pyarrow]", "object"])
def test_dates_and_timestamps_are_split_alike_and_keep_their_index(kind):
    texts = pd.Series(["2020-01-01", "2020-02-01", "2020-03-31", "2020-04-30"], index=[7, 5, 3, 1])
    times = pd.to_datetime(texts)
    times = {
        "timestamp[us]": times.astype("timestamp[us][pyarrow]"),
        "date32[pyarrow]": times.dt.date.astype(pd.ArrowDtype(pa.date32())),
        "object": times.dt.date,
    }[kind]

    roles = split(times, **MONTHS)

    assert roles.to_dict() == {7: "fit", 5: "validation", 3: "holdout", 1: "holdout"}


@pytest.mark.parametrize(
    ("times", "missing"),
    [
        ([], "fit and validation and holdout"),
        ([date(2020, 4, 1)], "fit and validation"),
        ([date(2019, 1, 1), date(2020, 4, 1)], "validation"),
    ],
)
def test_a_role_without_records_is_refused_by_name(times, missing):
    with pytest.raises(RefusedError, match=f"no records for {missing}:") as refusal:
        split(pd.Series(times, dtype=object), **MONTHS)

    assert refusal.value.code == "NL-V002"


def test_a_record_without_a_time_has_no_role():
    with pytest.raises(RefusedError, match="1 records have no time"):
        split(pd.Series([date(2020, 1, 1), None]), **MONTHS)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 99)), unique=True), st.randoms())
def test_the_holdout_is_named_by_its_records_and_not_by_their_order(ids, random):
    frame = pd.DataFrame(ids, columns=["source_version", "row"])
    shuffled = pd.DataFrame(random.sample(ids, len(ids)), columns=["source_version", "row"])

    assert holdout_digest(shuffled[["row", "source_version"]]) == holdout_digest(frame)
    if ids:
        assert holdout_digest(frame.iloc[1:]) != holdout_digest(frame)
