"""The file by which a client finds the cluster."""

from pathlib import Path

import yaml


def write_kubeconfig(path: Path, *, url: str, token: str, namespace: str) -> Path:
    """Write a kubeconfig with one context."""
    context = {"cluster": "fake", "user": "account", "namespace": namespace}
    made = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": {"server": url}}],
        "users": [{"name": "account", "user": {"token": token}}],
        "contexts": [{"name": "fake", "context": context}],
        "current-context": "fake",
    }
    path.write_text(yaml.safe_dump(made), encoding="utf-8")
    return path
