"""What a plan of Terraform would change, in words that hold no value of it: values may be secrets."""

import json
import re
from collections import Counter
from typing import Any

from delivery.runner import DeliveryError

MOST_ROWS = 200
ADDRESS = re.compile(r"[A-Za-z0-9_.\[\]\"/:@ +=*-]{1,300}")
ACTIONS = {
    ("create",): "create",
    ("update",): "change",
    ("delete",): "**destroy**",
    ("delete", "create"): "**replace**",
    ("create", "delete"): "**replace**",
    ("forget",): "forget",
}
"""What Terraform does, in the words of the comment; what is not listed changes nothing."""


def marker(name: str) -> str:
    """Give the first line of the comment on one environment."""
    return f"<!-- nightlabel: infra {name} -->"


def changes(plan: dict[str, Any]) -> list[dict[str, str]]:
    """Give the changes of a plan, as ``terraform show -json`` tells it: address and action alone."""
    found = [(c["address"], tuple(c["change"]["actions"])) for c in plan.get("resource_changes", ())]
    return [{"address": address, "action": ACTIONS[done]} for address, done in found if done in ACTIONS]


def text(paper: bytes, name: str) -> tuple[str, str]:
    """Give the commit and the comment of a paper that anybody may have written.

    Raises:
        DeliveryError: It is no such paper.
    """
    try:
        told = json.loads(paper)
        commit, digest, rows = str(told["commit"]), str(told["digest"]), list(told["changes"])
        pairs = [(str(row["address"]), str(row["action"])) for row in rows]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise DeliveryError("the paper of the plan is not one of ours") from None
    known = set(ACTIONS.values())
    if not re.fullmatch(r"[0-9a-f]{40}", commit) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise DeliveryError("the paper of the plan names no commit or digest")
    if any(action not in known or not ADDRESS.fullmatch(address) for address, action in pairs):
        raise DeliveryError("the paper of the plan holds an address or action that Terraform does not write")
    return commit, _written(name, commit, digest, pairs)


def _written(name: str, commit: str, digest: str, pairs: list[tuple[str, str]]) -> str:
    counted = ", ".join(f"{action} {n}" for action, n in sorted(Counter(a for _, a in pairs).items()))
    lines = [marker(name), f"## Terraform, `{name}`: {counted or 'no changes'}", ""]
    if pairs:
        lines += [
            "| | resource |",
            "|---|---|",
            *(f"| {a} | `{address}` |" for address, a in pairs[:MOST_ROWS]),
        ]
        if len(pairs) > MOST_ROWS:
            lines.append(f"\n{len(pairs) - MOST_ROWS} further changes are left out; the log has them all.")
        lines += [
            "",
            "After the merge, these changes are applied once somebody approves; others are refused.",
        ]
    return "\n".join([*lines, "", f"Plan `{digest[:12]}` of commit `{commit}`.", ""])
