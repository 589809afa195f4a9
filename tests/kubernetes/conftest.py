"""One fake cluster for all tests of this folder, emptied between them; the real client speaks to it."""

import pytest

from kubernetes import client, config
from tests.fake_kubernetes import Cluster, cluster, processes
from tests.kubernetes.pods import IMAGES, MANIFESTS, Gate


@pytest.fixture(scope="session")
def running():
    """A cluster that runs shell programs as processes."""
    with cluster(manifests=[MANIFESTS], runner=processes(IMAGES), namespace="nights") as made:
        yield made


@pytest.fixture
def fake(running) -> Cluster:
    """The cluster without pods and faults; a fault that never hits fails the test."""
    running.empty()
    yield running
    running.check()
    running.empty()


def api_of(fake: Cluster, account: str = "worker") -> client.CoreV1Api:
    """Give the real client, with the token of an account."""
    path = str(fake.kubeconfig(account, "nights"))
    return client.CoreV1Api(config.new_client_from_config(path))


@pytest.fixture
def api(fake) -> client.CoreV1Api:
    """The real client, with the rights of a worker."""
    return api_of(fake)


@pytest.fixture
def gate(tmp_path) -> Gate:
    """A gate that is shut until the test opens it."""
    return Gate(tmp_path)
