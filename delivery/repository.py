"""The rules of the repository: who may merge what, and which jobs get which credentials.

Run by a person whose token has *Administration: write*: ``python -m delivery.repository`` shows what would be
written, with ``--apply`` it is. Writing it again changes nothing.
"""

import json
import re
import sys
from typing import Any, NamedTuple

from github import GithubException

from delivery import forge
from delivery.runner import DeliveryError, main, variable
from nightlabel.errors import NightlabelError
from nightlabel.propose.client import Client, connect, refusal
from nightlabel.propose.patience import Patience

REQUIRED = ("check", "model")
"""The checks without which nothing is merged: the last jobs of check.yml and model-pr.yml."""
ENVIRONMENTS = {
    "production": ("main",),
    "infra-dev": ("main",),
    "infra-prod": ("main",),
    "infra-dev-plan": (),
    "infra-prod-plan": (),
}
"""Environments, and the branches that may use each; none named: any, pull requests too."""
APPROVED = ("infra-dev", "infra-prod")
"""Environments whose jobs wait for somebody's yes. Of production the merge is the yes."""


class Write(NamedTuple):
    """One request."""

    verb: str
    path: str
    body: dict[str, Any]


def writes(reviewers: list[dict[str, Any]], branch: str = "main") -> list[Write]:
    """Give all that is written, in order.

    Args:
        reviewers: Who may approve, ``{"type": "Team", "id": 1}`` each.
        branch: The protected branch.
    """
    return [
        Write(
            "PATCH",
            "",
            {"delete_branch_on_merge": True, "allow_merge_commit": True, "allow_auto_merge": False},
        ),
        Write("PUT", "/actions/permissions/workflow", _workflow_permissions()),
        Write("PUT", f"/branches/{branch}/protection", _protection()),
        *(
            write
            for name, branches in ENVIRONMENTS.items()
            for write in _environment(name, branches, reviewers)
        ),
    ]


def people(text: str) -> list[dict[str, Any]]:
    """Read who may approve.

    Args:
        text: Such as ``Team:7 User:42``; the numbers are GitHub's ids.

    Raises:
        DeliveryError: It names nobody, or not so.
    """
    named = [re.fullmatch(r"(Team|User):([1-9][0-9]*)", word) for word in text.split()]
    if not named or not all(named):
        raise DeliveryError(
            "REVIEWERS must read like 'Team:7 User:42': a change of infrastructure needs a yes"
        )
    return [{"type": one[1], "id": int(one[2])} for one in named if one]


def work() -> None:
    """Show the rules, or write them."""
    wanted = writes(people(variable("REVIEWERS", "")))
    for write in wanted:
        print(write.verb, f"/repos/{variable('GITHUB_REPOSITORY')}{write.path}", json.dumps(write.body))
    if "--apply" not in sys.argv[1:]:
        print("Nothing was written: add --apply.")
        return
    try:
        client = connect(forge.place(), Patience(), float(variable("GAP", "1")))
        for write in wanted:
            _ask(client, write)
    except NightlabelError as error:
        raise DeliveryError(str(error)) from None
    print(f"{len(wanted)} rules were written.")


def _ask(client: Client, write: Write) -> None:
    url, requester = client.repository.url + write.path, client.repository.requester
    try:
        client.ask(
            f"write {write.path or 'the repository'}",
            "administration=write",
            lambda: requester.requestJsonAndCheck(write.verb, url, input=write.body),
        )
    except GithubException as error:
        if error.status != _IS_THERE:
            raise refusal(f"write {write.path}", error) from None


_IS_THERE = 303


def _protection() -> dict[str, Any]:
    return {
        "required_status_checks": {"strict": True, "contexts": list(REQUIRED)},
        "enforce_admins": True,
        "required_pull_request_reviews": {
            "dismiss_stale_reviews": True,
            "require_code_owner_reviews": True,
            "required_approving_review_count": 1,
            "require_last_push_approval": True,
        },
        "restrictions": None,
        "required_conversation_resolution": True,
        "allow_force_pushes": False,
        "allow_deletions": False,
    }


def _environment(name: str, branches: tuple[str, ...], reviewers: list[dict[str, Any]]) -> list[Write]:
    path = f"/environments/{name}"
    body = {
        "prevent_self_review": name in APPROVED,
        "reviewers": reviewers if name in APPROVED else None,
        "deployment_branch_policy": (
            {"protected_branches": False, "custom_branch_policies": True} if branches else None
        ),
    }
    policies = [
        Write("POST", f"{path}/deployment-branch-policies", {"name": b, "type": "branch"}) for b in branches
    ]
    return [Write("PUT", path, body), *policies]


def _workflow_permissions() -> dict[str, Any]:
    """Tokens of workflows read, unless a job says more; and none of them approves a pull request."""
    return {"default_workflow_permissions": "read", "can_approve_pull_request_reviews": False}


if __name__ == "__main__":
    main(work)
