"""Every right that is given exists, fits what it is given for, and is no wider than it says."""

import json
import re

import pytest
import yaml

from nightlabel_airflow import pods
from tests.terraform.equipment import tools
from tests.terraform.equipment.planned import only, policies, resources
from tests.terraform.iam import like, listed

K8S = tools.ROOT / "inference_image" / "k8s"


@pytest.fixture(scope="module")
def aws():
    return tools.database()


def faults(statement: dict, aws: dict) -> list[str]:
    """Say what is wrong with a statement by AWS's own list of actions, resources and conditions."""
    found = []
    for action in listed(statement["Action"]):
        service, _, name = action.partition(":")
        privileges = aws.get(service, {}).get("privileges", {})
        fitting = [p for p in privileges.values() if like(name.lower(), p["privilege"].lower())]
        if not fitting:
            found.append(f"{action}: there is no such action")
        if "*" not in name:
            found += [fault for p in fitting for fault in _misfits(statement, aws[service], p)]
    return found


def _misfits(statement: dict, service: dict, privilege: dict) -> list[str]:
    kinds = [kind for kind in privilege["resource_types"] if kind]
    shapes = [_shape(service["resources"][kind]["arn"]) for kind in kinds]
    given = listed(statement.get("Resource", statement.get("NotResource", [])))
    name = privilege["privilege"]
    found = [f"{name}: {arn} is nothing that it is done to" for arn in given if not _is_resource(arn, shapes)]
    known = {key for about in privilege["resource_types"].values() for key in about["condition_keys"]}
    used = {key for tests in statement.get("Condition", {}).values() for key in tests}
    return found + [
        f"{name}: there is no condition {key}" for key in sorted(used) if not _is_condition(key, known)
    ]


def _shape(arn: str) -> re.Pattern[str]:
    """Give what ARNs of a kind look like; the name of a bucket has no slash, so objects are no buckets."""
    parts = re.split(r"(\$\{\w+\})", arn)
    kinds = {"${BucketName}": "[^/]*"}
    return re.compile("".join(kinds.get(p, ".*") if p.startswith("${") else re.escape(p) for p in parts))


def _is_resource(arn: str, shapes: list[re.Pattern[str]]) -> bool:
    known_by_the_cloud_alone = arn.startswith("arn:aws:foretold:")
    spelt_out = re.sub(r"(:log-group:[^:]+):\*$", r"\1:log-stream:*", arn)  # what :* stands for there
    return (
        arn == "*"
        or known_by_the_cloud_alone
        or any(shape.fullmatch(spelt_out) or shape.fullmatch(arn) for shape in shapes)
    )


def _is_condition(key: str, known: set[str]) -> bool:
    shapes = {re.sub(r"\$\{[^}]+\}|<key>", "*", name).lower() for name in known}
    return key.startswith(("aws:", "kms:EncryptionContext:")) or any(
        like(shape, key.lower()) for shape in shapes
    )


def test_every_right_of_the_plan_exists_and_fits_what_it_is_given_for(prod, aws):
    trust = {address: s for address, s in policies(prod).items() if address.endswith("assume_role_policy")}
    rights = {address: s for address, s in policies(prod).items() if address not in trust}
    wrong = {
        address: [fault for s in statements for fault in faults(s, aws)]
        for address, statements in rights.items()
    }

    assert {address: found for address, found in wrong.items() if found} == {}
    assert len(rights) >= 14
    assert len(trust) >= 14
    for statements in trust.values():
        for statement in statements:
            assert set(listed(statement["Action"])) <= {f"sts:{name}" for name in aws["sts"]["privileges"]}


@pytest.mark.parametrize(
    ("action", "resource", "condition", "said"),
    [
        ("s3:PutObjects", "arn:aws:s3:::b/*", "", "there is no such action"),
        ("s3:ListBucket", "arn:aws:s3:::b/*", "", "is nothing that it is done to"),
        ("s3:GetObject", "arn:aws:s3:::b", "", "is nothing that it is done to"),
        ("ecr:PutImage", "arn:aws:ecr:eu-west-1:123456789012:image/x", "", "is nothing that it is done to"),
        ("s3:GetObject", "arn:aws:s3:::b/*", "s3:if-none-match", "there is no condition"),
        ("s3:PutObject", "arn:aws:s3:::b/*", "s3:if-none-match", ""),
    ],
)
def test_a_right_that_is_misspelt_or_misplaced_is_found(aws, action, resource, condition, said):
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    found = faults(statement | ({"Condition": {"Null": {condition: "true"}}} if condition else {}), aws)

    assert bool(found) == bool(said)
    assert said in "".join(found)


