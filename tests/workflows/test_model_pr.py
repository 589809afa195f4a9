"""A proposal from its pull request to the comment: real training, real DVC, real MLflow, a fake GitHub."""

import json

import pytest

from delivery.artifacts import only_file
from nightlabel.propose.params import changed_params
from nightlabel.propose.reproduction import read_check
from nightlabel.propose.reproduction_report import MARKER
from nightlabel.store import open_uri
from tests.workflows.conftest import USECASE, WRITES

pytestmark = pytest.mark.timeout(900)

PARAMS = f"src/nightlabel/usecases/{USECASE}/params.toml"
RUN = 77


def opened(team, branch: str = "", *, owner: str = "o") -> dict:
    """The event of a pull request, as GitHub sends it."""
    head = {"ref": branch, "sha": team.sha(branch), "repo": {"full_name": f"{owner}/r"}}
    return {"pull_request": {"number": 1, "head": head, "base": {"ref": "main", "sha": team.sha("main")}}}


def uploading(team):
    def upload(job, given):
        path = job.checkout / given["path"]
        assert path.is_file(), "the artifact that should be left is not there"
        team.fake.leave(RUN, given["name"], {path.name: path.read_bytes()})

    return upload


def checked(team, branch, *, owner="o"):
    """Run model-pr, and with what it left, comment."""
    event = opened(team, branch, owner=owner)
    signed = []
    actions = {
        "actions/upload-artifact": uploading(team),
        "aws-actions/configure-aws-credentials": lambda _, given: signed.append(given["role-to-assume"]),
    }
    job = team.job("model-pr/model", event, team.sha(branch), actions=actions).run()
    finished = {"id": RUN, "event": "pull_request", "head_sha": team.sha(branch), "head_branch": branch}
    finished["head_repository"] = {"full_name": f"{owner}/r", "owner": {"login": owner}}
    said = team.job(
        "comment/comment",
        {"workflow_run": finished},
        team.sha("main"),
        token=WRITES,
        machine={"GAP": "0"},
        actions={"iterative/setup-cml": lambda *_: None},
    )
    said.program("python", LIGHT)
    return job, said.run(), signed


LIGHT = """#!/bin/sh
# The small environment is made by a test of its own; here the packages are there already.
[ "$3" = ".light" ] || exit 9
mkdir -p .light/bin
ln -s "$(command -v python3)" .light/bin/python
"""


@pytest.fixture
def proposal(team) -> str:
    (pull,) = [pull for pull in team.fake.pulls if pull["head"].endswith("-habits")]
    return pull["head"]


def test_an_honest_proposal_is_had_again_and_one_comment_says_so(team, proposal):
    job, said, signed = checked(team, proposal)

    assert not job.failed, job.log
    assert not said.failed, said.log
    assert signed == ["arn:reader"]
    check = read_check((job.checkout / "reproduction" / "check.json").read_bytes())
    assert check.comparison.proposed.metrics == pytest.approx(check.comparison.reproduced.metrics, abs=1e-3)
    ((number, body),) = team.fake.comments
    assert (number, body.splitlines()[0]) == (1, MARKER)
    assert "## ✅ `card_spending`: reproduced" in body
    assert "| accuracy | 0." in body
    assert body in job.summary


def test_figures_that_are_not_had_again_fail_the_check_and_the_same_comment_says_so(team, proposal):
    lake, key = open_uri(team.lake), f"{USECASE}/experiments/first/evaluation.json"
    honest = lake.get(key)
    better = json.loads(honest)
    better["models"]["candidate"]["metrics"]["accuracy"] += 0.03
    lake.put(key, json.dumps(better).encode())
    team.fake.artifacts.clear()
    try:
        job, said, _ = checked(team, proposal)
    finally:
        lake.put(key, honest)

    assert job.failed
    assert not said.failed, said.log
    ((_, body),) = team.fake.comments
    assert "## ❌ `card_spending`: not reproduced" in body
    assert "more than 0.005 apart" in body


def test_parameters_that_are_not_the_challengers_fail_the_check(team, proposal):
    changed = changed_params(
        team.fake.repository.file(proposal, PARAMS), {"rate": 1}, candidate="habits", seed=9
    )
    team.fake.repository.git("update-ref", "refs/heads/other", team.sha(proposal))
    team.fake.repository.put("other", {PARAMS: changed}, "by hand")
    team.fake.artifacts.clear()

    job, _, _ = checked(team, "other")

    assert job.failed
    check = read_check(only(team))
    assert check.comparison is None
    assert check.faults


@pytest.mark.parametrize(
    ("path", "content", "words"),
    [
        ("src/nightlabel/more.py", b"raise SystemExit\n", "NL-F003"),
        (f"src/nightlabel/usecases/{USECASE}/dvc.yaml", b"stages: {}\n", "NL-F003"),
        (PARAMS, b'candidate = "x; touch /tmp/evil"\n', "does not name a candidate"),
    ],
)
def test_a_pull_request_that_brings_more_than_a_proposal_trains_nothing(team, proposal, path, content, words):
    branch = f"more-{abs(hash(path)) % 1000}"
    team.fake.repository.git("update-ref", f"refs/heads/{branch}", team.sha(proposal))
    team.fake.repository.put(branch, {path: content}, "more")
    job = team.job(
        "model-pr/model",
        opened(team, branch),
        team.sha(branch),
        actions={"actions/upload-artifact": keep(team)},
    ).run()

    assert job.failed
    assert words in read_check(only(team)).problem
    assert "dvc pull" not in job.log


def test_a_fork_is_given_no_role_and_no_data(team, proposal):
    team.fake.artifacts.clear()
    job = team.job(
        "model-pr/model",
        opened(team, proposal, owner="stranger"),
        team.sha(proposal),
        actions={"actions/upload-artifact": keep(team)},
    ).run()

    assert job.failed
    assert "aws-actions/configure-aws-credentials" not in job.used
    assert "a fork is given no data" in read_check(only(team)).problem


def test_any_other_pull_request_passes_without_installing_anything(team):
    team.fake.repository.git("update-ref", "refs/heads/docs", team.sha("main"))
    team.fake.repository.put("docs", {"README.md": b"hello\n"}, "Words")

    job = team.job("model-pr/model", opened(team, "docs"), team.sha("docs")).run()

    assert not job.failed
    assert job.ran == ["python3 -m delivery.changed"]
    assert job.used == ["actions/checkout"]


def keep(team):
    team.fake.artifacts.clear()
    return uploading(team)


def only(team) -> bytes:
    (left,) = team.fake.artifacts
    return only_file(left.archive)
