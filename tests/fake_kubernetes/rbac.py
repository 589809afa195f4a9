"""Who may do what: roles and bindings of the manifests, tokens of accounts, and the record of what was used.

Source: https://kubernetes.io/docs/reference/access-authn-authz/rbac/.
"""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.status import ApiError, forbidden

if TYPE_CHECKING:
    from tests.fake_kubernetes.eks import Eks

Rule = dict[str, Any]
Right = tuple[str, str]
"""A verb and a resource, such as ``("get", "pods/log")``; a resource of a group is ``group/resource``."""


@dataclass(frozen=True)
class Asked:
    """What a request wants to do."""

    verb: str
    resource: str
    namespace: str
    name: str = ""
    group: str = ""

    @property
    def right(self) -> Right:
        return self.verb, self.resource

    def refusal(self, user: str) -> ApiError:
        where = f'in the namespace "{self.namespace}"' if self.namespace else "at the cluster scope"
        told = (
            f'User "{user}" cannot {self.verb} resource "{self.resource}" in API group "{self.group}" {where}'
        )
        return forbidden(self.resource.partition("/")[0], self.name, told)


class Rbac:
    """The authenticator and the authorizer of a cluster."""

    def __init__(self, manifests: Manifests) -> None:
        self._manifests = manifests
        self._tokens: dict[str, str] = {}
        self.eks: Eks | None = None
        self.signed: set[str] = set()
        self.used: dict[str, set[Right]] = defaultdict(set)
        self.refused: dict[str, set[Right]] = defaultdict(set)

    def token(self, namespace: str, name: str) -> str:
        """Give out a token for a service account."""
        if not self._manifests.get("ServiceAccount", namespace, name):
            raise ValueError(f"no manifest makes the service account {namespace}/{name}")
        made = secrets.token_urlsafe(24)
        self._tokens[made] = f"system:serviceaccount:{namespace}:{name}"
        return made

    def expire(self, namespace: str, name: str) -> None:
        """Let all tokens of an account run out."""
        user = f"system:serviceaccount:{namespace}:{name}"
        self._tokens = {token: held for token, held in self._tokens.items() if held != user}

    def user(self, authorization: str) -> str:
        """Say whose token it is, or refuse with 401."""
        kind, _, token = authorization.partition(" ")
        if self.eks and kind == "Bearer" and self.eks.holds(token):
            self.signed.add(token)
            return self.eks.user
        if kind != "Bearer" or token not in self._tokens:
            raise ApiError(401, "Unauthorized")
        return self._tokens[token]

    def permit(self, user: str, asked: Asked) -> None:
        """Let a request pass and note what it used, or refuse it with 403."""
        if not self.allows(user, asked):
            self.refused[user].add(asked.right)
            raise asked.refusal(user)
        self.used[user].add(asked.right)

    def allows(self, user: str, asked: Asked) -> bool:
        return any(_covers(rule, asked) for rule in self._rules(user, asked.namespace))

    def granted(self, user: str) -> set[Right]:
        """Give every right that some rule grants an account, in any namespace."""
        namespaces = [m["metadata"]["name"] for m in self._manifests.of("Namespace")]
        rules = [rule for namespace in namespaces for rule in self._rules(user, namespace)]
        return {
            (verb, f"{group}/{resource}" if group else resource)
            for rule in rules
            for group in rule.get("apiGroups") or []
            for verb in rule["verbs"]
            for resource in rule.get("resources") or []
        }

    def _rules(self, user: str, namespace: str) -> Iterator[Rule]:
        here = self._manifests.of("RoleBinding", namespace) if namespace else []
        for binding in [*here, *self._manifests.of("ClusterRoleBinding")]:
            if any(_is(user, subject, binding) for subject in binding.get("subjects") or []):
                yield from self._role(binding, namespace).get("rules") or []

    def _role(self, binding: dict[str, Any], namespace: str) -> dict[str, Any]:
        reference = binding["roleRef"]
        home = namespace if reference["kind"] == "Role" else ""
        # A binding to a role that is not there grants nothing, as in Kubernetes.
        return self._manifests.get(reference["kind"], home, reference["name"]) or {}


def _is(user: str, subject: dict[str, str], binding: dict[str, Any]) -> bool:
    home = subject.get("namespace", binding["metadata"].get("namespace", ""))
    match subject["kind"]:
        case "ServiceAccount":
            return user == f"system:serviceaccount:{home}:{subject['name']}"
        case "Group":
            own = f"system:serviceaccounts:{user.split(':')[2]}"
            return subject["name"] in {"system:authenticated", "system:serviceaccounts", own}
    return user == subject["name"]


def _covers(rule: Rule, asked: Asked) -> bool:
    _, _, part = asked.resource.partition("/")
    names = {"*", asked.resource} | ({f"*/{part}"} if part else set())
    return (
        bool({"*", asked.group} & set(rule.get("apiGroups") or []))
        and bool(names & set(rule.get("resources") or []))
        and bool({"*", asked.verb} & set(rule["verbs"]))
        and (not rule.get("resourceNames") or asked.name in rule["resourceNames"])
    )
