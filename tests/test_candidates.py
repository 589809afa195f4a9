"""An experiment goes on without a candidate that could not be trained, and says which one and why."""

import io
import json
import shutil

import pytest
from rich.console import Console

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.settings import settings
from nightlabel.steps import candidates, folder, model, tables, whole
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike

USECASE, DATA = "card_spending", "card_spending/data/cards.csv"
SHIPPED = catalog.load(USECASE).folder


@pytest.fixture
def broken_habits(tmp_path, monkeypatch):
    """A card whose candidate of production, ``habits``, cannot be trained; the others are small."""
    place = tmp_path / "usecases" / USECASE
    shutil.copytree(SHIPPED, place, ignore=shutil.ignore_patterns("__pycache__"))
    card = (place / "usecase.toml").read_text().replace("epochs = 40", "epochs = 3")
    before, habits, after = card.partition("[candidates.habits]\n")
    (place / "usecase.toml").write_text(f"{before}{habits}{after.replace('rate = 0.003', 'rate = 7.0', 1)}")
    params = (place / "params.toml").read_text()
    (place / "params.toml").write_text(params.replace('candidate = "ensemble"', 'candidate = "habits"'))
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(place.parent))
    settings.cache_clear()


@pytest.fixture
def place(folder_place):
    """A run that was asked for three candidates; none is trained yet."""
    run = folder.experiment(USECASE, "three")
    asked = folder.requested(run, candidates=("baseline", "habits", "spellings"))
    run.lake.put(run.key("request.json"), asked.model_dump_json().encode())
    return run


def done(place, *names):
    for name in names:
        place.lake.put(place.key(f"candidates/{name}.json"), json.dumps({"candidate": name}).encode())


def failed(place, name, error):
    with pytest.raises(type(error)), candidates.failure_kept(place, name):
        raise error


def printed(renderable):
    page = io.StringIO()
    Console(file=page, width=300).print(renderable)
    return page.getvalue()


def test_the_others_are_judged_and_the_verdict_names_the_missing_one_and_the_reason(broken_habits, agent):
    open_lake().put(DATA, lookalike.make(1_500, 7))

    verdict = whole.experiment(USECASE, "run", candidates=("spellings", "habits"))
    [missing] = verdict["missing"]
    evaluated = folder.experiment(USECASE, "run").needed("evaluation.json", "evaluate")

    assert (missing["candidate"], missing["in_production"]) == ("habits", True)
    assert missing["reason"].startswith("NL-T001 the candidate cannot be trained: rate: ")
    assert list(evaluated["selected_from"]) == ["spellings"]
    sentence = f"habits was not trained, although params.toml names it for production: {missing['reason']}"
    assert sentence in verdict["reason"]
    assert sentence in printed(tables.verdict(verdict))
    assert "1 of 2 candidates were not trained" in agent.line()


def test_by_hand_a_candidate_that_is_not_trained_yet_is_waited_for(place):
    done(place, "baseline", "habits")

    with pytest.raises(RefusedError, match="the step 'train' comes first") as refusal:
        model.evaluate(place)

    assert refusal.value.code == "NL-R001"


def test_the_baseline_alone_compares_nothing(place):
    done(place, "baseline")
    failed(place, "habits", RefusedError("it diverged", code="NL-T003"))

    with pytest.raises(RefusedError, match="NL-T003 it diverged") as refusal:
        candidates.trained(place, "leave-out")

    assert refusal.value.code == "NL-R006"
    assert refusal.value.facts == {"trained": ["baseline"], "missing": ["habits", "spellings"]}


def test_nothing_trained_compares_nothing(place):
    with pytest.raises(RefusedError, match="NL-R006"):
        candidates.trained(place, "leave-out")


def test_a_bug_of_one_candidate_is_a_reason_too_and_quotes_no_record(place):
    done(place, "baseline", "habits")
    failed(place, "spellings", ValueError("could not convert 'Maria' to a number"))

    _, missing = candidates.trained(place, "leave-out")

    assert candidates.sentences(missing) == [
        "spellings was not trained: NL-X000 ValueError; its task's log tells more"
    ]


def test_a_candidate_that_was_killed_leaves_no_word_and_is_named_all_the_same(place):
    done(place, "habits", "spellings")

    _, [missing] = candidates.trained(place, "leave-out")

    assert (missing["candidate"], missing["reason"]) == ("baseline", candidates.SILENT)


def test_a_candidate_that_failed_first_and_was_trained_then_is_not_missing(place):
    failed(place, "habits", RefusedError("no memory", code="NL-T002"))
    done(place, "baseline", "habits", "spellings")

    trained, missing = candidates.trained(place, "leave-out")

    assert [result["candidate"] for result in trained] == ["baseline", "habits", "spellings"]
    assert missing == []


def test_a_candidate_that_nobody_asked_for_leaves_no_trace(place):
    with pytest.raises(RefusedError, match="NL-R004"):
        model.train(place, "best")

    assert [entry.key for entry in place.lake.list()] == [place.key("request.json")]
