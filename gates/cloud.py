"""Our own rules for Terraform, where checkov is blind: functions of plain data.

What cannot be read off the files is held against the writer wherever silence would open something.
"""

import ipaddress
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gates.findings import ROOT, Finding
from gates.policies import Statement, statements
from gates.terraform import Resource, Values, from_files

INGRESS = {"aws_vpc_security_group_ingress_rule", "aws_security_group_rule"}
GROUPS = {"aws_security_group", "aws_default_security_group"}
MACHINES = {"aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_spot_instance_request"}
DATABASES = {
    "aws_db_instance",
    "aws_rds_cluster_instance",
    "aws_redshift_cluster",
    "aws_dms_replication_instance",
}
WIDEST = {4: 8, 6: 16}
"""Shortest prefix of a network that may be let in: 10.0.0.0/8 is the largest that anybody owns."""

RANGE = re.compile(r"[0-9a-fA-F:.]*[.:][0-9a-fA-F:.]*/\d{1,3}")
TO_THE_LETTER = {"StringEquals", "ForAnyValue:StringEquals"}
BY_PATTERN = {"StringLike", "ForAnyValue:StringLike"}
DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
Told = Iterator[tuple[Resource, str]]


def cloud(root: Path = ROOT, folder: str = "terraform") -> list[Finding]:
    """Hold the rules against all modules below a folder."""
    return judge_all(from_files(root / folder, root))


def judge_all(resources: list[Resource]) -> list[Finding]:
    """Hold the rules against resources; each finding once, however often a module is called."""
    return sorted(
        {
            Finding(
                "cloud",
                rule.__name__.replace("_", "-"),
                resource.path,
                resource.line,
                f"{resource.address}: {said}",
            )
            for rule in RULES
            for resource, said in rule(resources)
        }
    )


def open_ingress(resources: list[Resource]) -> Told:
    """Nobody lets the whole world in, on whatever port."""
    for resource in resources:
        if wide := [cidr for text in _let_in(resource) for cidr in RANGE.findall(text) if is_wide(cidr)]:
            yield resource, f"lets in {', '.join(sorted(set(wide)))}"


def plain_http_bucket(resources: list[Resource]) -> Told:
    """Every bucket denies what does not come by TLS."""
    policies = [one for one in resources if one.kind == "aws_s3_bucket_policy"]
    tls = [one for one in statements(resources) if _asks_for_tls(one)]
    for bucket in resources:
        if bucket.kind == "aws_s3_bucket":
            of_bucket = [policy for policy in policies if _is_of(policy, bucket)]
            if not any(_holds(policy, one, bucket) for policy in of_bucket for one in tls):
                yield bucket, "has no policy that denies plain HTTP for the bucket and its objects"


def wildcard_subject(resources: list[Resource]) -> Told:
    """Whoever comes with a token of OIDC is known by its audience, and to the letter by its subject."""
    for one in statements(resources):
        if one.effect == "Allow" and "sts:AssumeRoleWithWebIdentity" in one.actions:
            subjects = [
                (test, value)
                for test, key, values in one.conditions
                if key.endswith(":sub")
                for value in values
            ]
            if not subjects:
                yield one.resource, "takes every subject of a provider of tokens"
            if any(_is_wild(test, value) for test, value in subjects):
                yield (
                    one.resource,
                    f"takes subjects by a pattern: {', '.join(value for _, value in subjects)}",
                )
            if not any(key.endswith(":aud") and "Equals" in test for test, key, _ in one.conditions):
                yield one.resource, "takes tokens that were made for somebody else: no :aud is asked for"


def first_metadata_service(resources: list[Resource]) -> Told:
    """A machine's metadata ask for a session (IMDSv2)."""
    for resource in resources:
        if resource.kind in MACHINES:
            options = resource.values.get("metadata_options") or [{}]
            if options[0].get("http_tokens") != "required":
                yield resource, 'metadata_options must say http_tokens = "required"'
        elif resource.kind == "aws_eks_node_group" and not resource.values.get("launch_template"):
            yield resource, "has no launch_template of its own that says http_tokens"


def public_database(resources: list[Resource]) -> Told:
    """No database has a public address."""
    for resource in resources:
        if resource.kind in DATABASES and resource.values.get("publicly_accessible", False) is not False:
            yield resource, "publicly_accessible must be the word false, or not there"


