"""Plans and applies of a real Terraform, on resources that need no provider."""

import json
import shutil

import pytest

from delivery import infra
from delivery.infra_report import changes, text
from delivery.runner import DeliveryError

MAIN = """
variable "name" { type = string }
resource "terraform_data" "bucket" { input = var.name }
output "bucket" { value = terraform_data.bucket.output }
"""
SHA = "5eed" * 10


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A repository with one environment, and the variables of a step."""
    if shutil.which("terraform") is None:
        pytest.skip("there is no terraform on this machine, so no plan can be made")
    folder = tmp_path / "terraform" / "envs" / "dev"
    folder.mkdir(parents=True)
    (folder / "main.tf").write_text(MAIN)
    monkeypatch.setattr("delivery.runner.ROOT", tmp_path)
    monkeypatch.setattr("delivery.infra.ROOT", tmp_path)
    for name, value in {
        "INFRA": "dev",
        "COMMIT": SHA,
        "TERRAFORM_VARIABLES": 'name = "secret-lake"\n',
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
    }.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def outputs(place) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (place / "output").read_text().splitlines())


def planned(place) -> str:
    infra.plan()
    return outputs(place)["digest"]


def test_what_was_approved_is_applied_and_then_nothing_is_left_to_do(place, monkeypatch):
    monkeypatch.setenv("DIGEST", planned(place))
    infra.apply()
    (place / "output").unlink()
    infra.plan()

    assert outputs(place)["changes"] == "false"
    assert "no changes" in (place / "summary").read_text()


def test_a_plan_that_changed_since_it_was_approved_is_not_applied(place, monkeypatch):
    monkeypatch.setenv("DIGEST", planned(place))
    monkeypatch.setenv("TERRAFORM_VARIABLES", 'name = "another"\n')

    with pytest.raises(DeliveryError, match="nothing was applied"):
        infra.apply()
    assert not (place / "terraform" / "envs" / "dev" / "terraform.tfstate").exists()


def test_the_paper_and_the_comment_hold_addresses_and_no_value(place):
    planned(place)
    paper = (place / "infra" / "dev.json").read_bytes()
    commit, said = text(paper, "dev")

    assert commit == SHA
    assert json.loads(paper)["changes"] == [{"address": "terraform_data.bucket", "action": "create"}]
    assert "| create | `terraform_data.bucket` |" in said
    assert b"secret-lake" not in paper + said.encode()


def test_only_the_environments_of_the_project_are_planned(place, monkeypatch):
    monkeypatch.setenv("INFRA", "../../etc")

    with pytest.raises(DeliveryError, match="dev or prod"):
        infra.plan()


def test_what_is_destroyed_is_told_loudly():
    change = {"address": "aws_s3_bucket.lake", "change": {"actions": ["delete", "create"]}}

    assert changes({"resource_changes": [change]}) == [
        {"address": "aws_s3_bucket.lake", "action": "**replace**"}
    ]
