"""Images, signatures and rules: what is asked of programs and services that are not here."""

import json
import os
import sys

import pytest

from delivery import image, repository, sign
from delivery.nightlabel_cli import container
from delivery.runner import DeliveryError
from tests.workflows.samples import SHA

ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
DIGEST = "sha256:" + "ab" * 32
PROGRAM = """#!{python}
import json, os, sys
line = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
with open({log!r}, "a") as log:
    log.write(json.dumps(line + ([sys.stdin.read()] if "--password-stdin" in line else [])) + chr(10))
answers = json.load(open({answers!r}))
print(next((said for words, said in answers.items() if words in " ".join(line)), ""))
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Programs that write down what they are asked, and give the answers that they are told."""
    log, answers = tmp_path / "log", tmp_path / "answers"
    log.touch()
    (tmp_path / "bin").mkdir()
    for name in ("aws", "docker", "make", "cosign", "syft"):
        path = tmp_path / "bin" / name
        path.write_text(PROGRAM.format(python=sys.executable, log=str(log), answers=str(answers)))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    for module in ("runner", "sign"):
        monkeypatch.setattr(f"delivery.{module}.ROOT", tmp_path)
    for name, value in {
        "TARGET": "label",
        "GITHUB_SHA": SHA,
        "REGISTRY": ECR,
        "REPOSITORY": "nl/label",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BASE_IMAGE", f"python:3.11-slim-bookworm@{DIGEST}")

    def asked() -> list[list[str]]:
        return [json.loads(line) for line in log.read_text().splitlines()]

    asked.answers = lambda told: answers.write_text(json.dumps(told))
    return asked


def test_an_image_is_built_by_the_commit_pushed_and_named_by_its_digest(machine, tmp_path):
    machine.answers(
        {
            "get-login-password": "pass-word",
            "batch-get-image": '{"images": [], "failures": [{"failureCode": "ImageNotFound"}]}',
            "inspect": json.dumps([f"other/x@{DIGEST}", f"{ECR}/nl/label@{DIGEST}"]),
        }
    )
    image.work()

    name = f"{ECR}/nl/label:{SHA}"
    assert (tmp_path / "output").read_text() == f"image={ECR}/nl/label@{DIGEST}\n"
    assert [line[:2] for line in machine()] == [
        ["aws", "ecr"],
        ["docker", "login"],
        ["aws", "ecr"],
        ["make", "image"],
        ["docker", "tag"],
        ["docker", "push"],
        ["docker", "image"],
    ]
    assert machine()[1] == ["docker", "login", "--username", "AWS", "--password-stdin", ECR, "pass-word\n"]
    assert machine()[4] == ["docker", "tag", f"nightlabel-label:{SHA}", name]
    assert machine()[5] == ["docker", "push", name]


def test_a_commit_that_was_pushed_before_is_not_built_again(machine, tmp_path):
    machine.answers({"batch-get-image": json.dumps({"images": [{"imageId": {"imageDigest": DIGEST}}]})})
    image.work()

    assert (tmp_path / "output").read_text() == f"image={ECR}/nl/label@{DIGEST}\n"
    assert "make" not in [line[0] for line in machine()]


@pytest.mark.parametrize("said", ["null", "[]", json.dumps([f"{ECR}/nl/label@sha256:12"])])
def test_an_image_without_a_digest_goes_no_further(machine, said):
    machine.answers({"batch-get-image": '{"images": []}', "inspect": said})

    with pytest.raises(DeliveryError, match="no single digest"):
        image.work()


def test_an_image_is_signed_with_its_bill_and_the_signature_is_verified(machine, tmp_path, monkeypatch):
    machine.answers({})
    bill = {"components": [{"name": name} for name in ("nightlabel", "onnxruntime", "deltalake", "numpy")]}
    (tmp_path / "sbom.cdx.json").write_text(json.dumps(bill))
    monkeypatch.setenv("IMAGE", f"{ECR}/nl/label@{DIGEST}")
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_WORKFLOW_REF", "o/r/.github/workflows/release.yml@refs/heads/main")
    sign.work()

    words = [line[:2] for line in machine()]
    assert words == [
        ["syft", "scan"],
        *(["cosign", w] for w in ("sign", "attest", "verify", "verify-attestation")),
    ]
    assert all(line[-1] == f"{ECR}/nl/label@{DIGEST}" for line in machine()[1:])
    signer = "https://github.com/o/r/.github/workflows/release.yml@refs/heads/main"
    assert f"--certificate-identity={signer}" in machine()[3]


def test_a_bill_of_something_else_and_an_image_by_its_tag_are_not_signed(machine, monkeypatch):
    with pytest.raises(DeliveryError, match="does not name deltalake"):
        sign.components('{"components": [{"name": "nightlabel"}, {"name": "onnxruntime"}]}')
    monkeypatch.setenv("IMAGE", f"{ECR}/nl/label:latest")
    with pytest.raises(DeliveryError, match="named by its digest"):
        sign.work()
    assert machine() == []


def test_a_smoke_container_is_as_tight_as_a_pod_and_no_secret_is_in_its_command(tmp_path):
    secrets = {
        "MLFLOW_TRACKING_PASSWORD": "correct-horse",
        "GITHUB_TOKEN": "ghs_x",
        "NIGHTLABEL_LAKE": "file:///l",
    }
    words = container("docker", f"x@{DIGEST}", tmp_path, secrets)

    assert {"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"} <= set(words)
    assert [words[at + 1] for at, word in enumerate(words) if word == "--env"] == [
        "MLFLOW_TRACKING_PASSWORD",
        "NIGHTLABEL_LAKE",
    ]
    assert "correct-horse" not in " ".join(words)
    assert words[-1] == f"x@{DIGEST}"


ADMIN = "github_pat_" + "a" * 30


@pytest.fixture
def rules(hub, monkeypatch):
    """Run the program that writes the rules of the repository."""
    hub.tokens[ADMIN] = {"administration": "write"}

    def run(*words, reviewers="Team:7"):
        for name, value in {
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_API_URL": hub.url,
            "GITHUB_TOKEN": ADMIN,
            "REVIEWERS": reviewers,
            "GAP": "0",
        }.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["repository", *words])
        repository.work()

    return run


