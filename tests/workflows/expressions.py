"""The few expressions that our workflows use; anything else is an error and not a guess."""

import json
import re
from typing import Any

_TOKENS = re.compile(r"\s*(?:(?P<text>'[^']*')|(?P<word>[A-Za-z_][\w.-]*)|(?P<sign>==|&&|\|\||[()]))")
_HOLE = re.compile(r"\$\{\{(.*?)\}\}")


class ExpressionError(AssertionError):
    """An expression that the runner does not know."""


def filled(text: str, contexts: dict[str, Any]) -> str:
    """Put the values of all expressions into a text, as GitHub does."""
    return _HOLE.sub(lambda hole: _shown(evaluate(hole[1], contexts)), text)


def holds(condition: str | None, contexts: dict[str, Any], *, failed: bool) -> bool:
    """Tell whether a step or a job runs; without ``always()`` it does not after a failure."""
    if condition is None:
        return not failed
    bare = condition.removeprefix("${{").removesuffix("}}")
    return bool(evaluate(bare, contexts)) and ("always()" in bare or not failed)


def evaluate(source: str, contexts: dict[str, Any]) -> Any:
    """Give the value of an expression; a name that is not there is empty, its first word must be known."""
    tokens = _tokens(source)
    value = _either(tokens, contexts)
    if tokens:
        raise ExpressionError(f"{source!r}: {tokens[0]!r} is left")
    return value


def _tokens(source: str) -> list[str]:
    found, at, source = [], 0, source.strip()
    while at < len(source):
        token = _TOKENS.match(source, at)
        if token is None:
            raise ExpressionError(f"{source!r} at {at}")
        found.append(token[0].strip())
        at = token.end()
    return found


def _either(tokens: list[str], contexts: dict[str, Any]) -> Any:
    value = _both(tokens, contexts)
    while tokens and tokens[0] == "||":
        tokens.pop(0)
        other = _both(tokens, contexts)
        value = value or other
    return value


def _both(tokens: list[str], contexts: dict[str, Any]) -> Any:
    value = _equal(tokens, contexts)
    while tokens and tokens[0] == "&&":
        tokens.pop(0)
        other = _equal(tokens, contexts)
        value = value and other
    return value


def _equal(tokens: list[str], contexts: dict[str, Any]) -> Any:
    value = _one(tokens, contexts)
    if tokens and tokens[0] == "==":
        tokens.pop(0)
        other = _one(tokens, contexts)
        return str(value or "").lower() == str(other or "").lower()  # GitHub compares texts without case
    return value


def _one(tokens: list[str], contexts: dict[str, Any]) -> Any:
    token = tokens.pop(0)
    if token.startswith("'"):
        return token[1:-1]
    if tokens and tokens[0] == "(":
        return _called(token, tokens, contexts)
    first, *names = token.split(".")
    if first not in contexts:
        raise ExpressionError(f"there is no context {first!r}")
    value = contexts[first]
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _called(name: str, tokens: list[str], contexts: dict[str, Any]) -> Any:
    tokens.pop(0)
    given = [] if tokens[0] == ")" else [_either(tokens, contexts)]
    if tokens.pop(0) != ")" or name not in ("always", "toJSON") or len(given) != (name == "toJSON"):
        raise ExpressionError(f"{name}() is not known")
    return json.dumps(given[0]) if given else True


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
