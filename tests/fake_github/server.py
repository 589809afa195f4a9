"""A stateful fake of the parts of GitHub's REST API that a proposal uses, with faults on demand."""

import base64
import binascii
import json
import re
import socket
import threading
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Self
from urllib.parse import parse_qsl, urlsplit

import jwt

from tests.fake_github.contract import ContractError, check_answer, check_request, example, operation
from tests.fake_github.repository import Repository
from tests.fake_github.workflows import WorkflowsApi

OWNER, NAME = "o", "r"
MAX_BODY = 65_536
NOW = "2026-01-31T03:00:00Z"
NEEDED = {
    "git/blobs": "contents=write",
    "git/commits": "contents=write",
    "git/trees": "contents=write",
    "git/refs": "contents=write",
    "issues/comments": "pull_requests=write",
    "branches": "administration=write",
    "environments": "administration=write",
    "repository": "administration=write",
    "actions/permissions/workflow": "administration=write",
    "issues": "pull_requests=write",  # a comment on a pull request takes this permission, or issues
    "pulls": "pull_requests=write",
}
Answer = tuple[int, Any]


@dataclass
class Fault:
    """One answer that goes wrong.

    Attributes:
        where: Pattern of ``VERB path``.
        status: The answer; 0 does the work and loses the reply.
        before: Lose the request: nothing is done either.
    """

    where: str
    status: int = 0
    message: str = "Server Error"
    headers: dict[str, str] = field(default_factory=dict)
    text: str = ""
    before: bool = False


