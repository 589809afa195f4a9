"""An account may do what its roles say, and the cluster keeps record of what it did."""

import json

import pytest
from kubernetes.client import ApiException

from kubernetes import client, config
from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.rbac import Asked, Rbac
from tests.kubernetes.conftest import api_of
from tests.kubernetes.pods import MANIFESTS, log, pod

NS = "nights"
USER = "system:serviceaccount:nights:onlooker"


def test_what_no_role_grants_is_forbidden_in_kubernetes_words(fake):
    onlooker = api_of(fake, "onlooker")
    with pytest.raises(ApiException) as refusal:
        onlooker.create_namespaced_pod(NS, pod())
    status = json.loads(refusal.value.body)

    assert (refusal.value.status, status["reason"]) == (403, "Forbidden")
    assert status["message"] == (
        f'pods is forbidden: User "{USER}" cannot create resource "pods" in API group "" '
        f'in the namespace "{NS}"'
    )


def test_a_refusal_names_the_object_and_its_part(fake):
    with pytest.raises(ApiException) as refusal:
        log(api_of(fake, "onlooker"))

    assert 'pods "p" is forbidden' in json.loads(refusal.value.body)["message"]
    assert 'cannot get resource "pods/log"' in json.loads(refusal.value.body)["message"]


def test_a_role_of_one_namespace_does_not_reach_another(fake):
    onlooker = api_of(fake, "onlooker")
    onlooker.list_namespaced_pod(NS)

    with pytest.raises(ApiException) as refusal:
        onlooker.list_namespaced_pod("strict")
    assert refusal.value.status == 403


def test_a_resource_of_all_namespaces_needs_a_right_of_the_cluster(fake, api):
    with pytest.raises(ApiException, match="at the cluster scope"):
        api.list_pod_for_all_namespaces()


def test_what_the_fake_does_not_serve_is_forbidden_all_the_same(fake, api):
    with pytest.raises(ApiException) as refusal:
        api.list_namespaced_secret(NS)

    assert refusal.value.status == 403
    assert fake.refused("worker") == {("list", "secrets")}


@pytest.mark.parametrize("token", ["", "nonsense"])
def test_without_a_known_token_nothing_is_answered(fake, token):
    settings = client.Configuration(host=fake.url, api_key={"authorization": f"Bearer {token}"})
    with pytest.raises(ApiException) as refusal:
        client.CoreV1Api(client.ApiClient(settings)).list_namespaced_pod(NS)

    assert refusal.value.status == 401


def test_a_token_runs_out(fake, api):
    api.list_namespaced_pod(NS)
    fake.expire_tokens("worker")
    with pytest.raises(ApiException) as refusal:
        api.list_namespaced_pod(NS)
    assert refusal.value.status == 401

    assert api_of(fake).list_namespaced_pod(NS).items == []


def test_a_token_is_given_to_known_accounts_alone(fake):
    with pytest.raises(ValueError, match="no manifest makes the service account nights/ghost"):
        fake.token("ghost")


def test_the_record_shows_what_a_role_was_needed_for(fake):
    onlooker = api_of(fake, "onlooker")
    onlooker.list_namespaced_pod(NS)
    assert fake.used("onlooker") == {("list", "pods")}
    assert fake.granted("onlooker") - fake.used("onlooker") == {("get", "pods")}

    with pytest.raises(ApiException):
        onlooker.read_namespaced_pod("p", NS)
    assert fake.used("onlooker") == fake.granted("onlooker")


def test_the_whole_role_of_a_worker_can_be_used(fake, api):
    api.create_namespaced_pod(NS, pod())
    api.list_namespaced_pod(NS)
    api.read_namespaced_pod("p", NS)
    fake.wait()
    log(api)
    api.list_namespaced_event(NS)
    api.patch_namespaced_pod("p", NS, {"metadata": {"labels": {"a": "b"}}})
    for listed in (api.list_namespaced_pod, api.list_namespaced_event):
        listed(NS, watch=True, timeout_seconds=1, _preload_content=False).close()
    api.delete_namespaced_pod("p", NS)

    assert fake.used("worker") == fake.granted("worker")


@pytest.mark.parametrize(
    ("account", "verb", "part", "allowed"),
    [
        ("worker", "create", "", True),
        ("worker", "get", "log", True),
        ("onlooker", "create", "", False),
        ("onlooker", "get", "log", False),
        ("nobody", "get", "", False),
    ],
)
def test_an_account_can_ask_for_its_rights(fake, account, verb, part, allowed):
    path = str(fake.kubeconfig(account))
    asks = {"namespace": NS, "verb": verb, "resource": "pods", "subresource": part}
    reviews = client.AuthorizationV1Api(config.new_client_from_config(path))
    body = client.V1SelfSubjectAccessReview(spec={"resourceAttributes": asks})

    assert reviews.create_self_subject_access_review(body).status.allowed is allowed


def test_everybody_may_ask_for_the_version(fake):
    version = client.VersionApi(client.ApiClient(client.Configuration(host=fake.url))).get_code()

    assert (version.major, version.minor) == ("1", "34")


RULES = {
    "every verb": ({"verbs": ["*"]}, True),
    "every resource": ({"resources": ["*"]}, True),
    "the part of every resource": ({"resources": ["*/log"]}, True),
    "the whole and not the part": ({"resources": ["pods"]}, False),
    "another group": ({"apiGroups": ["apps"]}, False),
    "every group": ({"apiGroups": ["*"]}, True),
    "this name": ({"resourceNames": ["p"]}, True),
    "another name": ({"resourceNames": ["q"]}, False),
}


@pytest.mark.parametrize("rule_and_allowed", RULES.values(), ids=RULES)
def test_a_rule_covers_what_it_says(rule_and_allowed):
    changed, allowed = rule_and_allowed
    rule = {"apiGroups": [""], "resources": ["pods/log"], "verbs": ["get"]} | changed
    binding = {
        "roleRef": {"kind": "Role", "name": "r"},
        "subjects": [{"kind": "ServiceAccount", "name": "a"}],
    }
    named = {"namespace": "n"}
    held = Manifests(
        [
            {"kind": "Namespace", "metadata": {"name": "n"}},
            {"kind": "Role", "metadata": {"name": "r", **named}, "rules": [rule]},
            {"kind": "RoleBinding", "metadata": {"name": "b", **named}, **binding},
        ]
    )
    asked = Asked("get", "pods/log", "n", "p")

    assert Rbac(held).allows("system:serviceaccount:n:a", asked) is allowed


def test_a_manifest_that_no_cluster_would_take_is_an_error(tmp_path):
    wrong = MANIFESTS.read_text().replace("verbs: [get, list]", "verb: [get, list]")
    (tmp_path / "wrong.yaml").write_text(wrong)

    with pytest.raises(ValueError, match=r"wrong\.yaml: Role: rules\[0\]"):
        Manifests.read([tmp_path])
