"""The Pod Security Standard *restricted*, as a judge of pods; usable without the server.

The rules are those of Kubernetes v1.34 for pods on Linux. A pod with a user namespace of its own
(``hostUsers: false``) is held to the same rules, although Kubernetes relaxes some of them for it.

Sources:
    The standard, *baseline* and on top of it *restricted*; each check names its control there:
    https://kubernetes.io/docs/concepts/security/pod-security-standards/.
    The sentences and their order: staging/src/k8s.io/pod-security-admission/policy/ in kubernetes/kubernetes.
    The label: https://kubernetes.io/docs/concepts/security/pod-security-admission/.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any, NamedTuple

LABEL = "pod-security.kubernetes.io/enforce"
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
SELINUX_TYPES = {"", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"}
SAFE_SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}
VOLUME_TYPES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
CONFINED = {"RuntimeDefault", "Localhost"}
Pod = dict[str, Any]


class Violation(NamedTuple):
    """One broken control: its short reason, and who breaks it how."""

    reason: str
    detail: str

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})"


def violations(pod: Pod) -> list[Violation]:
    """Give what the standard *restricted* has against a pod; nothing where the pod keeps to it."""
    return [violation for check in CHECKS if (violation := check(pod))]


def refusal(pod: Pod) -> str:
    """Say why a restricted namespace refuses a pod; empty where it lets it in."""
    found = violations(pod)
    return f'violates PodSecurity "restricted:latest": {", ".join(map(str, found))}' if found else ""


def apparmor(pod: Pod) -> Violation | None:
    """Baseline, AppArmor: no profile but the runtime's default or one of the node's."""
    who, profiles = _setters(pod, lambda c: _bad_profile(c, "appArmorProfile"))
    old = pod.get("metadata", {}).get("annotations") or {}
    bad = sorted(f'{k}="{v}"' for k, v in old.items() if k.startswith(APPARMOR) and not _old_apparmor(v))
    if bad:
        who.append(_plural("annotation", bad))
    told = [*_quoted(profiles), *bad]
    reason = _plural("forbidden AppArmor profile", told)
    return _violation(reason, who, f"must not set AppArmor profile type to {', '.join(told)}")


def host_namespaces(pod: Pod) -> Violation | None:
    """Baseline, Host Namespaces: neither the node's network nor its processes nor its IPC."""
    spec = pod["spec"]
    shared = [f"{name}=true" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name)]
    return Violation("host namespaces", ", ".join(shared)) if shared else None


def host_ports(pod: Pod) -> Violation | None:
    """Baseline, Host Ports: none."""
    used = {c["name"]: {p["hostPort"] for p in c.get("ports") or [] if p.get("hostPort")} for c in _all(pod)}
    names = [name for name, ports in used.items() if ports]
    ports = sorted(map(str, set().union(*used.values())))
    told = f"{_uses(names)} {_plural('hostPort', ports)} {', '.join(ports)}"
    return _violation("hostPort", _containers(names), told)


def probe_hosts(pod: Pod) -> Violation | None:
    """Baseline, Host Probes / Lifecycle Hooks: none asks another host."""
    asked = {c["name"]: set(_hosts(c)) for c in _all(pod)}
    names = [name for name, hosts in asked.items() if hosts]
    hosts = sorted(set().union(*asked.values()))
    told = f"{_uses(names)} {_named('probe or lifecycle host', hosts)}"
    return _violation("probe or lifecycle host", _containers(names), told)


def privileged(pod: Pod) -> Violation | None:
    """Baseline, Privileged Containers: none."""
    names = [c["name"] for c in _all(pod) if _context(c).get("privileged")]
    return _violation("privileged", _containers(names), "must not set securityContext.privileged=true")


def proc_mount(pod: Pod) -> Violation | None:
    """Baseline, /proc Mount Type: the default masks."""
    who, kinds = _setters(pod, lambda c: _other(c.get("procMount"), {None, "Default"}))
    return _violation(
        "procMount", who, f"must not set securityContext.procMount to {', '.join(_quoted(kinds))}"
    )


