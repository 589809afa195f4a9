"""The workflows as files: valid, pinned, of one call a step, and with no more rights than they need."""

import copy
import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft7Validator

from tests.workflows.runner import PINNED, ROOT, WORKFLOWS, workflow

NAMES = sorted(path.stem for path in WORKFLOWS.glob("*.yml"))
SCHEMA = Draft7Validator(json.loads((Path(__file__).parent / "github-workflow.json").read_text()))
CALL = re.compile(
    r"make [a-z]+|(python3?|\.(venv|light)/bin/python) -m delivery\.(?P<module>[a-z]+)( [.a-z]+)?"
)
MAY_WRITE = {"comment.yml": {"pull-requests"}}
"""What a token may write besides ``id-token``, by workflow."""


def faults(read: dict) -> list[str]:
    return [error.message for error in SCHEMA.iter_errors(read)]


def jobs(name: str) -> dict[str, dict]:
    return workflow(name)["jobs"]


def steps(name: str) -> list[dict]:
    return [step for job in jobs(name).values() for step in job["steps"]]


def all_steps() -> list[tuple[str, dict]]:
    return [(name, step) for name in NAMES for step in steps(name)]


@pytest.mark.parametrize("name", NAMES)
def test_a_workflow_is_one_that_github_takes(name):
    assert faults(workflow(name)) == []


def test_a_workflow_with_a_misspelt_word_is_refused():
    broken = copy.deepcopy(workflow("check"))
    broken["jobs"]["code"]["run-on"] = broken["jobs"]["code"].pop("runs-on")

    assert faults(broken)


def test_all_that_the_delivery_needs_is_there():
    assert NAMES == ["check", "comment", "infra", "model-pr", "release", "rollback"]
    assert len(all_steps()) > 30


@pytest.mark.parametrize("name", NAMES)
def test_every_action_is_pinned_by_its_commit_and_says_its_version(name):
    lines = [line for line in (WORKFLOWS / f"{name}.yml").read_text().splitlines() if "uses:" in line]

    assert lines
    assert [
        line for line in lines if not re.search(rf"uses: {PINNED.pattern}  # v?\d+\.\d+\.\d+", line)
    ] == []


def test_every_run_is_one_call_of_what_exists_without_an_expression():
    runs = [step["run"] for _, step in all_steps() if "run" in step]
    calls = [CALL.fullmatch(run) for run in runs]
    modules = {call["module"] for call in calls if call and call["module"]}
    targets = {run.split()[1] for run in runs if run.startswith("make ")}
    made = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert [run for run, call in zip(runs, calls, strict=True) if call is None] == []
    assert [name for name in modules if not (ROOT / "delivery" / f"{name}.py").exists()] == []
    assert targets <= made


@pytest.mark.parametrize("name", NAMES)
def test_a_token_may_do_nothing_that_its_job_does_not_name(name):
    assert workflow(name)["permissions"] == {}
    for job in jobs(name).values():
        writes = {scope for scope, level in job["permissions"].items() if level == "write"}
        assert writes - {"id-token"} <= MAY_WRITE.get(f"{name}.yml", set())


def test_no_workflow_runs_a_strangers_code_with_rights():
    triggers = {trigger for name in NAMES for trigger in workflow(name)["on"]}

    assert "pull_request_target" not in triggers
    assert [name for name in NAMES if "workflow_run" in workflow(name)["on"]] == ["comment"]


def test_what_may_write_to_a_pull_request_checks_out_merged_code_alone_and_no_artifact_by_itself():
    used = [step["uses"].split("@")[0] for step in steps("comment") if "uses" in step]
    with_ref = [step for step in steps("comment") if "ref" in step.get("with", {})]

    assert with_ref == []
    assert "actions/download-artifact" not in used


def test_a_pull_request_of_a_fork_is_given_no_role():
    signs_in = [
        step
        for step in steps("model-pr")
        if step.get("uses", "").startswith("aws-actions/configure-aws-credentials@")
    ]
    own = "github.event.pull_request.head.repo.full_name == github.repository"
    proposals = [job for name, job in jobs("infra").items() if name.endswith("-proposal")]

    assert [own in step["if"] for step in signs_in] == [True]
    assert [own in job["if"] for job in proposals] == [True, True]


def test_no_key_is_stored_for_aws():
    told = "\n".join((WORKFLOWS / f"{name}.yml").read_text() for name in NAMES)

    assert "role-to-assume" in told
    assert not re.search(r"aws-(access-key-id|secret-access-key)|AWS_(ACCESS_KEY|SECRET)", told)


def test_what_moves_production_runs_one_at_a_time_in_its_environment():
    for name in ("release", "rollback"):
        assert workflow(name)["concurrency"] == {"group": "production", "cancel-in-progress": False}
    assert (
        jobs("release")["release"]["environment"]
        == jobs("rollback")["rollback"]["environment"]
        == "production"
    )


def test_nothing_is_applied_without_the_environment_that_asks_a_person():
    calls = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs("infra").items()}
    applies = [name for name, runs in calls.items() if any(run.endswith(" apply") for run in runs)]

    assert {name: jobs("infra")[name]["environment"] for name in applies} == {
        "dev-apply": "infra-dev",
        "prod-apply": "infra-prod",
    }


def test_every_job_ends():
    assert [(n, j) for n in NAMES for j, job in jobs(n).items() if job.get("timeout-minutes", 99) > 60] == []


def test_every_variable_and_secret_is_documented():
    text = "\n".join((WORKFLOWS / f"{name}.yml").read_text() for name in NAMES)
    named = set(re.findall(r"\b(?:vars|secrets)\.([A-Z_0-9]+)", text))
    page = (ROOT / "docs" / "delivery.md").read_text()

    assert len(named) > 10
    assert sorted(name for name in named if f"`{name}`" not in page) == []


def test_the_owners_of_files_are_of_files_that_exist():
    lines = (ROOT / ".github" / "CODEOWNERS").read_text().splitlines()
    patterns = [line.split()[0] for line in lines if line and not line.startswith("#")]

    assert len(patterns) > 5
    assert [
        p for p in patterns if p != "*" and not list(ROOT.glob(p.strip("/"))) and "data.dvc" not in p
    ] == []


def test_yaml_is_read_as_github_reads_it():
    assert yaml.safe_load("on: push") == {True: "push"}
    assert "pull_request" in workflow("check")["on"]
