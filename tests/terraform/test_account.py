"""What an account needs before a place: whoever plans and applies does that, and nothing to the account."""

import copy
import json

import boto3
import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.terraform.equipment import tools
from tests.terraform.equipment.planned import only, policies, resources, statements
from tests.terraform.guard import guarded
from tests.terraform.iam import ALLOWED, DENIED, Request, decide, like, listed
from tests.terraform.needs import HERE, NEEDS
from tests.terraform.test_policies import faults

MANAGED = json.loads(aws_managed_policies_data)
EVERYTHING = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
STATES = "arn:aws:s3:::nightlabel-account-123456789012-state"
IAM = "arn:aws:iam::123456789012"
GITHUB = "token.actions.githubusercontent.com"
BOUNDARY = f"{IAM}:policy/nightlabel-account-prod-boundary"
CONTEXT = {
    "aws:requestedregion": "eu-west-1",
    "aws:resourcetag/place": "nightlabel-prod",
    "aws:requesttag/place": "nightlabel-prod",
    "iam:permissionsboundary": BOUNDARY,
    "iam:passedtoservice": "ecs-tasks.amazonaws.com",
    "kms:viaservice": "s3.eu-west-1.amazonaws.com",
}
KEYS = {"aws_access_key_id": "x", "aws_secret_access_key": "x"}
FORETOLD = {"arn:aws:foretold:::one": f"arn:aws:kms:{HERE}:key/5eed"}


def asks(action, resource, **changed):
    context = CONTEXT | {key.replace("__", ":"): value for key, value in changed.items()}
    return Request(action, resource, f"{IAM}:role/nightlabel-account-prod-apply", context)


def own(account, name):
    """Give the statements of a role's own policy, and of the one of AWS's that it has."""
    read = only(account, "aws_iam_role_policy_attachment", f'.read["prod-{name}"]')["policy_arn"]
    managed = MANAGED[read.rpartition("/")[2]]["Document"]["Statement"]
    return [
        *statements(account, "aws_iam_role_policy", f'.{name}["prod"]'),
        *(s for s in managed if "Condition" not in s),
    ]


@pytest.mark.parametrize("environment", ["dev", "prod"])
@pytest.mark.parametrize(("role", "subject"), [("plan", "infra-{}-plan"), ("apply", "infra-{}")])
def test_a_role_is_taken_by_the_one_environment_that_delivery_uses_and_no_other(
    account, role, environment, subject
):
    trust = only(account, "aws_iam_role", f'.{role}["{environment}"]')["assume_role_policy"]
    (statement,) = json.loads(trust)["Statement"]
    workflow = (tools.ROOT / ".github/workflows/infra.yml").read_text()
    named = subject.format(environment)

    assert statement["Condition"] == {
        "StringEquals": {
            f"{GITHUB}:aud": "sts.amazonaws.com",
            f"{GITHUB}:sub": f"repo:example/nightlabel:environment:{named}",
        }
    }
    assert f"    environment: {named}\n" in workflow or f"    environment: {named}  #" in workflow


def test_every_right_exists_and_fits_what_it_is_given_for(account):
    aws = tools.database()
    rights = {a: s for a, s in policies(account).items() if not a.endswith("assume_role_policy")}
    wrong = {a: [fault for s in found for fault in faults(s, aws)] for a, found in rights.items()}

    assert {address: found for address, found in wrong.items() if found} == {}
    assert len(rights) == 7
    sizes = [len(v["policy"].replace(" ", "")) for v in resources(account, "aws_iam_role_policy").values()]
    assert max(sizes) < 10_240  # what IAM takes for all of a role's own
    assert max(len(v["policy"]) for v in resources(account, "aws_iam_policy").values()) < 6_144


def test_what_has_no_name_is_bound_by_region_or_tag(account):
    wide = {
        statement["Sid"]: statement.get("Condition", {}).get("StringEquals", {}).keys()
        for found in policies(account).values()
        for statement in found
        if statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource", []))
    }

    assert {sid for sid, keys in wide.items() if not keys} == {"Names", "PullImages"}
    assert wide["NewKey"] == {"aws:RequestTag/place"}
    assert wide["NetworkAndMachines"] == wide["MachinesAndTheirNetwork"] == {"aws:RequestedRegion"}


