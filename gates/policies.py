"""Statements of IAM policies as plain data, whichever way Terraform has them."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from gates.terraform import Resource, Values

DOCUMENT = "data.aws_iam_policy_document"


class Statement(NamedTuple):
    """One statement.

    Attributes:
        resource: What it is written in.
        effect: ``Allow`` or ``Deny``.
        principals: As ``kind:name``; ``*`` is anybody.
        actions: Actions.
        objects: What it is about; nothing where only AWS knows it.
        conditions: Test, key and values.
        whole: All of it can be read; otherwise it was made out of the text of an expression.
    """

    resource: Resource
    effect: str
    principals: list[str]
    actions: list[str]
    objects: list[str]
    conditions: list[tuple[str, str, list[str]]]
    whole: bool = True


def statements(resources: Iterable[Resource]) -> Iterator[Statement]:
    """Give the statements of documents and of policies that are written out."""
    for resource in resources:
        if resource.kind == DOCUMENT:
            yield from (_of_document(resource, block) for block in resource.values.get("statement") or [])
        else:
            for name, value in resource.values.items():
                if "policy" in name:
                    yield from _of_policy(resource, value)


def _of_document(resource: Resource, block: Values) -> Statement:
    who = [f"{p['type']}:{name}" for p in block.get("principals") or [] for name in _list(p["identifiers"])]
    tests = [(c["test"], c["variable"], _list(c["values"])) for c in block.get("condition") or []]
    effect = block.get("effect") or "Allow"
    everybody = ["*" if name in {"*:*", "AWS:*"} else name for name in who]
    return Statement(
        resource, effect, everybody, _list(block.get("actions")), _list(block.get("resources")), tests
    )


def _of_policy(resource: Resource, value: Any) -> Iterator[Statement]:
    policy = _decoded(value)
    told = policy.get("Statement", []) if isinstance(policy, dict) else []
    for one in told if isinstance(told, list) else [told]:
        if isinstance(one, dict):
            yield _of_object(resource, one)
        elif isinstance(one, str):
            yield from _of_text(resource, one)


def _of_object(resource: Resource, one: Values) -> Statement:
    tests = [
        (test, key, _list(values))
        for test, keys in (one.get("Condition") or {}).items()
        if isinstance(keys, dict)
        for key, values in keys.items()
    ]
    principals = _principals(one.get("Principal"))
    return Statement(
        resource,
        str(one.get("Effect")),
        principals,
        _list(one.get("Action")),
        _list(one.get("Resource")),
        tests,
    )


def _of_text(resource: Resource, text: str) -> Iterator[Statement]:
    """Make statements out of an expression: of each object with an effect what stands in it to the letter."""
    text = re.sub(r'\\+"', '"', text)
    for found in re.finditer(r'"?Effect"?\s*[=:]\s*"(\w+)"', text):
        body = _object_around(text, found.start())
        tests = [
            (test, key, re.findall(r'"([^"]*)"', values) or [values])
            for test, inner in re.findall(r'"?(\w+)"?\s*[=:]\s*\{([^{}]*)\}', body)
            for key, values in re.findall(
                r'"([\w.${}-]*:[\w:.-]+)"\s*[=:]\s*("[^"]*"|\[[^\]]*\]|[\w.]+)', inner
            )
        ]
        who = (
            ["*"]
            if re.search(r'"?Principal"?\s*[=:]\s*"\*"', body)
            else re.findall(r'"?(Federated)"?\s*[=:]', body)
        )
        yield Statement(
            resource, found[1], who, _words(body, "Action"), _words(body, "Resource"), tests, whole=False
        )


def _object_around(text: str, place: int) -> str:
    """Give the object that a place in a text lies in, from brace to brace."""
    begin, deep = place, 0
    while begin > 0 and not (text[begin] == "{" and not deep):
        begin -= 1
        deep += {"}": 1, "{": -1}.get(text[begin], 0) if not (text[begin] == "{" and not deep) else 0
    end, deep = begin, 0
    for end in range(begin, len(text)):
        deep += {"{": 1, "}": -1}.get(text[end], 0)
        if not deep:
            break
    return text[begin : end + 1]


def _words(body: str, name: str) -> list[str]:
    found = re.search(rf'"?\b{name}"?\s*[=:]\s*("[^"]*"|\[[^\]]*\])', body)
    return re.findall(r'"([^"]*)"', found[1]) if found else []


def _decoded(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith("{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return {}


def _principals(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{kind}:{name}" for kind, names in value.items() for name in _list(names)]
    return _list(value)


def _list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(one) for one in value] if isinstance(value, list) else [str(value)]
