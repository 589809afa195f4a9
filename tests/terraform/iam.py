"""Decides requests by policies as AWS does, as far as the policies of ``terraform/`` go.

What it does not know, such as a further operator of conditions, is an error and never a yes. Rules:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Statement = dict[str, Any]
DENIED, REFUSED, ALLOWED = "explicit deny", "no allow", "allow"


@dataclass(frozen=True)
class Request:
    """What somebody wants to do.

    Attributes:
        action: Such as ``s3:PutObject``.
        resource: ARN of what it is done to.
        who: ARN of the role, or name of the service.
        context: Condition keys that the request has, in small letters.
    """

    action: str
    resource: str
    who: str
    context: dict[str, str] = field(default_factory=dict)


def decide(request: Request, own: Iterable[Statement], foreign: Iterable[Statement]) -> str:
    """Decide a request within one account.

    Args:
        request: The request.
        own: Statements of the role's policies.
        foreign: Statements of the policy of what it is done to.
    """
    named = [statement for statement in foreign if _principal(statement, request.who)]
    effects = {statement["Effect"] for statement in [*own, *named] if _fits(statement, request)}
    if "Deny" in effects:
        return DENIED
    return ALLOWED if "Allow" in effects else REFUSED


def listed(value: str | list[str]) -> list[str]:
    """Give one or many as a list, as policies may write either."""
    return value if isinstance(value, list) else [value]


def like(pattern: str, text: str) -> bool:
    """Tell whether a text fits a pattern of policies: ``*`` for any characters, ``/`` too, ``?`` for one."""
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), re.DOTALL)


def _principal(statement: Statement, who: str) -> bool:
    principal = statement["Principal"]
    if principal == "*":
        return True
    return any(who in listed(names) for names in principal.values())


def _fits(statement: Statement, request: Request) -> bool:
    unknown = statement.keys() - {
        "Sid",
        "Effect",
        "Principal",
        "Action",
        "Resource",
        "NotResource",
        "Condition",
    }
    assert not unknown, f"nobody here knows {unknown}"
    action = any(like(p.lower(), request.action.lower()) for p in listed(statement["Action"]))
    return action and _resource(statement, request.resource) and _conditions(statement, request)


def _resource(statement: Statement, resource: str) -> bool:
    if "NotResource" in statement:
        return not any(like(pattern, resource) for pattern in listed(statement["NotResource"]))
    return any(like(pattern, resource) for pattern in listed(statement["Resource"]))


def _conditions(statement: Statement, request: Request) -> bool:
    context = {**request.context, "aws:principalarn": request.who}
    return all(
        OPERATORS[operator](context.get(key.lower()), listed(wanted))
        for operator, tests in statement.get("Condition", {}).items()
        for key, wanted in tests.items()
    )


def _null(found: str | None, wanted: list[str]) -> bool:
    return str(found is None).lower() in wanted


OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "Null": _null,
    "Bool": lambda found, wanted: found in wanted,
    "StringEquals": lambda found, wanted: found in wanted,
    "StringLike": lambda found, wanted: found is not None and any(like(pattern, found) for pattern in wanted),
    "ArnEquals": lambda found, wanted: found is not None and any(like(pattern, found) for pattern in wanted),
    "ArnNotEquals": lambda found, wanted: (
        found is None or not any(like(pattern, found) for pattern in wanted)
    ),
    "NumericLessThan": lambda found, wanted: (
        found is not None and any(float(found) < float(w) for w in wanted)
    ),
}
