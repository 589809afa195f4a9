"""The variables of a container: plain values, fields of the pod, keys of secrets and config maps.

Sources:
    https://kubernetes.io/docs/tasks/inject-data-application/environment-variable-expose-pod-information/
    https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
"""

import base64
import re
from typing import Any

from tests.fake_kubernetes.manifests import Manifests

Body = dict[str, Any]


class ConfigError(Exception):
    """A container whose variables cannot be made: the node waits with CreateContainerConfigError."""


def variables(pod: Body, container: Body, manifests: Manifests) -> dict[str, str]:
    """Give the variables of a container in the order in which they were written."""
    made: dict[str, str] = {}
    for variable in container.get("env") or []:
        source = variable.get("valueFrom")
        told = _from(source, pod, manifests) if source else expand(variable.get("value") or "", made)
        if told is not None:
            made[variable["name"]] = told
    if container.get("envFrom"):
        raise ConfigError("envFrom is not served by this fake")
    return made


def expand(text: str, known: dict[str, str]) -> str:
    """Put variables in for ``$(NAME)``; ``$$(NAME)`` stays as ``$(NAME)``, and so does what is unknown."""

    def value(found: re.Match[str]) -> str:
        escaped, name = found.groups()
        return f"$({name})" if escaped else known.get(name, f"$({name})")

    return re.sub(r"(\$)?\$\(([-._a-zA-Z][-._a-zA-Z0-9]*)\)", value, text)


def _from(source: Body, pod: Body, manifests: Manifests) -> str | None:
    if "fieldRef" in source:
        return _field(pod, source["fieldRef"]["fieldPath"])
    for word, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if word in source:
            return _key(kind, source[word], pod["metadata"]["namespace"], manifests)
    raise ConfigError(f"valueFrom {', '.join(source)} is not served by this fake")


def _field(pod: Body, path: str) -> str:
    if found := re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path):
        return (pod["metadata"].get(found[1]) or {}).get(found[2], "")
    thing: Any = pod
    for part in path.split("."):
        thing = thing.get(part) if isinstance(thing, dict) else None
    return str(thing or "")


def _key(kind: str, reference: Body, namespace: str, manifests: Manifests) -> str | None:
    name, key, noun = reference["name"], reference["key"], kind.lower()
    held = manifests.get(kind, namespace, name)
    data = (held or {}).get("data") or {}
    plain = (held or {}).get("stringData") or {}
    if key in plain:
        return plain[key]
    if key in data:
        return base64.b64decode(data[key]).decode() if kind == "Secret" else data[key]
    if reference.get("optional"):
        return None
    lost = f"couldn't find key {key} in {kind} {namespace}/{name}" if held else f'{noun} "{name}" not found'
    raise ConfigError(lost)
