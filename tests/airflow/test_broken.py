"""A broken use case shows with its reason and takes no other one's DAGs away."""

import shutil

import pytest

from nightlabel.settings import settings
from tests.airflow.conftest import ROOT

pytestmark = pytest.mark.airflow

CARD = ROOT / "src" / "nightlabel" / "usecases" / "card_spending" / "usecase.toml"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A catalog with one whole use case, and the environment that leads there."""
    place = tmp_path / "usecases"
    (place / "card_spending").mkdir(parents=True)
    shutil.copy(CARD, place / "card_spending")
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(place))
    settings.cache_clear()
    return place


def add(folder, name, card):
    (folder / name).mkdir()
    (folder / name / "usecase.toml").write_text(card)


def parse():
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415

    return DagBag(ROOT / "dags")


def another(name, **changes):
    text = CARD.read_text().replace('name = "card_spending"', f'name = "{name}"')
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


BROKEN = {
    "no_toml": "this is no TOML",
    "no_fields": 'name = "no_fields"',
    "no_cron": another("no_cron").replace("0 3 * * *", "every night"),
    "with space": "",
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_whole_use_cases_keep_their_dags(folder, name):
    add(folder, name, BROKEN[name])
    bag = parse()

    assert bag.import_errors == {}
    assert set(bag.dags) >= {"experiment__card_spending", "nightly__card_spending"}
    assert len(bag.dags) == 5


@pytest.mark.parametrize("kind", ["experiment", "nightly"])
def test_the_only_task_of_a_broken_one_says_why(folder, kind):
    from airflow.sdk.exceptions import AirflowFailException  # noqa: PLC0415

    add(folder, "no_cron", BROKEN["no_cron"])
    [task] = parse().dags[f"{kind}__no_cron"].tasks

    with pytest.raises(AirflowFailException, match=r"NL-U002 .*'every night' is no cron expression"):
        task.python_callable()


def test_a_broken_night_fails_every_day_and_does_not_silently_stay_away(folder):
    add(folder, "no_toml", BROKEN["no_toml"])
    dags = parse().dags

    assert dags["nightly__no_toml"].timetable.can_be_scheduled
    assert dags["nightly__no_toml"].on_failure_callback


def test_a_new_folder_brings_its_two_dags_and_is_watched(folder):
    add(folder, "digits", another("digits"))
    dags = parse().dags

    assert {"experiment__digits", "nightly__digits"} <= set(dags)
    assert "digits" in dags["nightlabel__watch"].task_ids