class FakeGitHub(WorkflowsApi):
    """GitHub with one repository ``o/r``.

    Attributes:
        tokens: Permissions of each token that is let in.
        app: Public key of the App with id 7, installation 42, and its permissions.
        violations: What the contract refused; a test must find it empty.
        seen: Number of requests by ``VERB template``.
    """

    def __init__(self, repository: Repository) -> None:
        super().__init__()
        self.repository = repository
        self.tokens: dict[str, dict[str, str]] = {}
        self.app: tuple[str, dict[str, str]] = ("", {})
        self.minted: list[str] = []
        self.pulls: list[dict[str, Any]] = []
        self.faults: list[Fault] = []
        self.violations: list[str] = []
        self.seen: Counter[str] = Counter()
        self.author = "octocat"
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (_Handler,), {"github": self}))
        self._server.daemon_threads = True

    def __enter__(self) -> Self:
        serve = {"target": self._server.serve_forever, "kwargs": {"poll_interval": 0.02}}
        threading.Thread(**serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def merge(self, number: int, *, squash: bool = False) -> None:
        """Say yes, as a person does by the button."""
        pull, git = self.pulls[number - 1], self.repository
        main, tip = git.sha("refs/heads/main"), git.sha(f"refs/heads/{pull['head']}")
        start = git.git("merge-base", main, tip)
        paths = git.git("diff", "--name-only", start, tip).split()
        tree = git.tree(main, {path: ("100644", git.sha(f"{tip}:{path}")) for path in paths})
        git.git("update-ref", "refs/heads/main", git.commit(tree, [main] if squash else [main, tip], "Merge"))
        pull.update(state="closed", merged_at=NOW)

    def close(self, number: int) -> None:
        self.pulls[number - 1]["state"] = "closed"

    def answer(self, verb: str, address: str, token: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        """Do what a request asks for, and hold request and answer against the contract."""
        parts = urlsplit(address)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        try:
            template, values = operation(verb, parts.path)
            self.seen[f"{verb.upper()} {template}"] += 1
            check_request(verb, template, query, body)
            status, answer, headers = self._permitted(verb, template, token, values, query, body)
            check_answer(verb, template, status, answer)
        except ContractError as error:
            self.violations.append(str(error))
            return 418, {"message": str(error)}, {}
        return status, answer, headers

    def _permitted(
        self, verb: str, template: str, token: str, *asked: Any
    ) -> tuple[int, Any, dict[str, str]]:
        values, _, body = asked
        if template.startswith("/app/"):
            return (*self._mint(token, int(values["installation_id"]), body), {})
        if (granted := self.tokens.get(token)) is None:
            return 401, _error("Bad credentials"), {}
        short = template.removeprefix("/repos/{owner}/{repo}").strip("/").split("/{")[0] or "repository"
        reads = "actions=read" if short.startswith("actions/") else "contents=read"
        scope, level = (reads if verb == "get" else NEEDED[short]).split("=")
        if granted.get(scope) not in (level, "write"):
            needed = {"X-Accepted-GitHub-Permissions": f"{scope}={level}"}
            return 403, _error("Resource not accessible by personal access token"), needed
        if (values["owner"], values["repo"]) != (OWNER, NAME):
            return 404, _error("Not Found"), {}
        with self._lock:
            self._login = self.logins.get(token, "octocat")
            return (*getattr(self, f"_{verb}_{short.replace('/', '_')}")(*asked), {})

    def _mint(self, token: str, installation: int, body: Any) -> Answer:
        key, granted = self.app
        try:
            claims = jwt.decode(token, key, algorithms=["RS256"], options={"require": ["iat", "exp", "iss"]})
        except jwt.PyJWTError:
            return 401, _error("A JSON web token could not be decoded")
        if claims["iss"] != "7" or installation != 42:
            return 404, _error("Not Found")
        if any(granted.get(scope) != level for scope, level in body["permissions"].items()):
            return 422, _invalid("The permissions requested are not granted to this installation.")
        minted = f"ghs_{len(self.minted):036d}"
        self.minted.append(minted)
        self.tokens[minted] = body["permissions"]
        made = {"token": minted, "expires_at": "2126-01-31T03:00:00Z", "permissions": body["permissions"]}
        return 201, example("installation-token") | made

    def _get_contents(self, values, query, body) -> Answer:
        asked = query.get("ref", "main")
        branch = self.repository.sha(f"refs/heads/{asked}") or self.repository.sha(f"{asked}^{{commit}}")
        sha = self.repository.sha(f"{branch}:{values['path']}")
        if sha is None or self.repository.git("cat-file", "-t", sha) != "blob":
            return 404, _error("Not Found")
        content = base64.b64encode(self.repository.raw("cat-file", "blob", sha)).decode()
        made = example("content-file-response-if-content-is-a-file")
        return 200, made | {"path": values["path"], "sha": sha, "content": content, "name": values["path"]}

    def _post_git_blobs(self, values, query, body) -> Answer:
        try:
            content = base64.b64decode(body["content"], validate=True)
        except binascii.Error:
            return 422, _invalid("content is not valid Base64")
        return 201, example("short-blob") | {"sha": self.repository.blob(content)}

    def _post_git_trees(self, values, query, body) -> Answer:
        entries = {entry["path"]: (entry["mode"], entry["sha"]) for entry in body["tree"]}
        made = example("git-tree")
        return 201, made | {"sha": self.repository.tree(body.get("base_tree"), entries), "truncated": False}

    def _post_git_commits(self, values, query, body) -> Answer:
        sha = self.repository.commit(body["tree"], body["parents"], body["message"])
        return 201, self._commit(sha)

    def _get_git_commits(self, values, query, body) -> Answer:
        known = self.repository.sha(f"{values['commit_sha']}^{{commit}}")
        return (200, self._commit(known)) if known else (404, _error("Not Found"))

    def _get_git_ref(self, values, query, body) -> Answer:
        sha = self.repository.sha(f"refs/{values['ref']}")
        return (200, self._ref(values["ref"], sha)) if sha else (404, _error("Not Found"))

    def _post_git_refs(self, values, query, body) -> Answer:
        if self.repository.sha(body["ref"]):
            return 422, _invalid("Reference already exists")
        self.repository.git("update-ref", body["ref"], body["sha"])
        return 201, self._ref(body["ref"].removeprefix("refs/"), body["sha"])

    def _patch_git_refs(self, values, query, body) -> Answer:
        old = self.repository.sha(f"refs/{values['ref']}")
        if old is None:
            return 422, _invalid("Reference does not exist")
        if not body.get("force") and not self.repository.holds(old, body["sha"]):
            return 422, _invalid("Update is not a fast forward")
        self.repository.git("update-ref", f"refs/{values['ref']}", body["sha"])
        return 200, self._ref(values["ref"], body["sha"])

    def _get_pulls(self, values, query, body) -> Answer:
        owner, named, branch = query.get("head", "").partition(
            ":"
        )  # GitHub ignores a filter without an owner
        found = [
            pull
            for pull in self.pulls
            if (not named or (pull["head"], pull.get("owner", OWNER)) == (branch, owner))
            and query.get("state", "open") in ("all", pull["state"])
            and query.get("base", pull["base"]) == pull["base"]
        ]
        newest_first = found[::-1] if query.get("direction", "desc") == "desc" else found
        size = int(query.get("per_page", 30))
        start = (int(query.get("page", 1)) - 1) * size
        return 200, [self._pull(pull, simple=True) for pull in newest_first[start : start + size]]

    def _post_pulls(self, values, query, body) -> Answer:
        head, base = (self.repository.sha(f"refs/heads/{body[end]}") for end in ("head", "base"))
        if not head or not base or self.repository.holds(head, base):
            return 422, _invalid(f"No commits between {body['base']} and {body['head']}")
        if any(pull["head"] == body["head"] and pull["state"] == "open" for pull in self.pulls):
            return 422, _invalid(f"A pull request already exists for {OWNER}:{body['head']}.")
        if len(body.get("body", "")) > MAX_BODY:
            return 422, _invalid("body is too long (maximum is 65536 characters)")
        told = {name: body[name] for name in ("head", "base", "title", "body")}
        self.pulls.append(told | {"number": len(self.pulls) + 1, "state": "open", "merged_at": None})
        return 201, self._pull(self.pulls[-1])

    def _patch_pulls(self, values, query, body) -> Answer:
        pull = self.pulls[int(values["pull_number"]) - 1]
        pull.update(body)
        return 200, self._pull(pull)

    def _get_issues(self, values, query, body) -> Answer:
        number = int(values["issue_number"])
        found = [self._comment(one) for one in self.remarks if one.number == number]
        size = int(query.get("per_page", 30))
        start = (int(query.get("page", 1)) - 1) * size
        return 200, found[start : start + size]

    def _post_issues(self, values, query, body) -> Answer:
        number = int(values["issue_number"])
        if number > len(self.pulls):
            return 404, _error("Not Found")
        return 201, self._comment(self.remark(number, body["body"], self._login))

    def _commit(self, sha: str) -> dict[str, Any]:
        made, git = example("git-commit-2"), self.repository
        link = made["parents"][0]
        parents = git.git("rev-list", "--parents", "--max-count=1", sha).split()[1:]
        return made | {
            "sha": sha,
            "tree": {"sha": git.sha(f"{sha}^{{tree}}"), "url": made["tree"]["url"]},
            "parents": [link | {"sha": parent} for parent in parents],
            "url": f"{self.url}/repos/{OWNER}/{NAME}/git/commits/{sha}",
        }

    def _ref(self, ref: str, sha: str) -> dict[str, Any]:
        made = example("git-ref")
        url = f"{self.url}/repos/{OWNER}/{NAME}/git/refs/{ref}"
        return made | {"ref": f"refs/{ref}", "url": url, "object": made["object"] | {"sha": sha}}

    def _pull(self, pull: dict[str, Any], *, simple: bool = False) -> dict[str, Any]:
        made = example("pull-request-simple-items")[0] if simple else example("pull-request")
        for end in ("head", "base"):
            sha = self.repository.sha(f"refs/heads/{pull[end]}") or "0" * 40
            owner = pull.get("owner", OWNER) if end == "head" else OWNER
            made[end] |= {"ref": pull[end], "label": f"{owner}:{pull[end]}", "sha": sha}
            made[end]["repo"] |= {"full_name": f"{owner}/{NAME}"}
        made["user"] |= {"login": self.author}
        made["requested_teams"] = []
        made |= {name: pull[name] for name in ("number", "state", "title", "body", "merged_at")}
        return made | {
            "url": f"{self.url}/repos/{OWNER}/{NAME}/pulls/{pull['number']}",
            "issue_url": f"{self.url}/repos/{OWNER}/{NAME}/issues/{pull['number']}",
            "html_url": f"https://github.com/{OWNER}/{NAME}/pull/{pull['number']}",
        }


class _Handler(BaseHTTPRequestHandler):
    github: ClassVar[FakeGitHub]
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the library's
        pass

    def handle(self) -> None:
        with suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self._serve("get")

    def do_POST(self) -> None:
        self._serve("post")

    def do_PATCH(self) -> None:
        self._serve("patch")

    def do_PUT(self) -> None:
        self._serve("put")

    def do_DELETE(self) -> None:
        self._serve("delete")

    def _serve(self, verb: str) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else None
        fault = self._fault(f"{verb.upper()} {urlsplit(self.path).path}")
        if fault and fault.status:
            text = fault.text or json.dumps(_error(fault.message))
            return self._send(fault.status, text, fault.headers)
        if fault and fault.before:
            return self._hang_up()
        if (archive := self.github.blob(self.path)) is not None:
            return self._send(200, archive, {"Content-Type": "application/zip"})
        token = self.headers.get("Authorization", "").partition(" ")[2]
        status, answer, headers = self.github.answer(verb, self.path, token, body)
        if status in {204, 302, 303}:
            return self._send(status, "", {"Location": answer} if answer else {})
        return self._hang_up() if fault else self._send(status, json.dumps(answer), headers)

    def _fault(self, request: str) -> Fault | None:
        for fault in self.github.faults:
            if re.fullmatch(fault.where, request):
                self.github.faults.remove(fault)
                return fault
        return None

    def _send(self, status: int, text: str | bytes, headers: dict[str, str]) -> None:
        content = text if isinstance(text, bytes) else text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _hang_up(self) -> None:
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)


def _error(message: str) -> dict[str, str]:
    return {"message": message, "documentation_url": "https://docs.github.com/rest"}


def _invalid(message: str) -> dict[str, Any]:
    return _error("Validation Failed") | {"errors": [{"code": "custom", "message": message}]}