def selinux(pod: Pod) -> Violation | None:
    """Baseline, SELinux: a container's type, no user, no role."""
    who, bad = _setters(pod, lambda c: _bad_selinux(c.get("seLinuxOptions") or {}))
    types = [text for text in bad if not text.endswith("may not be set")]
    told = [_named("type", types)] if types else []
    told += [text for text in bad if text.endswith("may not be set")]
    return _violation(
        "seLinuxOptions", who, f"set forbidden securityContext.seLinuxOptions: {'; '.join(told)}"
    )


def sysctls(pod: Pod) -> Violation | None:
    """Baseline, Sysctls: only the safe ones."""
    names = [s["name"] for s in _context(pod["spec"]).get("sysctls") or [] if s["name"] not in SAFE_SYSCTLS]
    return Violation("forbidden sysctls", ", ".join(names)) if names else None


def host_process(pod: Pod) -> Violation | None:
    """Baseline, HostProcess: no Windows host process."""
    who, _ = _setters(pod, lambda c: ["true"] if (c.get("windowsOptions") or {}).get("hostProcess") else [])
    return _violation("hostProcess", who, "must not set securityContext.windowsOptions.hostProcess=true")


def privilege_escalation(pod: Pod) -> Violation | None:
    """Restricted, Privilege Escalation: each container rules it out."""
    names = [c["name"] for c in _all(pod) if _context(c).get("allowPrivilegeEscalation") is not False]
    told = "must set securityContext.allowPrivilegeEscalation=false"
    return _violation("allowPrivilegeEscalation != false", _containers(names), told)


def capabilities(pod: Pod) -> Violation | None:
    """Restricted, Capabilities: each container drops ALL and adds NET_BIND_SERVICE at most."""
    held = {c["name"]: _context(c).get("capabilities") or {} for c in _all(pod)}
    added = {name: set(c.get("add") or []) - {"NET_BIND_SERVICE"} for name, c in held.items()}
    keeping = [name for name, c in held.items() if "ALL" not in (c.get("drop") or [])]
    adding = [name for name, extra in added.items() if extra]
    told = [f'{who} must set securityContext.capabilities.drop=["ALL"]' for who in _containers(keeping)]
    extra = ", ".join(_quoted(sorted(set().union(*added.values()))))
    told += [
        f"{who} must not include {extra} in securityContext.capabilities.add" for who in _containers(adding)
    ]
    return Violation("unrestricted capabilities", "; ".join(told)) if told else None


def volume_types(pod: Pod) -> Violation | None:
    """Baseline, HostPath Volumes, and restricted, Volume Types: what the cluster provides, nothing else."""
    bad = {v["name"]: _volume_type(v) for v in pod["spec"].get("volumes") or [] if not VOLUME_TYPES & set(v)}
    kinds = sorted(set(bad.values()))
    told = f"{_named('volume', list(bad))} {_uses(bad)} restricted {_named('volume type', kinds)}"
    return Violation("restricted volume types", told) if bad else None


def run_as_non_root(pod: Pod) -> Violation | None:
    """Restricted, Running as Non-root: the pod or each container asks for it, and none takes it back."""
    who, _ = _setters(pod, lambda c: ["false"] if c.get("runAsNonRoot") is False else [])
    if who:
        return _violation("runAsNonRoot != true", who, "must not set securityContext.runAsNonRoot=false")
    silent = _silent(pod, "runAsNonRoot")
    return _violation("runAsNonRoot != true", _pod_or(silent), "must set securityContext.runAsNonRoot=true")


def run_as_user(pod: Pod) -> Violation | None:
    """Restricted, Running as Non-root user: nobody is user 0."""
    who, _ = _setters(pod, lambda c: ["0"] if c.get("runAsUser") == 0 else [])
    return _violation("runAsUser=0", who, "must not set runAsUser=0")


