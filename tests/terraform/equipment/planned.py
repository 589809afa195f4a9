"""Reads a plan that Terraform wrote as JSON."""

import json
from collections.abc import Iterator


def resources(plan: dict, kind: str = "") -> dict[str, dict]:
    """Give the values of all planned resources, or those of one kind, by address."""
    return {
        found["address"]: found["values"]
        for found in _all(plan["planned_values"]["root_module"])
        if kind in ("", found["type"])
    }


def only(plan: dict, kind: str, address: str) -> dict:
    """Give the values of the one resource of a kind whose address ends so."""
    (found,) = [values for where, values in resources(plan, kind).items() if where.endswith(address)]
    return found


def policies(plan: dict) -> dict[str, list[dict]]:
    """Give the statements of every policy of a plan: of roles, their trust, buckets and keys, by address."""
    return {
        f"{address}.{field}": json.loads(values[field])["Statement"]
        for address, values in resources(plan).items()
        for field in ("policy", "assume_role_policy")
        if values.get(field) and "lifecycle_policy" not in address
    }


def role(plan: dict, name: str) -> list[dict]:
    """Give the statements of a role's own policy."""
    return statements(plan, "aws_iam_role_policy", f'access.aws_iam_role_policy.this["{name}"]')


def statements(plan: dict, kind: str, address: str) -> list[dict]:
    """Give the statements of the one policy of a kind whose address ends so."""
    found: list[dict] = json.loads(only(plan, kind, address)["policy"])["Statement"]
    return found


def bucket(plan: dict, name: str) -> list[dict]:
    """Give the statements of a bucket's policy."""
    return statements(plan, "aws_s3_bucket_policy", f'["{name}"]')


def _all(module: dict) -> Iterator[dict]:
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from _all(child)
