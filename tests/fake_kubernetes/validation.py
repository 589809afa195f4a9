"""Is it a pod? Kubernetes's own schema, and the rules that its API server adds to the schema.

Sources: the schema is that of the PyPI package kubernetes-validate; the rules are those of
https://kubernetes.io/docs/concepts/overview/working-with-objects/names/,
https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/ and
https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import kubernetes_validate

from tests.fake_kubernetes.quantity import quantity
from tests.fake_kubernetes.selectors import KEY, VALUE

VERSION = "1.34"
SUBDOMAIN = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
LABEL = r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
CHOICES = {
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "terminationMessagePolicy": {"File", "FallbackToLogsOnError"},
}
Pod = dict[str, Any]


def schema_faults(manifest: dict[str, Any]) -> list[str]:
    """Say where an object breaks Kubernetes's schema, unknown fields included."""
    try:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [f"{_path(error.path)}: Invalid value: {error.message[:300]}"]
    except kubernetes_validate.SchemaNotFoundError as error:
        return [error.message]
    return []


def pod_faults(pod: Pod) -> list[str]:
    """Say why the API server would not take a pod."""
    return schema_faults(pod) or [
        *_name_faults(pod["metadata"]),
        *_label_faults(pod["metadata"]),
        *_spec_faults(pod["spec"]),
    ]


def _path(parts: Any) -> str:
    told = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return told.removeprefix(".") or "the whole"


def _name_faults(meta: dict[str, Any]) -> Iterator[str]:
    name = meta.get("name") or f"{meta.get('generateName', '')}x"
    if name == "x":
        yield "metadata.name: Required value: name or generateName is required"
    if len(name) > 253 or not re.fullmatch(SUBDOMAIN, name):
        yield f'metadata.name: Invalid value: "{name}": must be a lowercase RFC 1123 subdomain'


def _label_faults(meta: dict[str, Any]) -> Iterator[str]:
    for key, value in (meta.get("labels") or {}).items():
        if not re.fullmatch(KEY, key) or len(key.rpartition("/")[2]) > 63:
            yield f'metadata.labels: Invalid value: "{key}": name part must be a qualified name'
        if not re.fullmatch(VALUE, value) or len(value) > 63:
            yield f'metadata.labels: Invalid value: "{value}": must be a valid label value'


def _spec_faults(spec: dict[str, Any]) -> Iterator[str]:
    yield from _choice_faults("spec", spec, "restartPolicy")
    if spec.get("activeDeadlineSeconds", 1) < 1:
        yield "spec.activeDeadlineSeconds: Invalid value: must be greater than or equal to 1"
    volumes = {volume["name"] for volume in spec.get("volumes") or []}
    kinds = ("containers", "initContainers")
    held = [(f"spec.{kind}[{i}]", c) for kind in kinds for i, c in enumerate(spec.get(kind) or [])]
    if not spec["containers"]:
        yield "spec.containers: Required value"
    for name, times in Counter(c["name"] for _, c in held).items():
        if times > 1:
            yield f'spec.containers: Duplicate value: "{name}"'
    for path, container in held:
        yield from _container_faults(path, container, volumes)


def _container_faults(path: str, container: dict[str, Any], volumes: set[str]) -> Iterator[str]:
    if not re.fullmatch(LABEL, container["name"]):
        yield f'{path}.name: Invalid value: "{container["name"]}": a lowercase RFC 1123 label is needed'
    if not container.get("image"):
        yield f"{path}.image: Required value"
    yield from _choice_faults(path, container, "imagePullPolicy", "terminationMessagePolicy")
    for i, mount in enumerate(container.get("volumeMounts") or []):
        if mount["name"] not in volumes:
            yield f'{path}.volumeMounts[{i}].name: Not found: "{mount["name"]}"'
    for i, variable in enumerate(container.get("env") or []):
        if variable.get("value") and variable.get("valueFrom"):
            yield f"{path}.env[{i}].valueFrom: Invalid value: may not be specified when `value` is not empty"
    yield from _resource_faults(f"{path}.resources", container.get("resources") or {})


def _choice_faults(path: str, part: dict[str, Any], *fields: str) -> Iterator[str]:
    for field in fields:
        if part.get(field) and part[field] not in CHOICES[field]:
            known = ", ".join(f'"{choice}"' for choice in sorted(CHOICES[field]))
            yield f'{path}.{field}: Unsupported value: "{part[field]}": supported values: {known}'


def _resource_faults(path: str, resources: dict[str, Any]) -> Iterator[str]:
    amounts = {}
    for kind in ("requests", "limits"):
        for name, text in (resources.get(kind) or {}).items():
            try:
                amounts[kind, name] = quantity(text)
            except ValueError:
                yield f'{path}.{kind}.{name}: Invalid value: "{text}": must be a quantity'
    for (kind, name), amount in amounts.items():
        if kind == "requests" and amount > amounts.get(("limits", name), amount):
            told = resources["requests"][name]
            yield f'{path}.requests: Invalid value: "{told}": must be less than or equal to {name} limit'