@pytest.mark.parametrize("role", ["plan", "apply"])
@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::nightlabel-prod-123456789012-lake/lake/card_spending/inbox/a.csv"),
        ("s3:GetObjectVersion", "arn:aws:s3:::nightlabel-prod-123456789012-artifacts/1/model"),
        ("s3:GetObject", f"{STATES}/nightlabel/account.tfstate"),
        ("s3:GetObject", f"{STATES}/nightlabel/dev.tfstate"),
        (
            "secretsmanager:GetSecretValue",
            f"arn:aws:secretsmanager:{HERE}:secret:nightlabel-prod/mlflow/admin-abcdef",
        ),
        ("ssm:GetParameter", f"arn:aws:ssm:{HERE}:parameter/x"),
        ("logs:GetLogEvents", f"arn:aws:logs:{HERE}:log-group:/nightlabel-prod/mlflow:log-stream:x"),
        ("ecr:GetDownloadUrlForLayer", f"arn:aws:ecr:{HERE}:repository/nightlabel-prod/label"),
    ],
)
def test_neither_role_reads_data_even_if_it_may_do_everything_else(account, role, action, resource):
    whole = own(account, role)
    without = [statement for statement in whole if not statement.get("Sid", "").startswith("No")]

    assert decide(asks(action, resource), whole + EVERYTHING, []) == DENIED
    assert decide(asks(action, resource), without + EVERYTHING, []) == ALLOWED


def test_a_plan_changes_nothing_but_its_lock(account):
    whole = own(account, "plan")
    for kind, needs in NEEDS.items():
        assert {decide(asks(*need), whole, []) for need in needs} & {ALLOWED} == set(), kind
    writes = [("s3:PutObject", "prod.tfstate"), ("s3:PutObject", "dev.tfstate.tflock")]
    for action, key in [*writes, ("s3:DeleteObject", "prod.tfstate")]:
        assert decide(asks(action, f"{STATES}/nightlabel/{key}"), whole, []) != ALLOWED


def test_what_is_needed_exists_and_fits_what_it_is_done_to():
    aws = tools.database()
    for action, resource in (need for needs in NEEDS.values() for need in needs):
        service, _, name = action.partition(":")
        kinds = aws[service]["privileges"][name]["resource_types"]

        assert faults({"Effect": "Allow", "Action": action, "Resource": resource}, aws) == []
        assert any(kinds) == (resource != "*"), action


def test_every_kind_of_resource_of_a_place_can_be_made_and_removed(account, prod):
    kinds = {values.partition(".aws_")[2].partition(".")[0] for values in resources(prod)} - {""}
    refused = [
        need
        for needs in NEEDS.values()
        for need in needs
        if decide(asks(*need), own(account, "apply"), []) != ALLOWED
    ]

    assert {f"aws_{kind}" for kind in kinds} == NEEDS.keys()
    assert refused == []


