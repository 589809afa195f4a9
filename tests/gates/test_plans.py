"""Our rules hold on what Terraform would really do: its plan of a whole place, and of a spoiled one."""

import json
import re
import shutil

import pytest

from gates.cloud import judge_all
from gates.findings import GateError
from gates.terraform import from_plan
from tests.terraform.conftest import IMAGES
from tests.terraform.equipment import tools

PROD = "envs/prod"
TO_THE_LETTER = (
    r'StringEquals = (\{\s+"\$\{local.github\}:aud" = "\S+"\s+"\$\{local.github\}:sub" = )var.ci_subjects'
)
SPOILED = {
    "open-ingress": ("network/endpoints.tf", "cidr_ipv4 += var.cidr", 'cidr_ipv4 = "0.0.0.0/0"'),
    "plain-http-bucket": ("lake/policies.tf", "= local.tls_only.artifacts", "= local.log_senders"),
    "wildcard-subject": ("access/ci.tf", TO_THE_LETTER, r'StringLike = \1"repo:owner/name:*"'),
    "first-metadata-service": ("cluster/nodes.tf", 'http_tokens += "required"', 'http_tokens = "optional"'),
    "public-database": ("tracking/database.tf", "publicly_accessible += false", "publicly_accessible = true"),
    "moving-image": ("registry/main.tf", '"IMMUTABLE"', '"MUTABLE"'),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    if not shutil.which("terraform"):
        pytest.fail(tools.MISSING)
    made = tools.terraform(tmp_path_factory.mktemp("plans"), arns=True)
    where = made.folder / PROD
    shutil.copy(where / "terraform.tfvars.example", where / "terraform.tfvars")
    return made


def rules(place) -> set[str]:
    plan = place.plan(PROD, **IMAGES)
    return {finding.rule for finding in judge_all(from_plan(json.dumps(plan)))}


def test_a_whole_place_passes(place):
    assert rules(place) == set()


def test_every_rule_refuses_the_place_that_breaks_it(place):
    before = {}
    for rule, (name, right, wrong) in SPOILED.items():
        file = place.folder / "modules" / name
        text = before.setdefault(file, file.read_text())
        assert re.search(right, text), rule
        file.write_text(re.sub(right, wrong, file.read_text(), count=1))
    try:
        assert rules(place) == set(SPOILED)
    finally:
        for file, text in before.items():
            file.write_text(text)


SECURE = '"aws:SecureTransport" = "false"'
SPOILED_ACCOUNT = {
    "wildcard-subject": (
        "delivery/trust.tf",
        r'StringEquals = (\{\s+"\S+" += "\S+"\s+"\S+" += )local.subjects.plan\[each.key\]',
        r'StringLike = \1"repo:owner/name:*"',
    ),
    "plain-http-bucket": ("state/main.tf", SECURE, SECURE.replace("false", "true")),
}


def test_an_account_passes_and_one_that_breaks_a_rule_does_not(tmp_path):
    made = tools.terraform(tmp_path, arns=True)
    where = made.folder / "envs" / "account"
    shutil.copy(where / "terraform.tfvars.example", where / "terraform.tfvars")
    assert judge_all(from_plan(json.dumps(made.plan("envs/account")))) == []
    for name, right, wrong in SPOILED_ACCOUNT.values():
        file = made.folder / "modules" / name
        assert re.search(right, file.read_text()), name
        file.write_text(re.sub(right, wrong, file.read_text(), count=1))

    found = judge_all(from_plan(json.dumps(made.plan("envs/account"))))

    assert {finding.rule for finding in found} == set(SPOILED_ACCOUNT)


def test_what_is_no_plan_is_not_judged():
    with pytest.raises(GateError, match="is no plan"):
        from_plan("{}")
