"""GitHub's own description of its API, as a judge of requests and answers."""

import copy
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from jsonschema import Draft4Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

DESCRIPTION = json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8"))
ANYWHERE = {401, 403, 429, 500, 502, 503}
"""Answers that any operation may give, whether its description lists them or not."""


class ContractError(AssertionError):
    """A request or an answer that GitHub would not make."""


def operation(verb: str, path: str) -> tuple[str, dict[str, str]]:
    """Find the template of a path, and the values of its parameters."""
    for template, verbs in DESCRIPTION["paths"].items():
        if verb in verbs and (found := re.fullmatch(_pattern(template, verbs[verb]), path)):
            return template, {name: unquote(value) for name, value in found.groupdict().items()}
    raise ContractError(f"GitHub has no {verb.upper()} {path}, or openapi.json was cut too short")


def check_request(verb: str, template: str, query: dict[str, str], body: Any) -> None:
    """Refuse a query or a body that GitHub does not know."""
    described = DESCRIPTION["paths"][template][verb]
    known = {p["name"]: p for p in map(_resolved, described.get("parameters", [])) if p["in"] == "query"}
    if unknown := set(query) - set(known):
        raise ContractError(f"{verb.upper()} {template}: unknown query {sorted(unknown)}")
    for name, text in query.items():
        schema = known[name]["schema"]
        _hold(int(text) if schema.get("type") == "integer" else text, schema, f"{verb} {template}?{name}")
    if "requestBody" not in described:
        if body is not None:
            raise ContractError(f"{verb.upper()} {template} takes no body")
        return
    schema = described["requestBody"]["content"]["application/json"]["schema"]
    if unknown := set(body) - set(_resolved(schema)["properties"]):
        raise ContractError(f"{verb.upper()} {template}: unknown words {sorted(unknown)}")
    _hold(body, schema, f"{verb} {template}")


def check_answer(verb: str, template: str, status: int, body: Any) -> None:
    """Refuse an answer that the description does not allow."""
    answers = DESCRIPTION["paths"][template][verb]["responses"]
    if str(status) not in answers:
        if status in ANYWHERE:
            return
        raise ContractError(f"{verb.upper()} {template} never answers {status}")
    content = _resolved(answers[str(status)]).get("content", {})
    if schema := content.get("application/json", {}).get("schema"):
        _hold(body, schema, f"{verb} {template} {status}")


def example(name: str) -> Any:
    """Give one of GitHub's own examples."""
    return copy.deepcopy(DESCRIPTION["components"]["examples"][name]["value"])


def _pattern(template: str, described: dict[str, Any]) -> str:
    parameters = {p["name"]: p for p in map(_resolved, described.get("parameters", []))}

    def group(found: re.Match[str]) -> str:
        name = found[1]
        return f"(?P<{name}>{'.+' if parameters[name].get('x-multi-segment') else '[^/]+'})"

    return re.sub(r"\{(\w+)\}", group, template)


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in node:
        return node
    _, _, kind, name = node["$ref"].split("/")
    return DESCRIPTION["components"][kind][name]


@cache
def _registry() -> Registry:
    return Registry().with_resource("urn:github", Resource(contents=DESCRIPTION, specification=DRAFT4))


def _rooted(node: Any) -> Any:
    if isinstance(node, dict):
        return {k: f"urn:github{v}" if k == "$ref" else _rooted(v) for k, v in node.items()}
    return [_rooted(part) for part in node] if isinstance(node, list) else node


def _hold(value: Any, schema: dict[str, Any], what: str) -> None:
    faults = list(Draft4Validator(_rooted(schema), registry=_registry()).iter_errors(value))
    if faults:
        place = "/".join(map(str, faults[0].absolute_path))
        raise ContractError(f"{what}: {place or 'the whole'}: {faults[0].message[:300]}")