def moving_image(resources: list[Resource]) -> Told:
    """An image is named by its digest, and no tag of ours ever moves."""
    for resource in resources:
        if (
            resource.kind == "aws_ecr_repository"
            and resource.values.get("image_tag_mutability") != "IMMUTABLE"
        ):
            yield resource, 'image_tag_mutability must be "IMMUTABLE"'
        for container in _containers(resource):
            image = str(container.get("image", ""))
            if image and "${" not in image and not DIGEST.search(image):
                yield resource, f"the image {image!r} is not named by its digest"


def privileged_container(resources: list[Resource]) -> Told:
    """No container has rights over its machine."""
    for resource in resources:
        if any(container.get("privileged", False) is not False for container in _containers(resource)):
            yield resource, "a container is privileged"


RULES: list[Callable[[list[Resource]], Told]] = [
    open_ingress,
    plain_http_bucket,
    wildcard_subject,
    first_metadata_service,
    public_database,
    moving_image,
    privileged_container,
]


def _let_in(resource: Resource) -> Iterator[str]:
    """Give the text of everything that a resource lets in."""
    values = resource.values
    if resource.kind in GROUPS:
        yield from (_text(block, values) for block in values.get("ingress") or [])
    elif resource.kind in INGRESS and values.get("type", "ingress") != "egress":
        yield _text(values, values)
    elif resource.kind == "aws_eks_cluster":
        for block in values.get("vpc_config") or []:
            if block.get("endpoint_public_access", True) is not False:
                yield _text(block.get("public_access_cidrs") or ["0.0.0.0/0"], values)
    elif resource.kind in {"aws_lb", "aws_alb", "aws_elb"} and values.get("internal", False) is not True:
        yield "0.0.0.0/0 as a public load balancer"


def is_wide(cidr: str) -> bool:
    """Tell whether a network is wider than anybody owns; what is no network is not."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen < WIDEST[network.version]


def _asks_for_tls(one: Statement) -> bool:
    secure = any(
        test == "Bool" and key == "aws:SecureTransport" and values == ["false"]
        for test, key, values in one.conditions
    )
    all_of_it = (
        not one.objects or "*" in one.objects or {o.endswith("/*") for o in one.objects} == {True, False}
    )
    return (
        secure
        and len(one.conditions) == 1
        and one.effect == "Deny"
        and one.principals == ["*"]
        and (one.actions == ["s3:*"] and all_of_it)
    )


def _is_of(policy: Resource, bucket: Resource) -> bool:
    """Tell whether a policy is a bucket's: by a reference, or by the name that both have."""
    name = bucket.values.get("bucket")
    same = isinstance(name, str) and "${" not in name and name == policy.values.get("bucket")
    return policy.module == bucket.module and (same or _names(policy, "bucket", bucket.address))


def _holds(policy: Resource, one: Statement, bucket: Resource) -> bool:
    """Tell whether a bucket's policy has a statement, in itself or by a document of its module."""
    if one.resource is policy:
        return True
    return one.resource.module == bucket.module and _names(policy, "policy", one.resource.address)


def _names(resource: Resource, argument: str, address: str) -> bool:
    text = _text(resource.values.get(argument), resource.values)
    return bool(re.search(rf"(?<![\w.]){re.escape(address)}(?!\w)", text))


def _is_wild(test: str, value: str) -> bool:
    """Tell whether a condition lets more than one subject through; a pattern that is not known may."""
    if test in TO_THE_LETTER:
        return False
    return test not in BY_PATTERN or any(sign in value for sign in "*?$")


def _containers(resource: Resource) -> list[Values]:
    told = (
        resource.values.get("container_definitions") if resource.kind == "aws_ecs_task_definition" else None
    )
    if isinstance(told, str) and told.startswith("["):
        told = json.loads(told)
    return [one for one in told or [] if isinstance(one, dict)] if not isinstance(told, str) else []


def _text(value: Any, values: Values) -> str:
    """Give a value as text, with what its resource is repeated for where it says ``each``."""
    text = json.dumps(value)
    return text + json.dumps(values.get("for_each")) if "each." in text else text
