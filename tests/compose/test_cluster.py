"""The cluster of the profile ``pods`` is brought to what pods need, by the real client against a test API."""

import pytest
import yaml
from kubernetes.dynamic.exceptions import UnprocessibleEntityError

from compose import cluster
from tests.compose import fake_api
from tests.compose.tools import ROOT

SECRETS = {"AWS_ACCESS_KEY_ID": "nightlabel-steps", "MLFLOW_TRACKING_PASSWORD": "word"}


@pytest.fixture
def api(tmp_path, monkeypatch):
    """Let the command find the test API, and everything else in this checkout."""
    admin = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "default", "cluster": {"server": "https://127.0.0.1:6443"}}],
        "users": [{"name": "default", "user": {"token": "admin's"}}],
        "contexts": [{"name": "default", "context": {"cluster": "default", "user": "default"}}],
        "current-context": "default",
    }
    (tmp_path / "admin.yaml").write_text(yaml.safe_dump(admin))
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    with fake_api.cluster() as server:
        monkeypatch.setattr(cluster, "SERVER", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(cluster, "ADMIN", tmp_path / "admin.yaml")
        monkeypatch.setattr(cluster, "LOGIN", tmp_path / "config")
        monkeypatch.setattr(cluster, "SHIPPED", ROOT / "inference_image" / "k8s")
        monkeypatch.setattr(cluster, "PORTS", {"localhost": 8333})
        yield server


def test_the_cluster_gets_all_that_pods_need_and_airflow_a_login(api, tmp_path):
    cluster.main()

    assert set(dict(api.applied)) >= {
        ("Namespace", "nightlabel"),
        ("ServiceAccount", "nightlabel-labeller"),
        ("Role", "nightlabel-launcher"),
        ("PriorityClass", "nightlabel"),
        ("Secret", "nightlabel-steps"),
    }
    login = yaml.safe_load((tmp_path / "config").read_text())
    assert login["users"] == [{"name": "nightlabel-launcher", "user": {"token": "launcher's"}}]
    assert "admin's" not in (tmp_path / "config").read_text()


def test_the_login_is_made_only_when_the_cluster_has_made_its_token(api):
    cluster.main()

    assert api.asked["/api/v1/namespaces/nightlabel/secrets/nightlabel-launcher"] > 1


def test_pods_find_a_service_of_this_place_by_its_name(api):
    cluster.main()

    slice_ = api.applied["EndpointSlice", "localhost"]
    assert slice_["metadata"]["labels"]["kubernetes.io/service-name"] == "localhost"
    assert slice_["endpoints"] == [{"addresses": ["127.0.0.1"]}]
    assert api.applied["Service", "localhost"]["spec"]["ports"] == slice_["ports"]
    [way] = api.applied["NetworkPolicy", "this-place"]["spec"]["egress"]
    assert way["to"] == [{"ipBlock": {"cidr": "127.0.0.1/32"}}]


def test_pods_get_the_secrets_of_steps_and_no_others(api, monkeypatch):
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", "not theirs")

    cluster.main()

    told = api.applied["Secret", "nightlabel-steps"]["stringData"]
    assert SECRETS.items() <= told.items()
    assert all(name.startswith(("AWS_", "MLFLOW_TRACKING_")) for name in told)


def test_an_object_that_kubernetes_does_not_know_is_refused(api, monkeypatch):
    named = {"name": "bad", "namespace": "nightlabel"}
    bad = {"apiVersion": "v1", "kind": "Service", "metadata": named, "spec": {"port": 1}}
    monkeypatch.setattr(cluster, "own", lambda *_: [bad])

    with pytest.raises(UnprocessibleEntityError):
        cluster.main()
