"""The whole loop on made data: experiment, proposal, a human's yes, nights, a second experiment."""

import json
from datetime import date
from pathlib import Path

import pytest

from nightlabel import catalog
from nightlabel import label as labelling
from nightlabel.errors import RefusedError
from nightlabel.propose.local import LocalForge, init_from
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.steps import decide, folder, people, whole
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike

USECASE, DATA, NIGHT = "card_spending", "card_spending/data/cards.csv", "2020-03-31"
CANDIDATES = ("baseline", "habits")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """One laptop for the tests of this file, which tell one story from top to bottom."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(tmp_path_factory.mktemp("loop")))
        settings.cache_clear()
        payload = lookalike.make(5_000, 7)
        lake = open_lake()
        lake.put(DATA, payload)
        for key, content in lookalike.inbox(payload, undated=date(2020, 3, 31)).items():
            day, _, name = key.removeprefix("date=").partition("/")
            if day >= "2020-02-15":
                lake.put(f"{USECASE}/inbox/date={NIGHT}/{day}-{name}", content)
        init_from(Path(settings().forge_remote), Path(__file__).parents[1])
        yield settings()


@pytest.fixture(autouse=True)
def _same_place(place, _clean_place, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_HOME", str(place.home))
    settings.cache_clear()


def experiment(run, **asked):
    return whole.experiment(USECASE, run, **({"data": DATA, "candidates": CANDIDATES} | asked))


def result(run, name):
    return open_lake().read_json(f"{USECASE}/experiments/{run}/{name}")


def champion():
    return Registry(settings().tracking).aliases(USECASE).get("champion")


def test_without_a_champion_no_night_is_planned():
    with pytest.raises(RefusedError, match="no model with the alias 'champion'") as refusal:
        whole.night(USECASE, NIGHT, "early")

    assert refusal.value.code == "NL-C002"
    assert labelling.last_night(open_lake(), USECASE) is None


def test_an_honest_candidate_passes_all_gates_and_is_proposed():
    verdict = experiment("first")
    validated = result("first", "validated.json")

    assert verdict["outcome"] == "promote", verdict["reason"]
    assert validated["kept"] + validated["quarantined"] == validated["records"] == 5_000
    assert result("first", "proposal.json")["files"] == [
        f"src/nightlabel/usecases/{USECASE}/data.dvc",
        f"src/nightlabel/usecases/{USECASE}/params.toml",
    ]


def test_a_step_that_is_done_is_not_done_again():
    before = {entry.key: entry.version for entry in open_lake().list(f"{USECASE}/experiments/first")}

    experiment("first")

    assert {e.key: e.version for e in open_lake().list(f"{USECASE}/experiments/first")} == before


def test_a_run_cannot_be_started_again_with_other_parameters():
    with pytest.raises(RefusedError) as refusal:
        experiment("first", seed=8)

    assert refusal.value.code == "NL-R002"


def test_nothing_is_released_before_a_human_merged():
    with pytest.raises(RefusedError, match="no proposal was merged yet") as refusal:
        decide.release(USECASE, "ann")

    assert refusal.value.code == "NL-F005"
    assert champion() is None


def test_a_merged_proposal_is_released_once():
    forge = LocalForge(Path(settings().forge_remote), "main")
    forge.merge(forge.proposal(result("first", "proposal.json")["branch"]), "ann")

    moved = decide.release(USECASE, "ann")

    assert (moved["outcome"], champion()) == ("released", "1")
    assert decide.release(USECASE, "ann")["outcome"] == "it was champion already"
    assert [move.by for move in Registry(settings().tracking).moves(USECASE)] == ["ann"]


def test_a_night_labels_every_record_and_tells_its_drift():
    night = whole.night(USECASE, NIGHT, "night-1")
    accounting = people.verify(USECASE, NIGHT)

    assert night["outcome"] == "committed"
    assert night["records"] == night["labelled"] + sum(night["quarantined"].values()) > 350
    assert accounting["ok"]
    assert accounting["records"] == night["records"]
    assert night["drift"]["status"] == "stable", night["drift"]["sentence"]


def test_labels_carry_confidence_the_top_three_and_the_abstain_mark():
    rows = people.labels(USECASE, NIGHT, 10_000)["rows"]
    labelled = [row for row in rows if row["outcome"] == "labelled"]
    below = catalog.load(USECASE).card.abstain_below

    assert labelled
    assert all(row["top_labels"][0] == row["label"] for row in labelled)
    assert all(len(set(row["top_labels"])) == 3 for row in labelled)
    assert all(row["abstain"] == (row["confidence"] < below) for row in labelled)


def test_the_same_night_again_changes_nothing_and_says_so():
    again = whole.night(USECASE, NIGHT, "night-2")

    assert again["outcome"] == "noop"
    assert "the same inputs stand already" in again["sentence"]


def test_a_model_whose_bytes_changed_labels_nothing():
    models = [p for p in (settings().home).rglob("network.onnx") if p.stat().st_size]
    kept = {path: path.read_bytes() for path in models}
    for path, content in kept.items():
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    open_lake().put(f"{USECASE}/inbox/date={NIGHT}/late.csv", _late_file())
    try:
        with pytest.raises(RefusedError) as refusal:
            whole.night(USECASE, NIGHT, "night-3")
    finally:
        for path, content in kept.items():
            path.write_bytes(content)

    assert refusal.value.code == "NL-C003"


def test_a_late_file_makes_the_next_generation():
    night = whole.night(USECASE, NIGHT, "night-4")

    assert (night["outcome"], night["generation"]) == ("committed", 2)
    assert people.verify(USECASE, NIGHT)["ok"]


def test_the_champion_itself_resubmitted_is_kept_without_an_alarm():
    verdict = experiment("second", data_version=result("first", "split.json")["data_version"])

    assert verdict["outcome"] == "keep", verdict["reason"]
    assert champion() == "1"
    assert open_lake().head(f"{USECASE}/experiments/second/alarm.json") is None


def test_the_same_data_version_parameters_and_seed_give_the_same_metrics():
    for name in CANDIDATES:
        one, other = (result(run, f"candidates/{name}.json") for run in ("first", "second"))
        assert one["validation"] == other["validation"]
        assert one["sha256"] == other["sha256"]
    assert result("first", "split.json")["holdout_digest"] == result("second", "split.json")["holdout_digest"]


def test_the_production_run_takes_candidate_parameters_and_seed_from_params_toml():
    params = catalog.params(catalog.load(USECASE))

    request = folder.requested(folder.experiment(USECASE, "repro"), production=True, candidates=CANDIDATES)

    assert (request.candidates, request.seed) == ((params["candidate"],), params["seed"])
    assert request.params == params["params"]


def test_without_an_earlier_champion_there_is_no_rollback():
    with pytest.raises(RefusedError, match="no earlier champion"):
        decide.rollback(USECASE, "ann", "")


def test_shuffled_labels_are_rejected_with_an_alarm_and_nothing_is_registered():
    lines = open_lake().get(DATA).decode("mac_roman").split("\r\n")
    header, rows = lines[0], [line.split(";") for line in lines[1:] if line]
    column = header.split(";").index("grupo_estabelecimento")
    labels = [row[column] for row in rows]
    shuffled = labels[1777:] + labels[:1777]
    for row, label in zip(rows, shuffled, strict=True):
        row[column] = label
    text = "\r\n".join([header, *(";".join(row) for row in rows), ""])
    open_lake().put("card_spending/data/shuffled.csv", text.encode("mac_roman"))

    verdict = experiment("shuffled", data="card_spending/data/shuffled.csv", candidates=("baseline",))

    assert verdict["outcome"] == "reject"
    assert not open_lake().head(f"{USECASE}/experiments/shuffled/registration.json")
    assert "log_loss" in json.dumps(result("shuffled", "alarm.json"))


def test_a_rejected_run_cannot_be_registered_by_hand():
    with pytest.raises(RefusedError) as refusal:
        decide.register(folder.experiment(USECASE, "shuffled"))

    assert refusal.value.code == "NL-R005"


def _late_file():
    files = lookalike.inbox(lookalike.make(40, 11), undated=date(2020, 3, 31))
    return next(iter(files.values()))
