"""Terraform with providers that know no cloud, and the plan of a whole place."""

import shutil

import pytest

from tests.terraform.equipment import tools

DIGEST = "sha256:" + "5eed" * 16
IMAGES = {f"{name}_image": f"registry/{name}@{DIGEST}" for name in ("airflow", "label", "training")}
DATADOG = {
    "site": "datadoghq.eu",
    "urgent": "@pagerduty-nights",
    "calm": "@slack-ml",
    "slo_percent": 99,
    "deadline_seconds": 1800,
    "quarantined_share": 0.05,
}


@pytest.fixture(scope="session", autouse=True)
def _terraform_is_here():
    if not shutil.which("terraform"):
        pytest.fail(tools.MISSING)


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    """A copy of terraform/ to work in."""
    return tools.terraform(tmp_path_factory.mktemp("terraform"))


@pytest.fixture(scope="session")
def prod(tmp_path_factory):
    """The plan of prod with all images and Datadog, for the use cases tiny and card_spending."""
    made = tools.terraform(tmp_path_factory.mktemp("prod"), arns=True)
    example = (made.folder / "envs" / "prod" / "terraform.tfvars.example").read_text()
    (made.folder / "envs" / "prod" / "terraform.tfvars").write_text(example)
    return made.plan("envs/prod", use_cases=["card_spending", "tiny"], datadog=DATADOG, **IMAGES)


@pytest.fixture(scope="session")
def account(tmp_path_factory):
    """The plan of what an account needs before a place can be planned."""
    made = tools.terraform(tmp_path_factory.mktemp("account"), arns=True)
    example = (made.folder / "envs" / "account" / "terraform.tfvars.example").read_text()
    (made.folder / "envs" / "account" / "terraform.tfvars").write_text(example)
    planned = made.plan("envs/account")
    made.good("envs/account", "validate")
    return planned
