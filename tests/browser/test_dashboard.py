"""A person looks at the drift of four nights in Evidently's own UI: all is labelled, and a zero is a zero."""

import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from nightlabel import catalog
from nightlabel.contract import Monitoring
from nightlabel.monitor.drift import drift, save, workspace_path
from nightlabel.store import open_uri
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE
from tests.conftest import free_port, wait_for
from tests.monitor.conftest import WATCHED, WINDOW, records

pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]

FIGURES = {"labelled_records": 12, "quarantined_records": 0, "quarantined_share": 0, "abstained_share": 0.4}
TITLES = [
    "Night of 2026-02-03: not computable, alarm",
    "Drift over the nights",
    "Records of the night",
    "Records tested",
    "Without a sure label",
    "Mean confidence",
    "Columns that alarm",
    "amount",
    "city",
    "label",
    "confidence",
    "Columns that are reported, without alarm",
    "limit",
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory):
    """Four nights: quiet, too small, drifted, and with a column that is missing."""
    rule = Monitoring.model_validate({"columns": WATCHED})
    card = catalog.load("card_spending").card.model_copy(update={"name": "purchases", "monitoring": rule})
    lake, reference, now = (
        open_uri(tmp_path_factory.mktemp("lake").as_uri()),
        records(2000, 1),
        records(400, 2),
    )
    small = replace(WINDOW, rows=12, enough=False)
    nights = [
        (WINDOW, now),
        (replace(small, date="2026-02-01"), now.head(12)),
        (replace(WINDOW, date="2026-02-02"), now.assign(amount=now["amount"] * 3)),
        (replace(WINDOW, date="2026-02-03"), now.drop(columns="city")),
    ]
    for window, current in nights:
        save(lake, card, drift(card, window, reference, current, model_version="1", figures=FIGURES))
    return workspace_path(lake, card.name)


@pytest.fixture(scope="module")
def evidently(workspace):
    """Start Evidently's UI over the workspace; gives its address."""
    port = free_port()
    command = [Path(sys.executable).with_name("evidently"), "ui", "--host", "127.0.0.1", "--port", str(port)]
    service = subprocess.Popen(
        [*command, "--workspace", workspace],
        env={**os.environ, "DO_NOT_TRACK": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        wait_for(f"http://127.0.0.1:{port}", seconds=120)
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(service.pid, signal.SIGKILL)
        service.wait()


@pytest.fixture(scope="module")
def dashboard(evidently):
    """Open the use case's dashboard in a browser."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1400, "height": 1150})
        page.set_default_timeout(PATIENCE)
        page.goto(evidently)
        page.get_by_role("link", name="purchases").click()
        expect(page.get_by_role("heading", name="limit", exact=True)).to_be_visible(timeout=PATIENCE)
        expect(page.locator("svg .MuiChartsAxis-directionY").nth(9)).to_be_visible(timeout=PATIENCE)
        yield page
        browser.close()


def test_the_panels_stand_in_the_order_in_which_a_person_reads(dashboard):
    assert dashboard.get_by_role("heading", level=5).all_inner_texts() == TITLES


def test_no_panel_is_without_a_value(dashboard):
    assert "no value" not in dashboard.inner_text("body")


def test_every_axis_has_a_scale(dashboard):
    axes = dashboard.locator("svg .MuiChartsAxis-directionY").all()
    ticks = [[float(tick) for tick in axis.locator("text").all_text_contents()] for axis in axes]

    assert len(ticks) == sum("Night" not in title and "Columns" not in title for title in TITLES)
    assert all(len(set(scale)) > 1 and scale == sorted(scale) for scale in ticks)


def test_the_verdict_is_said_in_words(dashboard):
    said = dashboard.get_by_text(re.compile(r"city is missing in the window\. Reference: 2,000 records"))

    expect(said).to_be_visible(timeout=PATIENCE)
