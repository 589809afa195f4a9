"""From the merge to production and back: a real MLflow server, a fake GitHub, nights of real processes."""

import json

import pytest

from nightlabel.errors import RefusedError
from nightlabel.registry.models import Registry
from nightlabel.steps import night as steps
from nightlabel.store import open_lake
from tests.workflows.conftest import IMAGES, USECASE, Team

pytestmark = pytest.mark.timeout(900)

PARAMS = f"src/nightlabel/usecases/{USECASE}/params.toml"


def production(team: Team) -> tuple[str, str]:
    """The champion and its image, as a night finds them."""
    registry = Registry(team.tracking_uri)
    version = registry.aliases(USECASE).get("champion", "")
    return version, registry.find(USECASE, version).tags.get("image", "") if version else ""


def release(team: Team, image: str):
    """Run the job that releases, at the tip of ``main``."""
    sha = team.sha("main")
    needs = {"images": {"outputs": {"image": image}}}
    event = {"head_commit": {"id": sha}}
    return team.job("release/release", event, sha, needs=needs).run()


def rollback(team: Team, reason: str):
    inputs = {"usecase": USECASE, "reason": reason}
    return team.job("rollback/rollback", {"inputs": inputs}, team.sha("main"), inputs=inputs).run()


def test_before_the_merge_nothing_is_due(team):
    job = release(team, IMAGES[0])

    assert not job.failed, job.log
    assert job.steps["due"]["outputs"]["due"] == "[]"
    assert production(team) == ("", "")


def test_a_merge_makes_the_challenger_champion_in_the_image_of_the_smoke_night(team):
    team.fake.merge(1)
    job = release(team, IMAGES[0])

    assert not job.failed, job.log
    assert job.ran[-1].endswith("delivery.release")
    assert "Smoke night of card_spending 1: " in job.summary
    assert production(team) == ("1", IMAGES[0])
    assert [move.by for move in Registry(team.tracking_uri).moves(USECASE)] == ["ann"]


def test_the_same_release_again_moves_nothing(team):
    job = release(team, IMAGES[0])

    assert not job.failed, job.log
    assert "Nothing is due" in job.summary
    assert len(Registry(team.tracking_uri).moves(USECASE)) == 1


def test_a_failing_smoke_night_leaves_model_and_image_as_they_were(team):
    version = Registry(team.tracking_uri).find(USECASE, "1")
    stored = [p for p in (team.folder / "artifacts").rglob("network.onnx") if p.stat().st_size]
    kept = {path: path.read_bytes() for path in stored}
    for path, content in kept.items():
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        job = release(team, IMAGES[1])
    finally:
        for path, content in kept.items():
            path.write_bytes(content)

    assert job.failed
    assert json.loads(job.steps["due"]["outputs"]["due"]) == [
        {"usecase": USECASE, "version": version.version}
    ]
    assert "NL-C003" in job.summary
    assert not any(run.endswith("delivery.release") for run in job.ran)
    assert production(team) == ("1", IMAGES[0])


def test_a_change_of_code_alone_gives_the_champion_the_new_image(team):
    job = release(team, IMAGES[1])

    assert not job.failed, job.log
    assert production(team) == ("1", IMAGES[1])


def test_one_step_back_brings_model_and_image_of_the_release_before(team):
    job = rollback(team, "slow; $(touch evil)\n::error::no")

    assert not job.failed, job.log
    assert production(team) == ("1", IMAGES[0])
    assert Registry(team.tracking_uri).moves(USECASE)[-1].reason == "slow; $(touch evil) ::error::no"


def test_without_an_earlier_release_the_rollback_says_so(team):
    job = rollback(team, "again")

    assert job.failed
    assert "no earlier champion" in job.log


def test_what_was_merged_and_is_nobodys_parameters_is_not_released(team):
    honest = team.fake.repository.file("main", PARAMS)
    team.fake.repository.put("main", {PARAMS: honest + b"# \n[params.more]\nx = 1\n"}, "by hand")
    try:
        job = release(team, IMAGES[2])
    finally:
        team.fake.repository.put("main", {PARAMS: honest}, "back")

    assert job.failed
    assert "NL-F005" in job.summary
    assert production(team) == ("1", IMAGES[0])


@pytest.mark.usefixtures("_of_the_team")
def test_pods_run_in_the_image_of_the_champion_until_the_plan_pins_one(team):
    assert steps.image_of(USECASE, "2020-03-31", "night") == IMAGES[0]
    made = steps.plan(USECASE, "2020-03-31", "night")
    assert made["model_version"] == "1"
    plan = open_lake().read_json(f"{USECASE}/nights/2020-03-31/night/plan.json")
    assert plan["image"] == ""
    assert steps.image_of(USECASE, "2020-03-31", "night") == IMAGES[0]


@pytest.mark.usefixtures("_of_the_team")
def test_an_image_that_is_named_by_a_tag_is_not_released():
    from nightlabel.steps import decide  # noqa: PLC0415 - heavy, and used here alone

    with pytest.raises(RefusedError, match="named by its digest"):
        decide.release(USECASE, "ann", "registry/nightlabel:latest")
