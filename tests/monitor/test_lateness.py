"""The last night that was due: its date and its deadline follow from the card and the clock."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.monitor.lateness import last_due

CARD = catalog.load("card_spending").card
SHORT_AND_LONG = [datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)]
moments = st.integers(1_577_836_800, 1_893_456_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def card(schedule="0 3 * * *", zone="America/Sao_Paulo", minutes=30):
    return CARD.model_copy(update={"schedule": schedule, "timezone": zone, "deadline_minutes": minutes})


def at(text, zone="America/Sao_Paulo"):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("now", "date"),
    [
        ("2026-01-31 03:00:01", "2026-01-30"),
        ("2026-01-31 03:29:59", "2026-01-30"),
        ("2026-01-31 03:30:01", "2026-01-31"),
        ("2026-02-01 03:29:59", "2026-01-31"),
        ("2027-01-01 03:30:01", "2027-01-01"),
    ],
)
def test_a_night_is_due_once_its_deadline_has_passed(now, date):
    assert last_due(card(), at(now)).date == date


def test_the_date_is_that_of_the_cards_zone():
    assert last_due(card("30 23 * * *"), datetime(2026, 2, 1, 4, 0, tzinfo=UTC)).date == "2026-01-31"


def test_the_deadline_is_a_moment_and_no_wall_clock():
    due = last_due(card("30 0 * * *", "Europe/Berlin", 180), at("2026-10-25 12:00", "Europe/Berlin"))

    assert due.deadline == datetime(2026, 10, 24, 22, 30, tzinfo=UTC) + timedelta(hours=3)


@given(moments, st.sampled_from(["America/Sao_Paulo", "Europe/Berlin", "Pacific/Apia", "UTC"]))
def test_no_deadline_is_told_before_it_has_passed_and_none_is_left_out(now, zone):
    due = last_due(card(zone=zone), now)

    assert timedelta(0) <= now - due.deadline <= timedelta(hours=25)


@pytest.mark.parametrize("day", SHORT_AND_LONG)
def test_short_and_long_days_are_due_once_each(day):
    clock = [day + timedelta(minutes=10 * n) for n in range(3 * 24 * 6)]
    dates = [last_due(card(zone="Europe/Berlin"), now).date for now in clock]

    assert dates == sorted(dates)
    assert len(set(dates)) == 4


def test_a_night_of_weekdays_is_due_on_no_sunday():
    assert last_due(card("0 3 * * 1-5"), at("2026-02-01 12:00")).date == "2026-01-30"


@pytest.mark.parametrize("schedule", ["every night", "0 3 30 2 *", ""])
def test_a_schedule_without_a_night_is_refused(schedule):
    with pytest.raises(RefusedError, match=r"NL-U002 card_spending/usecase\.toml: schedule"):
        last_due(card(schedule), at("2026-02-01 12:00"))