def seccomp(pod: Pod) -> Violation | None:
    """Restricted, Seccomp: the pod or each container has the runtime's profile, or one of the node's."""
    who, kinds = _setters(pod, lambda c: _bad_profile(c, "seccompProfile"))
    field = "securityContext.seccompProfile.type"
    if who:
        return _violation("seccompProfile", who, f"must not set {field} to {', '.join(_quoted(kinds))}")
    told = f'must set {field} to "RuntimeDefault" or "Localhost"'
    return _violation("seccompProfile", _pod_or(_silent(pod, "seccompProfile")), told)


CHECKS: list[Callable[[Pod], Violation | None]] = [
    apparmor,
    host_namespaces,
    host_ports,
    probe_hosts,
    privileged,
    proc_mount,
    selinux,
    sysctls,
    host_process,
    privilege_escalation,
    capabilities,
    volume_types,
    run_as_non_root,
    run_as_user,
    seccomp,
]


def _all(pod: Pod) -> Iterator[dict[str, Any]]:
    for kind in ("initContainers", "containers", "ephemeralContainers"):
        yield from pod["spec"].get(kind) or []


def _context(part: dict[str, Any]) -> dict[str, Any]:
    return part.get("securityContext") or {}


def _setters(pod: Pod, bad: Callable[[dict[str, Any]], list[str]]) -> tuple[list[str], list[str]]:
    """Give who sets something bad (the pod, its containers), and what."""
    of_pod = bad(_context(pod["spec"]))
    of_containers = {c["name"]: found for c in _all(pod) if (found := bad(_context(c)))}
    values = sorted(set(of_pod).union(*of_containers.values()))
    return [*(["pod"] if of_pod else []), *_containers(of_containers)], values


def _silent(pod: Pod, field: str) -> list[str]:
    """Give the containers that do not set a field which the pod does not set for them either."""
    if _context(pod["spec"]).get(field):
        return []
    return [c["name"] for c in _all(pod) if _context(c).get(field) is None]


def _containers(names: Collection[str]) -> list[str]:
    return [_named("container", names)] if names else []


def _pod_or(names: list[str]) -> list[str]:
    return [f"pod or {who}" for who in _containers(names)]


def _violation(reason: str, who: list[str], what: str) -> Violation | None:
    return Violation(reason, f"{' and '.join(who)} {what}") if who else None


def _named(noun: str, values: Collection[str]) -> str:
    return f"{_plural(noun, values)} {', '.join(_quoted(values))}"


def _plural(noun: str, values: Collection[str]) -> str:
    return noun if len(values) == 1 else f"{noun}s"


def _uses(who: Collection[str]) -> str:
    return "uses" if len(who) == 1 else "use"


def _quoted(values: Iterable[str]) -> list[str]:
    return [f'"{value}"' for value in values]


def _other(value: Any, allowed: set[Any]) -> list[str]:
    return [] if value in allowed else [str(value)]


def _bad_profile(context: dict[str, Any], field: str) -> list[str]:
    profile = context.get(field)
    return _other(profile.get("type"), CONFINED) if profile is not None else []


def _old_apparmor(value: str) -> bool:
    return value in {"", "runtime/default"} or value.startswith("localhost/")


def _bad_selinux(options: dict[str, str]) -> list[str]:
    of_type = _other(options.get("type") or "", SELINUX_TYPES)
    return of_type + [f"{name} may not be set" for name in ("user", "role") if options.get(name)]


def _hosts(container: dict[str, Any]) -> Iterator[str]:
    probes = [container.get(name) for name in ("livenessProbe", "readinessProbe", "startupProbe")]
    hooks = [(container.get("lifecycle") or {}).get(name) for name in ("postStart", "preStop")]
    for part in filter(None, probes + hooks):
        for way in ("httpGet", "tcpSocket"):
            if host := (part.get(way) or {}).get("host"):
                yield host


def _volume_type(volume: dict[str, Any]) -> str:
    return next((key for key in volume if key != "name"), "unknown")
