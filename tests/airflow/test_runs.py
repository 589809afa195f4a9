"""Names of runs are safe and never shared; label dates are local dates, on long and short days too."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.catalog import usecases
from nightlabel.monitor.lateness import last_due
from nightlabel_airflow import house
from nightlabel_airflow.runs import key, label_date

SAO_PAULO, BERLIN = ZoneInfo("America/Sao_Paulo"), ZoneInfo("Europe/Berlin")
RUN_IDS = st.text(st.sampled_from("aZ0_-.:+~"), min_size=1, max_size=250)


def scheduled(text):
    return SimpleNamespace(logical_date=datetime.fromisoformat(text), run_after=None)


@given(RUN_IDS)
def test_a_key_is_safe(run_id):
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}", key(run_id))


@given(RUN_IDS, RUN_IDS)
def test_two_runs_never_share_a_key(one, other):
    assert (key(one) == key(other)) == (one == other)


def test_a_safe_run_id_stays_as_it_is():
    assert key("demo-20260131_2") == "demo-20260131_2"


def test_the_date_that_a_person_asks_for_wins():
    assert label_date(scheduled("2026-02-01T06:00Z"), "2020-02-29", zone=SAO_PAULO) == "2020-02-29"


@pytest.mark.parametrize("text", ["2026-02-30", "20260230x", "tomorrow", "../x"])
def test_what_is_no_date_is_refused(text):
    with pytest.raises(ValueError, match=r"\S"):
        label_date(scheduled("2026-02-01T06:00Z"), text, zone=SAO_PAULO)


@pytest.mark.parametrize(
    ("moment", "date"),
    [
        ("2026-02-01T02:59:59Z", "2026-01-31"),
        ("2026-02-01T03:00:00Z", "2026-02-01"),
        ("2024-02-29T12:00:00Z", "2024-02-29"),
        ("2027-01-01T02:00:00Z", "2026-12-31"),
    ],
)
def test_a_scheduled_night_labels_the_local_date(moment, date):
    assert label_date(scheduled(moment), None, zone=SAO_PAULO) == date


def test_a_night_without_a_logical_date_labels_the_local_date_of_its_start():
    by_hand = SimpleNamespace(logical_date=None, run_after=datetime(2026, 2, 1, 1, 0, tzinfo=UTC))

    assert label_date(by_hand, None, zone=SAO_PAULO) == "2026-01-31"


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)])
def test_every_hour_of_a_short_or_long_day_has_its_date(day, hours):
    start = datetime.fromisoformat(day).replace(tzinfo=BERLIN).astimezone(UTC)
    moments = [(start + timedelta(hours=n)).isoformat() for n in range(hours)]

    assert {label_date(scheduled(m), None, zone=BERLIN) for m in moments} == {day}
    assert label_date(scheduled((start + timedelta(hours=hours)).isoformat()), None, zone=BERLIN) != day


@pytest.mark.parametrize(
    ("zone", "start"), [("Europe/Berlin", "2026-10-20"), ("America/New_York", "2026-03-05")]
)
@pytest.mark.parametrize("schedule", ["0 3 * * *", "30 23 * * *", "0 1 * * 1-5"])
def test_the_nights_that_airflow_schedules_are_the_nights_that_are_due(schedule, zone, start):
    from airflow.sdk import DAG  # noqa: PLC0415
    from airflow.serialization.serialized_objects import DagSerialization  # noqa: PLC0415

    card = usecases()[0].model_copy(update={"schedule": schedule, "timezone": zone})
    begin = datetime.fromisoformat(start).replace(tzinfo=UTC)
    dag = DAG("d", schedule=house.every_night(card), start_date=begin, catchup=True)
    served = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    nights = list(served.iter_dagrun_infos_between(begin, begin + timedelta(days=12)))
    assert len(nights) >= 8
    for info in nights:
        due = last_due(card, info.run_after + card.deadline + timedelta(seconds=1))

        assert due.date == label_date(info, None, zone=ZoneInfo(zone))
        assert due.deadline == info.run_after + card.deadline
