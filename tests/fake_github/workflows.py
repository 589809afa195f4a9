"""What workflows ask of the fake: comments that change, artifacts, and settings that are written."""

import io
import zipfile
from dataclasses import dataclass
from typing import Any

from tests.fake_github.contract import example

Answer = tuple[int, Any]
MISSING = (404, {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"})


@dataclass
class Remark:
    """A comment on a pull request."""

    id: int
    number: int
    body: str
    author: str


@dataclass
class Artifact:
    """What a workflow's run left."""

    id: int
    run: int
    name: str
    archive: bytes


class WorkflowsApi:
    """The state, and the operations on it."""

    url: str
    logins: dict[str, str]

    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        self.artifacts: list[Artifact] = []
        self.settings: dict[str, Any] = {}
        self.logins = {}
        self.policies: dict[str, list[str]] = {}
        self._login = "octocat"
        self._remark_ids = 0

    @property
    def comments(self) -> list[tuple[int, str]]:
        return [(one.number, one.body) for one in self.remarks]

    def remark(self, number: int, body: str, author: str) -> Remark:
        self._remark_ids += 1
        self.remarks.append(Remark(self._remark_ids, number, body, author))
        return self.remarks[-1]

    def leave(self, run: int, name: str, files: dict[str, bytes]) -> Artifact:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, content in files.items():
                archive.writestr(path, content)
        self.artifacts.append(Artifact(len(self.artifacts) + 1, run, name, packed.getvalue()))
        return self.artifacts[-1]

    def blob(self, path: str) -> bytes | None:
        """Give an archive by the address that GitHub redirects to."""
        found = [one.archive for one in self.artifacts if path == f"/blob/{one.id}"]
        return found[0] if found else None

    def _comment(self, one: Remark) -> dict[str, Any]:
        made = example("issue-comment")
        kind = "Bot" if one.author.endswith("[bot]") else "User"
        root = f"{self.url}/repos/o/r/issues"
        return made | {
            "id": one.id,
            "body": one.body,
            "url": f"{root}/comments/{one.id}",
            "issue_url": f"{root}/{one.number}",
            "user": made["user"] | {"login": one.author, "type": kind},
        }

    def _found(self, values) -> Remark | None:
        return next((one for one in self.remarks if one.id == int(values["comment_id"])), None)

    def _patch_issues_comments(self, values, query, body) -> Answer:
        if (one := self._found(values)) is None:
            return MISSING
        one.body = body["body"]
        return 200, self._comment(one)

    def _delete_issues_comments(self, values, query, body) -> Answer:
        if (one := self._found(values)) is None:
            return MISSING
        self.remarks.remove(one)
        return 204, None

    def _get_actions_runs(self, values, query, body) -> Answer:
        shown = example("artifact-paginated")
        made = shown["artifacts"][0]
        root = f"{self.url}/repos/o/r/actions/artifacts"
        listed = [
            made
            | {"id": one.id, "name": one.name, "expired": False, "size_in_bytes": len(one.archive)}
            | {"url": f"{root}/{one.id}", "archive_download_url": f"{root}/{one.id}/zip"}
            for one in self.artifacts
            if one.run == int(values["run_id"])
        ]
        return 200, {"total_count": len(listed), "artifacts": listed}

    def _get_actions_artifacts(self, values, query, body) -> Answer:
        return 302, f"{self.url}/blob/{values['artifact_id']}"

    def _put_branches(self, values, query, body) -> Answer:
        self.settings[f"protection of {values['branch']}"] = body
        return 200, example("branch-protection-update")

    def _put_environments(self, values, query, body) -> Answer:
        self.settings[f"environment {values['environment_name']}"] = body
        return 200, example("environment") | {"name": values["environment_name"]}

    def _get_environments(self, values, query, body) -> Answer:
        names = self.policies.get(values["environment_name"], [])
        listed = [
            example("deployment-branch-policy-wildcard") | {"id": n, "name": x} for n, x in enumerate(names)
        ]
        return 200, {"total_count": len(listed), "branch_policies": listed}

    def _post_environments(self, values, query, body) -> Answer:
        names = self.policies.setdefault(values["environment_name"], [])
        if body["name"] in names:
            return 303, None
        names.append(body["name"])
        return 200, example("deployment-branch-policy-wildcard") | {"name": body["name"]}

    def _put_actions_permissions_workflow(self, values, query, body) -> Answer:
        self.settings["workflow permissions"] = body
        return 204, None

    def _patch_repository(self, values, query, body) -> Answer:
        self.settings["repository"] = body
        return 200, example("full-repository") | {"has_discussions": False}
