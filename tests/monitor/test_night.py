"""What a night tells its agent and its people, over UDP; and what is kept where nobody listens."""

import numpy as np
import pandas as pd
import pytest

from nightlabel.label import read_summary
from nightlabel.monitor import reference
from nightlabel.monitor.metrics import metrics
from nightlabel.settings import settings
from nightlabel.steps.figures import dollars_per_million_labels
from nightlabel.steps.sizing import Prices
from nightlabel.steps.watch import monitor
from tests.label.nights import DATE, NEXT, TINY, USECASES, night, put

ROWS = 400
USE_CASE = "#use_case:tiny"


@pytest.fixture(autouse=True)
def _tiny(lake, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(USECASES))
    settings.cache_clear()
    snapshot = pd.DataFrame({"amount": amounts(2_000, seed=1)})
    reference.save(lake, TINY.card, "1", snapshot)
    yield
    metrics.cache_clear()


def amounts(rows, seed):
    return np.random.default_rng(seed).lognormal(3, 1, rows).round(2)


def committed(lake, *, factor=1.0, date=DATE, rows=ROWS, name="a.csv"):
    lines = [f"cat;{value:.2f}" for value in amounts(rows, seed=2) * factor]
    put(lake, name, *lines, "broken", date=date)
    return night(lake, date=date)


def values(lines):
    """Give what was measured, by name and tags, without the tag of the place."""
    cut = (line.strip().replace(",environment:laptop", "") for line in lines if not line.startswith("_"))
    return {f"{name.partition(':')[0]}|{tags}": name.partition(":")[2] for name, _, tags in map(_split, cut)}


def _split(line):
    return line.split("|", 2)


def test_a_night_sends_its_records_its_figures_and_its_drift(lake, agent):
    committed(lake)
    report = monitor("tiny", DATE, "night")
    sent = values(agent.lines())

    assert report["status"] == "stable"
    assert sent[f"nightlabel.nights|{USE_CASE},outcome:stable"] == "1"
    assert sent[f"nightlabel.records|{USE_CASE},outcome:labelled"] == str(ROWS)
    assert sent[f"nightlabel.records|{USE_CASE},outcome:quarantined,code:NL-A005"] == "1"
    assert float(sent[f"nightlabel.night.quarantined_records|{USE_CASE}"]) == 1
    assert float(sent[f"nightlabel.drift.value|{USE_CASE},column:amount"]) == report["columns"][0]["value"]


def test_a_night_sends_what_was_foretold_beside_what_it_took_and_cost(lake, agent, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_PRICE_CPU_HOUR", "3600")
    monkeypatch.setenv("NIGHTLABEL_PRICE_GB_HOUR", "0")
    settings.cache_clear()
    committed(lake)
    monitor("tiny", DATE, "night")
    sent, summary = values(agent.lines()), read_summary(lake, "tiny", DATE, "night")

    assert float(sent[f"nightlabel.night.took_seconds|{USE_CASE}"]) == summary.took
    dollars = summary.pace.pod_seconds + 0.40 / 1_000_000  # a dollar for each second of one core, and one GET
    per_million = float(sent[f"nightlabel.night.dollars_per_million_labels|{USE_CASE}"])
    assert per_million == pytest.approx(dollars / ROWS * 1_000_000)
    assert float(sent[f"nightlabel.drift.share|{USE_CASE}"]) == 0


def test_what_a_pod_costs_is_that_of_the_card_and_of_the_settings(lake):
    committed(lake)
    summary = read_summary(lake, "tiny", DATE, "night")
    paid = Prices(million_gets=0, cpu_hour=1.0, gb_hour=2.0)  # a pod of 1 core and 1 GB: 3 dollars an hour

    found = dollars_per_million_labels(TINY.card, summary, paid)

    assert found == pytest.approx(summary.pace.pod_seconds / 3600 * 3 / ROWS * 1_000_000)
    assert dollars_per_million_labels(TINY.card, summary.model_copy(update={"labelled": 0}), paid) is None


def test_a_good_night_sets_the_checks_of_drift_and_of_failure_back(lake, agent):
    committed(lake)
    monitor("tiny", DATE, "night")
    checks = [line.strip() for line in agent.lines() if line.startswith("_sc")]

    assert checks == [
        f"_sc|nightlabel.{name}|0|{USE_CASE},environment:laptop" for name in ("failure", "drift")
    ]
    assert lake.head(f"tiny/drift/{DATE}.alarm.json") is None


def test_a_night_that_was_not_tested_leaves_the_check_of_drift_as_it_is(lake, agent):
    committed(lake, rows=12)
    monitor("tiny", DATE, "night")

    assert [line.split("|")[1] for line in agent.lines() if line.startswith("_sc")] == ["nightlabel.failure"]


def test_a_night_that_drifted_is_an_event_and_a_check_and_a_record(lake, agent):
    committed(lake, factor=3)
    monitor("tiny", DATE, "night")
    lines = agent.lines()
    [event] = [line for line in lines if line.startswith("_e")]
    kept = lake.read_json(f"tiny/drift/{DATE}.alarm.json")

    assert f"tiny: drift on {DATE}|amount: wasserstein" in event
    assert any(line.startswith(f"_sc|nightlabel.drift|1|{USE_CASE}") for line in lines)
    assert (kept["kind"], kept["sent"]) == ("drift", True)
    assert kept["text"].startswith("amount: wasserstein")


def test_where_nobody_listens_the_night_ends_the_same_and_the_alarm_is_kept_as_unsent(lake, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_STATSD_HOST", "")
    settings.cache_clear()
    metrics.cache_clear()
    committed(lake, factor=3)

    assert monitor("tiny", DATE, "night")["status"] == "drifted"
    assert lake.read_json(f"tiny/drift/{DATE}.alarm.json")["sent"] is False


def test_the_window_counts_labelled_records_and_joins_earlier_nights_alone(lake):
    committed(lake, rows=150)
    committed(lake, rows=199, date=NEXT)

    assert monitor("tiny", DATE, "night")["window"] == {
        "date": DATE,
        "nights": (DATE,),
        "rows": 150,
        "enough": False,
    }
    assert monitor("tiny", NEXT, "night")["window"]["rows"] == 349


def test_after_a_late_file_the_figures_are_those_of_the_whole_partition(lake):
    committed(lake)
    put(lake, "late.csv", *["cat;1"] * 10)
    night(lake, "late")
    figures = monitor("tiny", DATE, "late")["figures"]

    assert (figures["labelled_records"], figures["quarantined_records"]) == (ROWS + 10, 1)
    assert figures["abstained_share"] == pytest.approx((ROWS + 10) / (ROWS + 11))
