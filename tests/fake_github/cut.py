"""Cut GitHub's own OpenAPI description down to the operations that nightlabel uses.

Run: ``npm pack @octokit/openapi && tar xzf octokit-openapi-*.tgz``, then
``python tests/fake_github/cut.py package/generated/api.github.com.json package/package.json``.
"""

import json
import sys
from pathlib import Path
from typing import Any

REPOSITORY = "/repos/{owner}/{repo}"
USED = {
    "/app/installations/{installation_id}/access_tokens": ["post"],
    f"{REPOSITORY}": ["patch"],
    f"{REPOSITORY}/actions/artifacts/{{artifact_id}}/{{archive_format}}": ["get"],
    f"{REPOSITORY}/actions/permissions/workflow": ["put"],
    f"{REPOSITORY}/actions/runs/{{run_id}}/artifacts": ["get"],
    f"{REPOSITORY}/branches/{{branch}}/protection": ["put"],
    f"{REPOSITORY}/contents/{{path}}": ["get"],
    f"{REPOSITORY}/environments/{{environment_name}}": ["put"],
    f"{REPOSITORY}/environments/{{environment_name}}/deployment-branch-policies": ["get", "post"],
    f"{REPOSITORY}/git/blobs": ["post"],
    f"{REPOSITORY}/git/commits": ["post"],
    f"{REPOSITORY}/git/commits/{{commit_sha}}": ["get"],
    f"{REPOSITORY}/git/ref/{{ref}}": ["get"],
    f"{REPOSITORY}/git/refs": ["post"],
    f"{REPOSITORY}/git/refs/{{ref}}": ["patch"],
    f"{REPOSITORY}/git/trees": ["post"],
    f"{REPOSITORY}/issues/comments/{{comment_id}}": ["delete", "patch"],
    f"{REPOSITORY}/issues/{{issue_number}}/comments": ["get", "post"],
    f"{REPOSITORY}/pulls": ["get", "post"],
    f"{REPOSITORY}/pulls/{{pull_number}}": ["patch"],
}
PROSE = {"description", "externalDocs", "summary", "operationId", "tags", "x-github", "example"}
TARGET = Path(__file__).parent / "openapi.json"


def bare(node: Any, *, names: bool = False) -> Any:
    """Drop prose; turn OpenAPI's ``nullable`` into JSON Schema. ``names``: the keys are names, not words."""
    if isinstance(node, list):
        return [bare(part) for part in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: bare(value, names=key in ("properties", "schemas", "examples") and not names)
        for key, value in node.items()
        if names or key not in PROSE
    }
    return kept if names else nullable(kept)


def nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if schema.get("nullable") is not True:
        return schema
    del schema["nullable"]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if "type" in schema:
        schema["type"] = [schema["type"], "null"]
        return schema
    return {"anyOf": [schema, {"type": "null"}]}


def references(node: Any) -> set[tuple[str, str]]:
    if isinstance(node, list):
        return set().union(*map(references, node))
    if not isinstance(node, dict):
        return set()
    found = set().union(*map(references, node.values()))
    if isinstance(link := node.get("$ref"), str):
        _, _, kind, name = link.split("/", 3)
        found.add((kind, name))
    return found


def cut(whole: dict[str, Any], version: str) -> dict[str, Any]:
    paths = {path: {verb: bare(whole["paths"][path][verb]) for verb in verbs} for path, verbs in USED.items()}
    parts: dict[str, dict[str, Any]] = {}
    wanted = references(paths)
    while wanted:
        kind, name = wanted.pop()
        if name not in parts.setdefault(kind, {}):
            part = whole["components"][kind][name]
            parts[kind][name] = part if kind == "examples" else bare(part)
            wanted |= references(parts[kind][name]) if kind != "examples" else set()
    return {"source": f"@octokit/openapi {version}", "paths": paths, "components": parts}


if __name__ == "__main__":
    description, package = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:3])
    text = json.dumps(cut(description, package["version"]), separators=(",", ":"), sort_keys=True)
    TARGET.write_text(text.replace('},"', '},\n"') + "\n", encoding="utf-8")
