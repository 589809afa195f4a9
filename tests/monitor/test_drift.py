"""The verdict: what moved is flagged, what stayed is not, and what cannot be told is an alarm."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from nightlabel.errors import RefusedError
from nightlabel.monitor.drift import drift
from nightlabel.monitor.drift.page import NOTHING, harmless
from tests.monitor.conftest import WINDOW, records


def test_records_of_the_same_source_are_stable(card, reference, current):
    report = drift(card, WINDOW, reference, current).report

    assert (report.status, report.alarming, report.share) == ("stable", False, 0)
    assert [column.name for column in report.columns] == list(card.monitoring.columns)


@pytest.mark.parametrize(
    ("column", "shift"),
    [
        ("amount", lambda values: values * 2),
        ("city", lambda values: values.str.upper()),
        ("label", lambda values: values.where(values.index % 5 == 0, "travel")),
        ("confidence", lambda values: values * 0.7),
    ],
)
def test_a_shift_is_flagged_in_its_column_alone(card, reference, current, column, shift):
    moved = current.assign(**{column: shift(current[column])})
    report = drift(card, WINDOW, reference, moved).report

    assert (report.status, report.alarming) == ("drifted", True)
    assert [c.name for c in report.columns if c.drifted] == [column]
    assert report.sentence.startswith(f"{column}: ")


def test_a_harmless_column_is_reported_without_alarm(card, reference, current):
    report = drift(card, WINDOW, reference, current.assign(limit=current["limit"] * 2)).report

    assert (report.status, report.alarming, report.share) == ("stable", False, 0.2)


@pytest.mark.parametrize("column", ["amount", "limit"])
def test_a_missing_column_is_an_alarm_and_never_no_drift(card, reference, current, column):
    report = drift(card, WINDOW, reference, current.drop(columns=column)).report

    assert (report.status, report.alarming) == ("not computable", True)
    assert {c.name: c.code for c in report.columns if c.code} == {column: "NL-M002"}


def test_a_column_that_breaks_does_not_hide_another_that_moved(card, reference, current):
    report = drift(card, WINDOW, reference, current.assign(amount=np.inf, confidence=0.1)).report

    assert report.status == "not computable"
    assert "amount holds infinite numbers" in report.sentence
    assert "confidence: psi" in report.sentence


def test_numbers_that_go_missing_are_drift(card, reference, current):
    gone = current.assign(amount=current["amount"].where(current.index % 3 > 0))
    found = drift(card, WINDOW, reference, gone).report.columns[0]

    assert (found.status, found.code) == ("drifted", "NL-M008")


def test_a_window_without_records_is_an_alarm(card, reference, current):
    report = drift(card, WINDOW, reference, current.head(0)).report

    assert {column.code for column in report.columns} == {"NL-M001"}
    assert report.alarming


def test_too_few_records_are_a_status_of_their_own(card, reference, current):
    small = replace(WINDOW, rows=12, enough=False)
    report = drift(card, small, reference, current.head(12)).report

    assert (report.status, report.alarming, report.columns) == ("too small", False, ())
    assert report.sentence == "12 records in 1 night are too few to test"


def test_evidently_shows_the_value_of_the_verdict(card, reference, current):
    compared = drift(card, WINDOW, reference, current.assign(amount=current["amount"] * 9))
    shown = {
        metric["config"]["column"]: metric["value"]
        for metric in compared.snapshot.dict()["metrics"]
        if metric["config"]["type"].endswith("ValueDrift")
    }

    assert shown == pytest.approx({column.name: column.value for column in compared.report.columns})


def test_the_page_of_a_night_begins_with_the_verdict_and_shows_the_columns_alone(card, reference, current):
    compared = drift(card, WINDOW, reference, current, figures={"labelled_records": 12})
    verdict, *pictures = compared.model.widgets
    linked = {metric for picture in pictures for metric in picture.linked_metrics}

    assert verdict.title == f"stable: {compared.report.sentence}"
    assert [row[0] for row in verdict.params["data"]] == list(card.monitoring.columns)
    assert len(linked) == len(compared.snapshot.dict()["tests"]) == len(card.monitoring.columns)


def test_the_report_is_plain_json(card, reference, current):
    report = drift(card, WINDOW, reference, current, model_version="3").report.to_json()

    assert json.loads(json.dumps(report))["columns"][0].keys() >= {"name", "value", "threshold", "drifted"}


def test_no_value_of_a_single_record_stands_in_the_report(card, reference, current):
    canary = current.copy()
    canary.loc[0, ["city", "amount"]] = ["Maria Silva 94873707154", 31_415_926.5]
    compared = drift(card, WINDOW, reference, canary)
    written = compared.html + compared.snapshot.dumps() + json.dumps(compared.report.to_json())

    assert "Maria" not in written
    assert "31415926" not in written


def test_a_figure_that_nobody_knows_is_refused(card, reference, current):
    with pytest.raises(RefusedError) as refusal:
        drift(card, WINDOW, reference, current, figures={"maria": 1.0})

    assert refusal.value.code == "NL-M012"


def test_the_verdict_stands_when_evidently_cannot_draw(card, reference, current, monkeypatch):
    monkeypatch.setattr("nightlabel.monitor.drift.compare.ValueDrift", None)
    compared = drift(card, WINDOW, reference, records(400, seed=3))

    assert compared.report.status == "stable"
    assert compared.snapshot.dict()["metrics"]


class Scripts(HTMLParser):
    """Collects the texts of a page's scripts as a browser ends them."""

    def __init__(self, page):
        super().__init__()
        self.found, self._inside = [], False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "script":
            self.found.append("")
        self._inside = tag == "script"

    def handle_data(self, data):
        if self._inside:
            self.found[-1] += data

    def handle_endtag(self, tag):
        self._inside = False


def test_no_category_of_the_training_data_ends_a_script_of_the_page(card, reference, current):
    evil = "</script><script>alert(1)</script><body>"
    places = {"city": lambda side: side["city"].where(side.index % 2 == 0, evil)}
    compared = drift(card, WINDOW, reference.assign(**places), current.assign(**places))
    scripts = Scripts(compared.html).found
    data = scripts[0]

    assert evil not in compared.html
    assert not any(script.startswith("alert") for script in scripts)
    first = data[data.index("{") : data.index("\n", data.index("{"))]
    assert evil in json.dumps(json.loads(first.rstrip(";")))


def test_a_page_whose_data_is_not_found_is_left_out():
    assert harmless("<html><script>var a = 1;</script></html>") == NOTHING
