"""Who is let in to the pages, what a page costs, and what it says where somebody does not answer."""

import re
import subprocess
import sys
from datetime import timedelta
from threading import Event

import pytest

from nightlabel import catalog
from nightlabel.errors import UnavailableError
from nightlabel.settings import settings
from nightlabel.store import open_lake
from tests.airflow.conftest import ROOT
from tests.label.nights import USECASES
from tests.pages.conftest import CANARY

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900), pytest.mark.xdist_group("pages")]
PAGES = ["/nightlabel/nights", "/nightlabel/models", "/nightlabel/nights/tiny", "/nightlabel/models/tiny"]
PAGES += ["/nightlabel/nights/tiny/{night}"]
"""Addresses without a date, which would be another one where the next process collects the tests."""
HEAVY = {"pandas", "mlflow", "deltalake", "evidently", "torch", "nightlabel.steps"}


def address(world, page: str) -> str:
    """Give the address of a page, where it is that of a night with the date of last night."""
    return page.format(night=world.day(1))


@pytest.mark.parametrize("page", PAGES)
def test_without_a_token_no_page_is_shown(world, page):
    code, text, headers = world.ask(address(world, page), token=None)

    assert (code, "tiny" in re.sub('next=[^"]*', "", text)) == (401, False)
    assert 'href="/auth/login?next=' in text
    assert headers["content-security-policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("page", PAGES)
def test_with_a_forged_token_no_page_is_shown(world, page):
    token = world.house.airflow._bearer()

    code, text, _ = world.ask(address(world, page), token=token[:-4] + "AAAA")

    assert (code, "Nights" in text) == (403, False)
    assert 'href="/auth/login?next=' in text


def test_the_cookie_of_airflows_ui_lets_in_as_the_token_does(world):
    cookie = f"_token={world.house.airflow._bearer()}"

    assert world.ask("/nightlabel/nights/tiny", token=None, Cookie=cookie)[0] == 200


def test_a_page_brings_no_script_and_no_address_of_another_site_but_links(world):
    for page in PAGES[2:]:
        code, text, headers = world.ask(address(world, page))
        policy = headers["content-security-policy"]
        loaded = re.findall(r'(?:src|<link[^>]*href)="([^"]+)"', text)

        assert (code, "<script" in text, "style=" in text) == (200, False, False)
        assert loaded == ["/nightlabel/style.css"]
        assert "script-src" not in policy
        assert "'unsafe-inline'" not in policy
        assert headers["cache-control"] == "no-store"


def test_an_address_without_a_use_case_leads_to_the_first_one(world):
    code, _, headers = world.ask("/nightlabel/nights")

    assert (code, headers["location"]) == (307, "/nightlabel/nights/tiny")


@pytest.mark.parametrize("page", ["nights/card_spending", "models/..%2f..", "nights/tiny%00", "models/<b>"])
def test_a_use_case_that_is_not_there_or_not_ones_own_is_not_found(world, page):
    code, text, _ = world.ask(f"/nightlabel/{page.replace('<', '%3C').replace('>', '%3E')}")

    assert code == 404
    assert "<b>" not in text


@pytest.mark.parametrize("asked", ["last=yesterday", "days=100000", "days=0", "last=2026-01-31'--"])
def test_what_is_asked_for_has_bounds(world, asked):
    assert world.ask(f"/nightlabel/nights/tiny?{asked}")[0] == 422


def test_a_date_that_is_none_is_a_sentence_and_no_broken_page(world):
    for date in ("yesterday", "2026-02-30", "%3Cscript%3E"):
        code, text, _ = world.ask(f"/nightlabel/nights/tiny/{date}")

        assert (code, "NL-H002" in text, "<script" in text) == (200, True, False)


def test_no_value_of_a_record_stands_on_any_page(world):
    pages = [*(address(world, page) for page in PAGES[2:]), f"/nightlabel/nights/tiny/{world.day(3)}"]
    told = "".join(world.ask(page)[1] for page in pages)

    assert "NL-A009" in told
    assert CANARY not in told


def test_what_people_wrote_stays_words(world):
    text = world.ask("/nightlabel/models/tiny")[1]

    assert "&lt;b&gt;bob&lt;/b&gt;" in text
    assert "Label with &lt;i&gt;ensemble&lt;/i&gt;" in text
    assert "<b>bob" not in text


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(USECASES))
    settings.cache_clear()


