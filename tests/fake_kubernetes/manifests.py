"""What a cluster holds before its first pod: YAML files, each object held against Kubernetes's schema."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.fake_kubernetes.pod_security import LABEL
from tests.fake_kubernetes.validation import schema_faults

Manifest = dict[str, Any]
CLUSTER_WIDE = {"Namespace", "ClusterRole", "ClusterRoleBinding"}


class Manifests:
    """The objects of some files, found by kind, namespace and name."""

    def __init__(self, objects: Iterable[Manifest]) -> None:
        self._held: dict[tuple[str, str, str], Manifest] = {}
        for manifest in objects:
            self._add(manifest)
        for namespace in list(self.of("Namespace")):
            self._give_default_account(namespace["metadata"]["name"])

    @classmethod
    def read(cls, paths: Iterable[str | Path]) -> "Manifests":
        """Read files, and folders of files; an object that no cluster would take is an error."""
        files = [file for path in map(Path, paths) for file in (sorted(path.glob("*.y*ml")) or [path])]
        return cls(part for file in files for part in _parts(file))

    def of(self, kind: str, namespace: str | None = None) -> list[Manifest]:
        return [m for (k, n, _), m in self._held.items() if k == kind and namespace in (None, n)]

    def get(self, kind: str, namespace: str, name: str) -> Manifest | None:
        return self._held.get((kind, namespace, name))

    def restricted(self, namespace: str) -> bool:
        """Say whether a namespace enforces the Pod Security Standard *restricted*."""
        held = self.get("Namespace", "", namespace) or {}
        return (held["metadata"].get("labels") or {}).get(LABEL) == "restricted"

    def _add(self, manifest: Manifest) -> None:
        meta, kind = manifest["metadata"], manifest["kind"]
        if kind == "Namespace" and (meta.get("labels") or {}).get(LABEL) not in (
            None,
            "privileged",
            "restricted",
        ):
            raise ValueError(f"namespace {meta['name']}: only the standard 'restricted' is enforced here")
        home = "" if kind in CLUSTER_WIDE else meta.get("namespace", "default")
        self._held[kind, home, meta["name"]] = manifest

    def _give_default_account(self, namespace: str) -> None:
        # Kubernetes makes this account in every namespace.
        account = {"kind": "ServiceAccount", "metadata": {"name": "default", "namespace": namespace}}
        self._held.setdefault(("ServiceAccount", namespace, "default"), account)


def _parts(file: Path) -> Iterable[Manifest]:
    for part in filter(None, yaml.safe_load_all(file.read_text(encoding="utf-8"))):
        if faults := schema_faults(part):
            raise ValueError(f"{file.name}: {part.get('kind')}: {'; '.join(faults)}")
        yield part
