"""A person looks at nights and models in a browser: in Airflow's frame, by themselves, on a phone."""

import re

import pytest
from playwright.sync_api import expect

from demo.place import USER
from tests.browser.conftest import PATIENCE
from tests.pages.conftest import RUN

pytestmark = [
    pytest.mark.browser,
    pytest.mark.airflow,
    pytest.mark.timeout(900),
    pytest.mark.xdist_group("pages"),
]
NIGHTS, MODELS = "/nightlabel/nights/tiny", "/nightlabel/models/tiny"


@pytest.fixture(scope="module")
def page(browser, world):
    """Sign in to Airflow by its form, as a person."""
    opened = browser.new_page(viewport={"width": 1200, "height": 900})
    opened.context.set_default_timeout(PATIENCE)
    opened.goto(f"{world.url}/")
    opened.fill("input[name=username]", USER)
    opened.fill("input[name=password]", world.house.airflow.password)
    opened.click("button[type=submit]")
    opened.get_by_role("button", name="Browse").wait_for()
    return opened


def other(page, world, path, **wish):
    """Open a page in another window of the same person, with wishes of its own."""
    context = page.context.browser.new_context(storage_state=page.context.storage_state(), **wish)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    opened.goto(world.url + path)
    return opened


def state(page, date) -> str:
    return page.get_by_label(re.compile(rf"^{date}: ")).first.get_attribute("aria-label").partition(": ")[2]


@pytest.mark.parametrize(("name", "title"), [("Nights", "Nights"), ("Models", "Models")])
def test_airflows_menu_shows_the_page_in_a_frame_without_another_sign_in(page, world, name, title):
    page.goto(f"{world.url}/")
    page.get_by_role("button", name="Browse").click()
    page.get_by_role("menuitem", name=name).or_(page.get_by_role("link", name=name)).first.click()
    framed = page.frame_locator("iframe")

    expect(framed.get_by_role("heading", name=title, level=1)).to_be_visible()
    expect(framed.get_by_text("Links with ↗ leave Airflow")).to_be_visible()


def test_the_calendar_tells_the_states_of_days_apart(page, world):
    page.goto(world.url + NIGHTS)

    states = {back: state(page, world.day(back)) for back in (0, 1, 5, 6)}
    assert states == {0: "at work", 1: "committed", 5: "empty", 6: "not run"}
    expect(page.locator("a.day.alarm")).to_have_attribute("aria-label", re.compile(world.day(3)))


def test_numbers_of_a_day_are_told_where_the_mouse_or_the_keyboard_is(page, world):
    page.goto(world.url + NIGHTS)
    tip = page.get_by_label(f"{world.day(3)}: committed").locator(".tip")
    expect(tip).to_be_hidden()

    page.get_by_label(f"{world.day(3)}: committed").focus()
    expect(tip).to_be_visible()
    expect(tip).to_contain_text("363 records, 3 of 363 new ones in quarantine")
    expect(tip).to_contain_text("Drift: drifted.")


def test_the_table_has_what_the_calendar_has(page, world):
    page.goto(world.url + NIGHTS)
    row = page.get_by_role("row").filter(has_text=world.day(3))

    assert row.get_by_role("cell").all_inner_texts()[1:5] == ["✓ committed", "363", "3 (0.8%)", "drifted"]
    assert page.get_by_role("row").filter(has_text=world.day(6)).count() == 0


def test_a_night_adds_up_and_leads_to_its_run_its_model_and_its_drift(page, world):
    page.goto(world.url + NIGHTS)
    page.get_by_role("link", name=world.day(1), exact=True).click()

    assert page.locator(".sum dd").all_inner_texts() == ["361", "360", "1"]
    expect(page.get_by_role("row").filter(has_text="NL-A005")).to_contain_text("0.3%")
    expect(page.get_by_text("stable: no watched column moved")).to_be_visible()
    assert "/projects/" in page.get_by_role("link", name="The report").get_attribute("href")
    assert "#/models/tiny/versions/1" in page.get_by_role("link", name="version 1").get_attribute("href")
    run = page.get_by_role("link", name="manual__")
    assert (
        run.get_attribute("href") == f"/dags/nightly__tiny/runs/{RUN.replace(':', '%3A').replace('+', '%2B')}"
    )


def test_the_run_of_a_night_opens_in_airflow(page, world):
    page.goto(f"{world.url}{NIGHTS}/{world.day(1)}")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="manual__").click()

    expect(opened.value.get_by_text(RUN).first).to_be_visible()
    opened.value.close()


def test_a_night_under_way_tells_what_is_foretold(page, world):
    page.goto(f"{world.url}{NIGHTS}/{world.day(0)}")

    expect(page.get_by_text("at work", exact=False).first).to_be_visible()
    expect(page.get_by_role("heading", name="Forecast and truth")).to_be_visible()
    expect(page.get_by_role("cell", name="tonight")).to_be_visible()


def test_models_show_champion_challenger_proposal_and_history(page, world):
    page.goto(world.url + MODELS)

    expect(page.get_by_role("heading", name="Champion: version 2")).to_be_visible()
    expect(page.get_by_role("heading", name="Challenger: version 3")).to_be_visible()
    expect(page.get_by_text("Its proposal waits for a person.")).to_be_visible()
    proposal = page.get_by_role("link", name="Label with <i>ensemble</i>")
    assert proposal.get_attribute("href") == "https://forge.example/pull/7"
    assert page.get_by_role("heading", name="Verdict: promote").count() == 2
    expect(page.get_by_text("accuracy 0.480, log loss 1.500, measured beside champion 1")).to_be_visible()
    history = page.get_by_role("region", name="History of promotions").get_by_role("row").all_inner_texts()
    assert [row.split("\t")[1:4] for row in history[1:]] == [["1", "2", "<b>bob</b>"], ["-", "1", "ann"]]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_pages_fit_a_desk_and_a_phone_by_day_and_by_night(page, world, pictures, theme, width):
    for name, path in {"nights": NIGHTS, "night": f"{NIGHTS}/{world.day(1)}", "models": MODELS}.items():
        seen = other(page, world, path, viewport={"width": width, "height": 800}, color_scheme=theme)
        wider = seen.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        ground = seen.evaluate("getComputedStyle(document.body).backgroundColor")
        if name == "nights":
            seen.get_by_label(f"{world.day(3)}: committed").focus()
        seen.screenshot(path=pictures / f"airflow-{name}-{theme}-{width}.png", full_page=True)
        seen.context.close()

        assert wider <= 0
        assert (ground == "rgb(255, 255, 255)") is (theme == "light")


def test_no_page_asks_its_browser_for_anything_that_the_policy_forbids(page, world):
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for path in (NIGHTS, MODELS, f"{NIGHTS}/{world.day(3)}"):
        page.goto(world.url + path)

    assert said == []