def test_nothing_is_allowed_on_everything_but_what_has_no_resource(prod, aws):
    for address, statements in policies(prod).items():
        for statement in (
            s for s in statements if s["Effect"] == "Allow" and "*" in listed(s.get("Resource", []))
        ):
            for action in listed(statement["Action"]):
                service, _, name = action.partition(":")
                kinds = aws[service]["privileges"].get(name, {}).get("resource_types", {})
                assert not any(kinds) or "aws_kms_key" in address, f"{address}: {action}"


def test_only_the_keys_own_policy_gives_all_rights_of_a_service(prod):
    wide = {
        a
        for a, s in policies(prod).items()
        for x in s
        if x["Effect"] == "Allow" and any(w.endswith(":*") for w in listed(x["Action"]))
    }

    assert {address.rpartition(".module.")[2] for address in wide} == {"key.aws_kms_key.this.policy"}


def test_a_role_trusts_nobody_but_those_who_are_named_to_the_letter(prod):
    for address, statements in policies(prod).items():
        if not address.endswith("assume_role_policy"):
            continue
        for statement in statements:
            assert "*" not in json.dumps(statement["Principal"]), address
            keys = {key for tests in statement.get("Condition", {}).values() for key in tests}
            wanted = {
                "pods.eks.amazonaws.com": {"aws:SourceArn"},
                "ecs-tasks.amazonaws.com": {"aws:SourceAccount"},
            }.get(statement["Principal"].get("Service"), set())
            assert wanted <= keys, address


@pytest.mark.parametrize(("name", "subject"), [("ci", "environment:production"), ("reader", "pull_request")])
def test_github_comes_in_by_exact_subjects_alone(prod, name, subject):
    trust = json.loads(only(prod, "aws_iam_role", f"aws_iam_role.{name}")["assume_role_policy"])["Statement"]

    assert [statement["Condition"] for statement in trust] == [
        {
            "StringEquals": {
                "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
                "token.actions.githubusercontent.com:sub": [f"repo:example/nightlabel:{subject}"],
            }
        }
    ]


def test_pods_and_roles_have_the_names_that_the_cluster_knows(prod):
    documents = [d for file in K8S.glob("*.yaml") for d in yaml.safe_load_all(file.read_text()) if d]
    accounts = {d["metadata"]["name"] for d in documents if d["kind"] == "ServiceAccount"}
    (namespace,) = {d["metadata"]["name"] for d in documents if d["kind"] == "Namespace"}
    groups = {
        s["name"]
        for d in documents
        if d["kind"] == "RoleBinding"
        for s in d["subjects"]
        if s["kind"] == "Group"
    }
    pairs = [v for a, v in resources(prod, "aws_eks_pod_identity_association").items() if ".this[" in a]
    (launcher,) = [v for a, v in resources(prod, "aws_eks_access_entry").items() if a.endswith("launcher")]

    assert {pair["service_account"] for pair in pairs} == accounts
    assert set(pods.ACCOUNTS.values()) <= accounts
    assert {pair["namespace"] for pair in pairs} == {namespace}
    assert set(launcher["kubernetes_groups"]) == groups


def test_a_pods_role_trusts_that_pods_account_alone(prod):
    for name in ("planner", "labeller", "publisher", "trainer", "launcher"):
        trust = json.loads(
            only(prod, "aws_iam_role", f'access.aws_iam_role.this["{name}"]')["assume_role_policy"]
        )
        (statement,) = trust["Statement"]
        assert (
            statement["Condition"]["StringEquals"]["aws:RequestTag/kubernetes-service-account"]
            == f"nightlabel-{name}"
        )
        assert statement["Condition"]["ArnEquals"] == {
            "aws:SourceArn": "arn:aws:eks:eu-west-1:123456789012:cluster/nightlabel-prod"
        }