@pytest.mark.parametrize(
    ("action", "resource", "changed"),
    [
        ("iam:CreateRole", f"{IAM}:role/nightlabel-prod-more", {"iam__permissionsboundary": "none"}),
        ("iam:CreateRole", f"{IAM}:role/other", {}),
        (
            "iam:PutRolePolicy",
            f"{IAM}:role/nightlabel-prod-old",
            {"iam__permissionsboundary": f"{BOUNDARY}2"},
        ),
        (
            "iam:PutRolePermissionsBoundary",
            f"{IAM}:role/nightlabel-prod-x",
            {"iam__permissionsboundary": "x"},
        ),
        ("iam:DeleteRolePermissionsBoundary", f"{IAM}:role/nightlabel-prod-planner", {}),
        ("iam:PutRolePolicy", f"{IAM}:role/nightlabel-account-prod-apply", {}),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/nightlabel-account-prod-plan", {}),
        ("iam:UpdateAssumeRolePolicy", f"{IAM}:role/nightlabel-dev-planner", {}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:UpdateOpenIDConnectProviderThumbprint", f"{IAM}:oidc-provider/{GITHUB}", {}),
        ("iam:CreateUser", f"{IAM}:user/eve", {}),
        (
            "iam:PassRole",
            f"{IAM}:role/nightlabel-prod-node",
            {"iam__passedtoservice": "lambda.amazonaws.com"},
        ),
        ("iam:PassRole", f"{IAM}:role/platform", {}),
        ("sts:AssumeRole", f"{IAM}:role/platform", {}),
        ("s3:PutBucketPolicy", STATES, {}),
        ("s3:PutBucketVersioning", STATES, {}),
        ("s3:PutLifecycleConfiguration", STATES, {}),
        ("s3:DeleteObjectVersion", f"{STATES}/nightlabel/prod.tfstate", {}),
        ("s3:PutObject", f"{STATES}/nightlabel/dev.tfstate", {}),
        ("s3:DeleteBucket", "arn:aws:s3:::nightlabel-dev-123456789012-lake", {}),
        ("ec2:CreateVpc", f"arn:aws:ec2:{HERE}:vpc/*", {"aws__requestedregion": "us-east-1"}),
        ("kms:ScheduleKeyDeletion", f"arn:aws:kms:{HERE}:key/other", {"aws__resourcetag/place": "other"}),
        ("rds:DeleteDBInstance", f"arn:aws:rds:{HERE}:db:ledger", {}),
    ],
)
def test_whoever_applies_changes_neither_the_account_nor_what_is_not_the_places(
    account, action, resource, changed
):
    assert decide(asks(action, resource, **changed), own(account, "apply"), []) != ALLOWED


def test_the_account_itself_is_out_of_reach_whatever_else_is_allowed(account):
    whole = own(account, "apply")
    for action, resource in {
        "iam:PutRolePolicy": f"{IAM}:role/nightlabel-account-prod-apply",
        "iam:CreatePolicyVersion": BOUNDARY,
        "iam:DeleteOpenIDConnectProvider": f"{IAM}:oidc-provider/{GITHUB}",
        "iam:DeleteRolePermissionsBoundary": f"{IAM}:role/nightlabel-prod-planner",
        "s3:PutBucketPolicy": STATES,
        "s3:DeleteBucketPolicy": STATES,
        "s3:PutEncryptionConfiguration": STATES,
    }.items():
        assert decide(asks(action, resource), whole + EVERYTHING, []) == DENIED, action


def unbounded(plan: dict) -> list[str]:
    """Name the roles of a plan that lack the boundary."""
    roles = resources(plan, "aws_iam_role")
    return [address for address, values in roles.items() if values.get("permissions_boundary") != BOUNDARY]


def test_every_role_of_a_place_carries_the_boundary(prod):
    assert unbounded(prod) == []
    assert len(resources(prod, "aws_iam_role")) >= 14


def test_a_role_without_the_boundary_is_found(prod):
    other = copy.deepcopy(prod)
    address, values = next(iter(resources(other, "aws_iam_role").items()))
    values["permissions_boundary"] = None

    assert unbounded(other) == [address]


def beyond(most: list[dict], found: list[dict]) -> list[tuple[str, str]]:
    """Give what statements allow and a boundary does not."""
    return [
        (action, resource)
        for s in found
        if s["Effect"] == "Allow"
        for action in listed(s["Action"])
        for resource in listed(s["Resource"])
        if decide(asks(action, FORETOLD.get(resource, resource)), most, []) != ALLOWED
    ]


def test_the_boundary_leaves_a_place_all_that_its_own_policies_give(account, prod):
    most = statements(account, "aws_iam_policy", '["prod"]')
    own_policies = {
        address: json.loads(values["policy"])["Statement"]
        for address, values in resources(prod, "aws_iam_role_policy").items()
    }

    assert {a: beyond(most, found) for a, found in own_policies.items() if beyond(most, found)} == {}
    assert beyond(most, EVERYTHING) == [("*", "*")]
    assert beyond(most, [{"Effect": "Allow", "Action": "iam:CreateUser", "Resource": "*"}])


def test_the_boundary_leaves_what_awss_own_policies_give_a_place(account, prod):
    most = [a for s in statements(account, "aws_iam_policy", '["prod"]') for a in listed(s["Action"])]
    attached = {v["policy_arn"] for v in resources(prod, "aws_iam_role_policy_attachment").values()}
    given = {
        action
        for arn in attached
        for statement in MANAGED[arn.rpartition("/")[2]]["Document"]["Statement"]
        for action in listed(statement["Action"])
    }

    left_out = {a for a in given if not any(like(p.lower(), a.lower()) for p in most)}
    assert left_out == {"logs:GetLogEvents"}  # the database writes its figures, and need not read them


class Backend:
    """Terraform with a state in a bucket, behind the planned policies; whoever comes is one role."""

    def __init__(self, terraform, guard) -> None:
        self._terraform, self.guard = terraform, guard

    def folder(self, name, backend):
        """Make a folder with one resource that needs no provider; gives its name."""
        place = self._terraform.folder / name
        place.mkdir()
        (place / "main.tf").write_text('resource "terraform_data" "x" { input = "1" }\n')
        (place / "backend.tf").write_text(backend)
        return name

    def run(self, who, where, *words):
        told = {"AWS_ACCESS_KEY_ID": who, "AWS_SECRET_ACCESS_KEY": "x", "AWS_EC2_METADATA_DISABLED": "true"}
        return self._terraform.run(where, *words, AWS_ENDPOINT_URL_S3=self.guard.address, **told)

    def init(self, who, where, *words):
        here = ("use_path_style", "skip_credentials_validation", "skip_requesting_account_id")
        return self.run(
            who, where, "init", "-input=false", *(f"-backend-config={w}=true" for w in here), *words
        )


@pytest.fixture(scope="module")
def states(account, s3_server):
    """The bucket of the states, without the policies in front of it."""
    known = {"endpoint_url": s3_server, "region_name": "us-east-1"} | KEYS
    bucket = boto3.resource("s3", **known).Bucket(
        account["planned_values"]["outputs"]["state_bucket"]["value"]
    )
    bucket.create()
    return bucket


@pytest.fixture(scope="module")
def backend(account, states, s3_server, tmp_path_factory):
    told = {
        "account": "123456789012",
        "name": "nightlabel-account",
        "roles": {
            "admin": EVERYTHING,
            **{
                f"{environment}-{name}": statements(
                    account, "aws_iam_role_policy", f'.{name}["{environment}"]'
                )
                for environment in ("dev", "prod")
                for name in ("plan", "apply")
            },
        },
        "bucket": statements(account, "aws_s3_bucket_policy", ".this"),
    }
    folder = tmp_path_factory.mktemp("states")
    with guarded(s3_server, told, folder) as guard:
        yield Backend(tools.terraform(folder), guard)


def test_the_accounts_own_state_moves_into_the_bucket_that_it_made(account, backend, states):
    where = backend.folder("once", "")
    assert backend.run("admin", where, "init").returncode == 0
    assert backend.run("admin", where, "apply", "-auto-approve").returncode == 0
    file = backend._terraform.folder / where / "backend.tf"
    file.write_text(account["planned_values"]["outputs"]["backend"]["value"])
    moved = backend.init("admin", where, "-migrate-state", "-force-copy")

    assert backend.run("admin", where, "fmt", "-check").returncode == 0
    assert moved.returncode == 0, moved.stderr
    kept = json.loads(states.Object("nightlabel/account.tfstate").get()["Body"].read())
    assert kept["resources"][0]["type"] == "terraform_data"
    assert backend.run("admin", where, "plan", "-detailed-exitcode").returncode == 0


@pytest.fixture(scope="module")
def place(backend):
    """The state of dev, by whoever applies: with the backend of versions.tf and of backend.hcl.example."""
    versions = (tools.ROOT / "terraform/envs/dev/versions.tf").read_text()
    block = versions[versions.index('  backend "s3"') : versions.index('provider "aws"')].rpartition("}")[0]
    where = backend.folder("dev", f"terraform {{\n{block}}}\n")
    example = (tools.ROOT / "terraform/envs/dev/backend.hcl.example").read_text()
    (backend._terraform.folder / where / "backend.hcl").write_text(example)
    begun = backend.init("dev-apply", where, "-backend-config=backend.hcl")
    assert begun.returncode == 0, begun.stderr
    done = backend.run("dev-apply", where, "apply", "-auto-approve")
    assert done.returncode == 0, done.stderr
    return where


def test_a_plan_reads_and_locks_the_state_of_its_place_and_cannot_write_it(backend, place, states):
    before = states.Object("nightlabel/dev.tfstate").get()["Body"].read()
    planned = backend.run("dev-plan", place, "plan", "-detailed-exitcode")
    locks = [entry for entry in backend.guard.said() if entry[2].endswith(".tflock")]
    changed = backend.run("dev-plan", place, "apply", "-auto-approve", "-replace=terraform_data.x")

    assert planned.returncode == 0, planned.stderr
    assert ("dev-plan", "s3:PutObject", "nightlabel/dev.tfstate.tflock", ALLOWED) in locks
    assert changed.returncode == 1
    assert states.Object("nightlabel/dev.tfstate").get()["Body"].read() == before


def test_a_state_that_somebody_holds_is_not_planned(backend, place, states):
    lock = states.Object("nightlabel/dev.tfstate.tflock")
    lock.put(Body=b'{"ID": "held"}')
    try:
        held = backend.run("dev-plan", place, "plan")
    finally:
        lock.delete()

    assert held.returncode == 1
    assert "Error acquiring the state lock" in held.stderr


@pytest.mark.parametrize("who", ["prod-plan", "prod-apply"])
def test_nobody_reads_the_state_of_another_place(backend, place, who):
    assert backend.run(who, place, "plan", "-lock=false").returncode == 1
    assert (who, "s3:GetObject", "nightlabel/dev.tfstate", DENIED) in backend.guard.said()


def test_even_an_administrator_deletes_no_state(account):
    policy = statements(account, "aws_s3_bucket_policy", ".this")
    tls = {"aws__securetransport": "true", "s3__tlsversion": "1.3"}
    for action, key, decision in (
        ("s3:DeleteObject", "dev.tfstate", DENIED),
        ("s3:DeleteObject", "dev.tfstate.tflock", ALLOWED),
        ("s3:DeleteObjectVersion", "dev.tfstate", DENIED),
        ("s3:PutObject", "dev.tfstate", ALLOWED),
    ):
        assert decide(asks(action, f"{STATES}/nightlabel/{key}", **tls), EVERYTHING, policy) == decision
    plain = tls | {"aws__securetransport": "false"}
    assert (
        decide(asks("s3:PutObject", f"{STATES}/nightlabel/dev.tfstate", **plain), EVERYTHING, policy)
        == DENIED
    )
