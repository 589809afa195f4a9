"""A fake Kubernetes: the API server and the node that pods need, for tests."""

from tests.fake_kubernetes.client import Cluster, cluster, podman, processes

__all__ = ["Cluster", "cluster", "podman", "processes"]
