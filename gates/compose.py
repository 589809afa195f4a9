"""Our own rules for Compose files, with every variable at its default: no other tool here looks at them."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml

from gates.findings import ROOT, Finding, GateError
from gates.run import files

VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?+])([^${}]*))?\}")
LOOPBACK = ("127.0.0.1:", "[::1]:")
TAG = re.compile(r"(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$")
Service = dict[str, Any]


def compose(root: Path = ROOT) -> list[Finding]:
    """Hold the rules against all Compose files that are shipped.

    Raises:
        GateError: One cannot be read.
    """
    names = files("*compose*.yaml", "*compose*.yml", ":!tests/*", ":!.github/*", root=root)
    return [one for name in names for one in judge_file(name, (root / name).read_text(encoding="utf-8"))]


def judge_file(path: str, text: str) -> list[Finding]:
    """Hold the rules against the services of one file."""
    try:
        services = yaml.safe_load(by_default(text)).get("services", {})
    except (yaml.YAMLError, AttributeError) as error:
        raise GateError(f"{path} is no Compose file: {error}") from error
    return [
        Finding("compose", rule.__name__.replace("_", "-"), path, 0, f"service {name}: {said}", name)
        for name, service in services.items()
        for rule in RULES
        for said in rule(service)
    ]


def by_default(text: str) -> str:
    """Put the default of each variable in its place, from the inside out; one without a default is empty."""
    before = ""
    while before != text:
        before = text
        text = VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "", text)
    return text


def moving_image(service: Service) -> Iterator[str]:
    """An image of others is named by a version, or by its digest."""
    if "build" not in service and not TAG.search(str(service.get("image", ""))):
        yield f"the image {service.get('image')!r} has no version"


def open_port(service: Service) -> Iterator[str]:
    """Ports are published on the loopback address, unless whoever starts it says otherwise."""
    for port in service.get("ports") or []:
        told = f"{port.get('host_ip', '')}:" if isinstance(port, dict) else str(port)
        if not told.startswith(LOOPBACK):
            yield f"the port {port} is open to the network"
    if service.get("network_mode") == "host":
        yield "has the network of its host"


def rights_over_the_host(service: Service) -> Iterator[str]:
    """No container has rights over its machine, or the door of the engine."""
    if service.get("privileged") or service.get("cap_add") or service.get("pid") == "host":
        yield "has rights over its host"
    if any("docker.sock" in str(volume) for volume in service.get("volumes") or []):
        yield "has the door of the container engine"


RULES: list[Callable[[Service], Iterator[str]]] = [moving_image, open_port, rights_over_the_host]
