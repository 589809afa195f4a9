"""Label and field selectors, as the API reads them.

Sources: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#api and
https://kubernetes.io/docs/concepts/overview/working-with-objects/field-selectors/.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from tests.fake_kubernetes.status import ApiError

Test = Callable[[Mapping[str, str]], bool]
POD_FIELDS = {
    "metadata.name",
    "metadata.namespace",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.nominatedNodeName",
    "status.phase",
    "status.podIP",
}
EVENT_FIELDS = {
    "involvedObject.apiVersion",
    "involvedObject.fieldPath",
    "involvedObject.kind",
    "involvedObject.name",
    "involvedObject.namespace",
    "involvedObject.resourceVersion",
    "involvedObject.uid",
    "metadata.name",
    "metadata.namespace",
    "reason",
    "reportingComponent",
    "source",
    "type",
}
KEY = r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?"
VALUE = r"(?:[A-Za-z0-9](?:[-\w.]*[A-Za-z0-9])?)?"
FORMS = {
    "equals": rf"(?P<key>{KEY})\s*==?\s*(?P<values>{VALUE})",
    "differs": rf"(?P<key>{KEY})\s*!=\s*(?P<values>{VALUE})",
    "in": rf"(?P<key>{KEY})\s+in\s*\((?P<values>[^()]*)\)",
    "notin": rf"(?P<key>{KEY})\s+notin\s*\((?P<values>[^()]*)\)",
    "missing": rf"!\s*(?P<key>{KEY})(?P<values>)",
    "exists": rf"(?P<key>{KEY})(?P<values>)",
}


def label_test(selector: str) -> Test:
    """Turn a label selector into a test of labels."""
    tests = [_requirement(part.strip()) for part in _parts(selector)]
    return lambda labels: all(test(labels) for test in tests)


def field_test(selector: str, known: set[str]) -> Callable[[Mapping[str, Any]], bool]:
    """Turn a field selector into a test of an object."""
    tests = [_field(part.strip(), known) for part in selector.split(",") if part.strip()]
    return lambda thing: all((_value(thing, name) == wanted) == same for name, wanted, same in tests)


def _parts(selector: str) -> list[str]:
    # A comma inside brackets separates values and not requirements.
    return re.split(r",(?![^()]*\))", selector) if selector.strip() else []


def _requirement(text: str) -> Test:
    for form, pattern in FORMS.items():
        if found := re.fullmatch(pattern, text):
            values = [value.strip() for value in found["values"].split(",")]
            if all(re.fullmatch(VALUE, value) for value in values):
                return _test(form, found["key"], set(values))
    raise ApiError(400, f"unable to parse requirement: {text!r}")


def _test(form: str, key: str, values: set[str]) -> Test:
    match form:
        case "exists":
            return lambda labels: key in labels
        case "missing":
            return lambda labels: key not in labels
        case "equals" | "in":
            return lambda labels: labels.get(key) in values
    return lambda labels: labels.get(key) not in values


def _field(text: str, known: set[str]) -> tuple[str, str, bool]:
    found = re.fullmatch(r"([\w.]+)(!=|==?)(.*)", text)
    if not found:
        raise ApiError(400, f"invalid selector: {text!r}; can't understand {text!r}")
    name, sign, value = found.groups()
    if name not in known:
        raise ApiError(400, f"field label not supported: {name}")
    return name, value, sign != "!="


def _value(thing: Any, name: str) -> str:
    if name == "source":  # an event's source is an object; the selector means its component
        name = "source.component"
    for part in name.split("."):
        thing = (thing or {}).get(part)
    return thing or ""
