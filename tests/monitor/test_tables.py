"""What people read at a terminal."""

import io
from dataclasses import replace

from rich.console import Console

from nightlabel.monitor.drift import drift
from nightlabel.steps import tables
from tests.monitor.conftest import WINDOW

NIGHT = {
    "usecase": "purchases",
    "date": "2026-01-31",
    "generation": 2,
    "model": {"version": "3"},
    "files": 2,
    "records": 1_200,
    "labelled": 1_190,
    "quarantined": {"NL-A005": 3, "NL-A002": 7},
    "seconds": 2.5,
    "records_per_second": 480.0,
    "empty": False,
}


def printed(renderable) -> str:
    page = io.StringIO()
    Console(file=page, width=120).print(renderable)
    return page.getvalue()


def test_a_night_shows_its_accounting_the_largest_reason_first():
    text = printed(tables.accounts(NIGHT))

    assert "purchases 2026-01-31: generation 2, model version 3" in text
    assert [line.split()[-1] for line in text.splitlines()[1:5]] == ["2", "1,200", "1,190", "10"]
    assert text.index("NL-A002") < text.index("NL-A005")


def test_an_empty_day_is_said_to_be_one():
    assert "an empty day" in printed(tables.accounts(NIGHT | {"empty": True}))


def test_a_drift_verdict_shows_every_column_with_value_and_threshold(card, reference, current):
    report = drift(card, WINDOW, reference, current.assign(amount=1.0).drop(columns="city")).report
    text = printed(tables.drift(report.to_json()))

    assert text.startswith("drift: not computable")
    amount = next(line for line in text.splitlines() if line.startswith("amount "))
    assert amount.split()[1:] == ["psi", f"{report.columns[0].value:.3f}", "0.2", "drifted", "alarm"]
    assert all(f"\n{name} " in text for name in card.monitoring.columns)


def test_a_night_too_small_to_test_says_so(card, reference, current):
    small = replace(WINDOW, rows=12, enough=False)
    report = drift(card, small, reference, current.head(12)).report

    assert printed(tables.drift(report.to_json())).split("\n")[1] == report.sentence