@pytest.fixture
def folder_lake(folder_place):
    return open_lake(folder_place)


def test_a_registry_that_is_away_is_a_box_with_its_code(tiny, monkeypatch):
    from nightlabel_airflow.web import content, work  # noqa: PLC0415 - the plugin is on the path where Airflow is tested

    monkeypatch.setattr(work, "SECONDS", 120.0)
    monkeypatch.setenv("NIGHTLABEL_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    settings.cache_clear()

    assert [error.code for error in content.models("tiny")["errors"]] == ["NL-C006"]


def test_a_lake_that_says_nothing_is_not_waited_for(tiny, monkeypatch):
    from nightlabel_airflow.web import work  # noqa: PLC0415 - as above

    silent = Event()
    monkeypatch.setattr(work, "SECONDS", 0.05)
    read = work.bounded(silent.wait, what="the lake", code="NL-B001")
    silent.set()

    assert isinstance(read.error, UnavailableError)
    assert str(read.error).startswith("NL-B001 the lake did not answer within 0.05 s")


def test_a_library_that_breaks_is_a_box_too(caplog):
    from nightlabel_airflow.web import work  # noqa: PLC0415 - as above

    assert work.bounded(lambda: 1 / 0, what="the lake", code="NL-B001").error.code == "NL-X000"
    assert "ZeroDivisionError" in caplog.text


def test_one_damaged_summary_hides_no_other_night(folder_lake, tiny):
    from nightlabel.steps import calendar  # noqa: PLC0415 - as the page does
    from tests.label.nights import DATE, NEXT, night, put  # noqa: PLC0415

    for date in (DATE, NEXT):
        put(folder_lake, "a.csv", "cat;1", date=date)
        night(folder_lake, date=date)
    folder_lake.put(f"tiny/nights/{NEXT}/night/summary.json", b"{}")

    newest, older = calendar.days("tiny", NEXT, 2)
    assert (newest.state, "NL-B007" in newest.damaged) == ("committed", True)
    assert (older.state, older.summary.records) == ("committed", 1)


def test_a_night_that_was_due_and_is_missing_is_late_and_one_from_before_the_first_is_not(folder_lake, tiny):
    from nightlabel.monitor.lateness import last_due  # noqa: PLC0415 - as above
    from nightlabel.steps import calendar  # noqa: PLC0415
    from tests.label.nights import TINY, night  # noqa: PLC0415
    from tests.test_late import TOMORROW  # noqa: PLC0415

    due = last_due(TINY.card, TOMORROW)
    assert calendar.days("tiny", due.date, 1, TOMORROW)[0].state == "not run"
    night(folder_lake)

    assert calendar.days("tiny", due.date, 1, TOMORROW)[0].state == "late"
    early = (TOMORROW - timedelta(days=20)).date().isoformat()
    assert calendar.days("tiny", early, 1, TOMORROW)[0].state == "not run"


def test_no_calendar_is_longer_than_its_bound(folder_lake, tiny):
    from nightlabel.steps import calendar  # noqa: PLC0415 - as above

    assert len(calendar.days("tiny", "2026-01-31", 10_000)) == calendar.MOST


def test_loading_the_plugin_imports_nothing_heavy():
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'plugins')!r}); import nightlabel_airflow.pages;"
        "print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not HEAVY & {*loaded.stdout.split()}
    assert "nightlabel_airflow.web.app" not in loaded.stdout.split()


def test_the_catalog_of_the_tests_has_the_use_case_that_is_looked_at(tiny):
    assert [card.name for card in catalog.usecases()] == ["tiny"]
