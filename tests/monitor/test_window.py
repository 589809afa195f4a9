"""The window is long enough or says that it is not; its records are inputs beside their predictions."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel import catalog
from nightlabel.contract import Monitoring
from nightlabel.monitor.window import choose, current
from nightlabel.store import open_uri
from tests.monitor.conftest import WATCHED

RULE = Monitoring.model_validate({"columns": WATCHED, "window_rows": 200, "window_nights": 5})
NIGHT = "2026-01-31"
nights = st.dictionaries(st.dates().map(str), st.integers(0, 300), min_size=1)
HEADER = (
    "id;safra_abertura;cidade;estado;idade;sexo;limite_total;limite_disp;data;valor;"
    "cidade_estabelecimento;pais_estabelecimento"
)
LINE = "9;201405;SANTOS;SP;37;F;4700;5605;4.12.2019;{};OSASCO;BR"


@given(nights)
def test_a_window_ends_with_its_night_and_is_no_longer_than_it_must_be(rows):
    date = sorted(rows)[len(rows) // 2]
    window = choose(rows, date, RULE)

    assert window.nights[-1] == date
    assert len(window.nights) <= RULE.window_nights
    assert window.rows == sum(rows[night] for night in window.nights)
    assert window.rows - rows[window.nights[0]] < RULE.window_rows


@given(nights)
def test_a_window_is_enough_exactly_if_it_reaches_the_card_s_rows(rows):
    window = choose(rows, max(rows), RULE)

    assert window.enough == (window.rows >= RULE.window_rows)


def test_a_small_night_is_joined_by_older_ones_and_never_by_later_ones():
    rows = {"2026-01-28": 90, "2026-01-29": 90, "2026-01-30": 90, NIGHT: 40, "2026-02-01": 999}

    assert choose(rows, NIGHT, RULE).nights == ("2026-01-29", "2026-01-30", NIGHT)


def test_all_nights_together_may_be_too_few():
    window = choose({NIGHT: 12, "2026-01-30": 12}, NIGHT, RULE)

    assert (window.enough, window.rows) == (False, 24)


@pytest.fixture
def usecase():
    return catalog.load("card_spending")


@pytest.fixture
def store():
    return open_uri("memory://")


def deliver(store, name: str, amounts: list[str]) -> pd.DataFrame:
    """Put one file into the inbox and give its rows of the labels table."""
    text = "\n".join([HEADER, *(LINE.format(amount) for amount in amounts)])
    key = f"card_spending/inbox/date={NIGHT}/{name}"
    version = store.put(key, text.encode()).version
    rows = pd.DataFrame({"row": range(len(amounts))})
    return rows.assign(
        date=NIGHT,
        outcome="labelled",
        source=key,
        source_version=version,
        label=[f"label {amount}" for amount in amounts],
        confidence=0.5,
    )


def test_inputs_stand_beside_the_prediction_of_the_same_record(usecase, store):
    labels = pd.concat([deliver(store, "a.csv", ["1", "2"]), deliver(store, "b.csv", ["3", "4"])])
    frame = current(usecase, store, labels.sample(4, random_state=0)).frame

    assert [f"label {value:.0f}" for value in frame["valor"]] == frame["label"].tolist()
    assert set(frame) == set(usecase.card.monitoring.columns)


def test_quarantined_records_are_left_out(usecase, store):
    labels = deliver(store, "a.csv", ["1", "no amount", "3"])
    labels.loc[1, ["outcome", "label"]] = ["quarantined", None]

    assert [float(value) for value in current(usecase, store, labels).frame["valor"]] == [1, 3]


def test_a_file_that_changed_since_is_left_out_and_counted(usecase, store):
    labels = pd.concat([deliver(store, "a.csv", ["1"]), deliver(store, "b.csv", ["2", "3"])])
    deliver(store, "b.csv", ["9", "9", "9"])
    found = current(usecase, store, labels)

    assert (len(found.frame), found.unread) == (1, 1)


@pytest.mark.parametrize("limits", [{"records": 6}, {"files": 3}])
def test_a_large_night_is_sampled_and_the_same_seed_gives_the_same_sample(usecase, store, limits):
    labels = pd.concat([deliver(store, f"{n}.csv", [f"{n}1", f"{n}2"]) for n in range(1, 9)])
    first, again = (current(usecase, store, labels, seed=4, **limits).frame for _ in range(2))

    assert len(first) == 6
    assert first.equals(again)
    assert not first.equals(current(usecase, store, labels, seed=5, **limits).frame)


def test_no_file_is_read_where_the_labels_carry_all_that_is_watched(usecase, store):
    labels = deliver(store, "a.csv", ["1", "2"]).assign(**dict.fromkeys(usecase.card.monitoring.columns, 1))
    store.delete(labels["source"].iloc[0])

    assert len(current(usecase, store, labels).frame) == 2


def test_a_night_without_labels_has_no_records(usecase, store):
    assert len(current(usecase, store, pd.DataFrame()).frame) == 0