def test_without_a_word_the_rules_are_shown_and_nothing_is_asked(hub, rules, capsys):
    rules()

    assert "PUT /repos/o/r/branches/main/protection" in capsys.readouterr().out
    assert sum(hub.seen.values()) == 0


def test_the_rules_are_written_and_writing_them_again_changes_nothing(hub, rules):
    rules("--apply")
    first = json.dumps([hub.settings, hub.policies], sort_keys=True)
    rules("--apply")

    assert json.dumps([hub.settings, hub.policies], sort_keys=True) == first
    protection = hub.settings["protection of main"]
    assert protection["required_status_checks"]["contexts"] == ["check", "model"]
    assert protection["required_pull_request_reviews"]["require_code_owner_reviews"]
    assert protection["enforce_admins"]
    assert hub.policies == {"production": ["main"], "infra-dev": ["main"], "infra-prod": ["main"]}
    assert hub.settings["environment infra-prod"]["reviewers"] == [{"type": "Team", "id": 7}]
    assert hub.settings["workflow permissions"]["can_approve_pull_request_reviews"] is False


@pytest.mark.parametrize("reviewers", ["", "ann", "Team:7 ann", "Team:0"])
def test_rules_without_anybody_who_approves_are_refused(rules, reviewers):
    with pytest.raises(DeliveryError, match="needs a yes"):
        rules("--apply", reviewers=reviewers)


def test_a_token_without_the_right_is_told_which_one_it_needs(hub, rules):
    hub.tokens[ADMIN] = {"contents": "write"}

    with pytest.raises(DeliveryError, match="missing permission: administration: write"):
        rules("--apply")


def test_the_required_checks_are_jobs_that_always_run():
    from tests.workflows.runner import workflow  # noqa: PLC0415 - used here alone

    assert workflow("check")["jobs"]["check"]["if"] == "always()"
    assert "if" not in workflow("model-pr")["jobs"]["model"]
    assert all("paths" not in (workflow(n)["on"]["pull_request"] or {}) for n in ("check", "model-pr"))
    assert {"check", "model"} == set(repository.REQUIRED)
