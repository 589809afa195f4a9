"""What the compose file must hold to, told of the document as Docker Compose understands it."""

import re
from collections.abc import Callable, Iterator

DECLARED = {
    "k3s": {"is not read-only", "keeps capabilities", "may gain privileges", "is privileged"},
    "datadog": {"is not read-only", "keeps capabilities"},
}
"""Where a service of a profile needs more, and nothing else may."""
LOOPBACK = ("127.0.0.1", "::1")
STATE = {"postgres": "/var/lib/postgresql/data", "store": "/data"}
"""Where the services that keep data write it."""
_SECRET = re.compile(r"PASSWORD|SECRET|TOKEN|_KEY(_ID)?$|FERNET|SQL_ALCHEMY_CONN")
_VERSIONED = re.compile(r"@sha256:[0-9a-f]{64}$|:(?!latest$)[\w.-]*[0-9][\w.-]*$")


def faults(document: dict, raw: dict) -> list[str]:
    """Give what is wrong with a compose file, one sentence for each.

    Args:
        document: What ``docker compose config`` gives.
        raw: The file itself, in which variables stand as they are written.
    """
    services = document["services"]
    found = [f"{name} {fault}" for name in services for fault in _of(name, document)]
    found += [f"{name} tells {key}" for name, one in raw["services"].items() for key in _secrets(one)]
    return sorted(found)


def _of(name: str, document: dict) -> Iterator[str]:
    service = document["services"][name]
    for fault, holds in LAWS.items():
        if not holds(name, service, document) and fault not in DECLARED.get(name, ()):
            yield fault


def _secrets(service: dict) -> list[str]:
    told = service.get("environment") or {}
    names = {
        "MLFLOW_AUTH_CONFIG_PATH",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
        "NIGHTLABEL_POD_SECRET",
    }
    return [name for name, value in told.items() if _SECRET.search(name) and name not in names and value]


def _examined(name: str, service: dict, document: dict) -> bool:
    """Tell whether a service says that it is well, or ends and is waited for."""
    if service.get("healthcheck", {}).get("test"):
        return True
    waiting = [other.get("depends_on", {}).get(name, {}) for other in document["services"].values()]
    ends = any(one.get("condition") == "service_completed_successfully" for one in waiting)
    return ends and service.get("restart") == "no"


def _waits(name: str, service: dict, document: dict) -> bool:
    """Tell whether a service starts when what it needs is ready, and not merely started."""
    return all(one["condition"] != "service_started" for one in service.get("depends_on", {}).values())


def _keeps(name: str, service: dict, document: dict) -> bool:
    volumes = {one["target"] for one in service.get("volumes", ()) if one["type"] == "volume"}
    return STATE.get(name) in {None, *volumes}


def _on_loopback(name: str, service: dict, document: dict) -> bool:
    return all(port.get("host_ip") in LOOPBACK for port in service.get("ports", ()))


def _bounded(name: str, service: dict, document: dict) -> bool:
    return all(service.get(limit) for limit in ("mem_limit", "cpus", "pids_limit"))


def _inside(name: str, service: dict, document: dict) -> bool:
    if name != "postgres":
        return True
    return all(document["networks"][network].get("internal") for network in service["networks"])


def _logs_end(name: str, service: dict, document: dict) -> bool:
    return "max-size" in service.get("logging", {}).get("options", {})


LAWS: dict[str, Callable[[str, dict, dict], bool]] = {
    "has no health check": _examined,
    "does not wait until others are ready": _waits,
    "keeps its data in no volume": _keeps,
    "is published beyond this machine": _on_loopback,
    "has no limits": _bounded,
    "is reached from outside": _inside,
    "logs without end": _logs_end,
    "does not say what happens when it ends": lambda _, service, __: bool(service.get("restart")),
    "has no version": lambda _, service, __: bool(_VERSIONED.search(service["image"])) or "build" in service,
    "is not read-only": lambda _, service, __: service.get("read_only", False),
    "keeps capabilities": lambda _, service, __: service.get("cap_drop") == ["ALL"],
    "may gain privileges": lambda _, service, __: "no-new-privileges:true" in service.get("security_opt", ()),
    "is privileged": lambda _, service, __: not service.get("privileged"),
    "sees this machine's files": lambda _, service, __: all(
        one["type"] == "volume" for one in service.get("volumes", ())
    ),
    "shares this machine's network": lambda _, service, __: "network_mode" not in service,
}
"""What holds for every service, by the words for a fault."""
