"""Each control of the Pod Security Standard *restricted* refuses a pod that breaks it alone."""

import pytest
from kubernetes.client import ApiException

from tests.fake_kubernetes.pod_security import CHECKS, violations
from tests.kubernetes.pods import pod, strict_pod

KINDS = ("containers", "initContainers", "ephemeralContainers")


def pod_level(**fields):
    made = strict_pod()
    made["spec"] |= fields
    return made


def context(**fields):
    made = strict_pod()
    made["spec"]["securityContext"] |= fields
    return made


def container(kind="containers", **fields):
    """A good pod with one more container, which differs in these fields."""
    made = strict_pod()
    other = made["spec"]["containers"][0] | {"name": "other"} | fields
    made["spec"][kind] = [*made["spec"].get(kind, []), other]
    return made


def secured(**fields):
    good = strict_pod()["spec"]["containers"][0]["securityContext"]
    return {"securityContext": {k: v for k, v in (good | fields).items() if v is not None}}


def volume(kind, **fields):
    return pod_level(volumes=[{"name": "v", kind: fields}])


def annotated(value):
    made = strict_pod()
    made["metadata"]["annotations"] = {"container.apparmor.security.beta.kubernetes.io/base": value}
    return made


BAD_PODS = {
    "host network": (pod_level(hostNetwork=True), "host namespaces (hostNetwork=true)"),
    "host processes": (pod_level(hostPID=True), "host namespaces (hostPID=true)"),
    "host IPC": (pod_level(hostIPC=True), "host namespaces (hostIPC=true)"),
    "host path": (
        volume("hostPath", path="/"),
        'restricted volume types (volume "v" uses restricted volume type "hostPath")',
    ),
    "NFS": (
        volume("nfs", server="s", path="/"),
        'restricted volume types (volume "v" uses restricted volume type "nfs")',
    ),
    "sysctl": (
        context(sysctls=[{"name": "kernel.msgmax", "value": "1"}]),
        "forbidden sysctls (kernel.msgmax)",
    ),
    "root": (context(runAsUser=0), "runAsUser=0 (pod must not set runAsUser=0)"),
    "may be root": (
        context(runAsNonRoot=False),
        "runAsNonRoot != true (pod must not set securityContext.runAsNonRoot=false)",
    ),
    "says nothing of root": (
        context(runAsNonRoot=None),
        'runAsNonRoot != true (pod or container "base" must set securityContext.runAsNonRoot=true)',
    ),
    "seccomp off": (
        context(seccompProfile={"type": "Unconfined"}),
        'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ),
    "says nothing of seccomp": (
        context(seccompProfile=None),
        (
            'seccompProfile (pod or container "base" must set securityContext.seccompProfile.type '
            'to "RuntimeDefault" or "Localhost")'
        ),
    ),
    "AppArmor off": (
        context(appArmorProfile={"type": "Unconfined"}),
        'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ),
    "AppArmor off by annotation": (
        annotated("unconfined"),
        (
            "forbidden AppArmor profile (annotation must not set AppArmor profile type to "
            'container.apparmor.security.beta.kubernetes.io/base="unconfined")'
        ),
    ),
    "SELinux type": (
        context(seLinuxOptions={"type": "spc_t"}),
        'seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: type "spc_t")',
    ),
    "SELinux user": (
        context(seLinuxOptions={"user": "u"}),
        "seLinuxOptions (pod set forbidden securityContext.seLinuxOptions: user may not be set)",
    ),
    "Windows host process": (
        context(windowsOptions={"hostProcess": True}),
        "hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)",
    ),
}
BAD_CONTAINERS = {
    "privileged": (secured(privileged=True), "privileged", "must not set securityContext.privileged=true"),
    "may escalate": (
        secured(allowPrivilegeEscalation=True),
        "allowPrivilegeEscalation != false",
        "must set securityContext.allowPrivilegeEscalation=false",
    ),
    "says nothing of escalation": (
        secured(allowPrivilegeEscalation=None),
        "allowPrivilegeEscalation != false",
        "must set securityContext.allowPrivilegeEscalation=false",
    ),
    "keeps capabilities": (
        secured(capabilities=None),
        "unrestricted capabilities",
        'must set securityContext.capabilities.drop=["ALL"]',
    ),
    "adds a capability": (
        secured(capabilities={"drop": ["ALL"], "add": ["NET_RAW", "NET_BIND_SERVICE"]}),
        "unrestricted capabilities",
        'must not include "NET_RAW" in securityContext.capabilities.add',
    ),
    "bare processes": (
        secured(procMount="Unmasked"),
        "procMount",
        'must not set securityContext.procMount to "Unmasked"',
    ),
    "root": (secured(runAsUser=0), "runAsUser=0", "must not set runAsUser=0"),
    "may be root": (
        secured(runAsNonRoot=False),
        "runAsNonRoot != true",
        "must not set securityContext.runAsNonRoot=false",
    ),
    "seccomp off": (
        secured(seccompProfile={"type": "Unconfined"}),
        "seccompProfile",
        'must not set securityContext.seccompProfile.type to "Unconfined"',
    ),
    "AppArmor off": (
        secured(appArmorProfile={"type": "Unconfined"}),
        "forbidden AppArmor profile",
        'must not set AppArmor profile type to "Unconfined"',
    ),
    "SELinux role": (
        secured(seLinuxOptions={"role": "r"}),
        "seLinuxOptions",
        "set forbidden securityContext.seLinuxOptions: role may not be set",
    ),
    "host port": (
        {"ports": [{"containerPort": 80, "hostPort": 80}]},
        "hostPort",
        "uses hostPort 80",
    ),
    "probe of another host": (
        {"livenessProbe": {"httpGet": {"host": "10.0.0.1", "port": 80}}},
        "probe or lifecycle host",
        'uses probe or lifecycle host "10.0.0.1"',
    ),
    "hook to another host": (
        {"lifecycle": {"preStop": {"tcpSocket": {"host": "h", "port": 1}}}},
        "probe or lifecycle host",
        'uses probe or lifecycle host "h"',
    ),
}
GOOD_PODS = {
    "as it is": strict_pod(),
    "profiles of the node": context(seccompProfile={"type": "Localhost", "localhostProfile": "x"}),
    "a user": context(runAsUser=10001, fsGroup=10001),
    "a safe sysctl": context(sysctls=[{"name": "net.ipv4.tcp_syncookies", "value": "1"}]),
    "an SELinux type of containers": context(seLinuxOptions={"type": "container_t", "level": "s0"}),
    "folders of its own": volume("emptyDir", medium="Memory"),
    "projected volumes": volume("projected", sources=[]),
    "the runtime's AppArmor": annotated("runtime/default"),
    "a low port": container(**secured(capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]})),
    "the container says what the pod does not": container(**secured(runAsNonRoot=True)),
    "a probe of itself": container(livenessProbe={"httpGet": {"port": 80}}),
}


@pytest.mark.parametrize("pod_and_told", BAD_PODS.values(), ids=BAD_PODS)
def test_a_pod_that_breaks_one_control_is_refused_for_that_alone(pod_and_told):
    bad, told = pod_and_told

    assert [str(violation) for violation in violations(bad)] == [told]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("case", BAD_CONTAINERS.values(), ids=BAD_CONTAINERS)
def test_a_container_of_any_kind_that_breaks_one_control_is_refused(case, kind):
    fields, reason, told = case

    assert violations(container(kind, **fields)) == [(reason, f'container "other" {told}')]


@pytest.mark.parametrize("good", GOOD_PODS.values(), ids=GOOD_PODS)
def test_a_pod_that_keeps_to_the_standard_is_taken(good):
    assert violations(good) == []


def test_every_check_has_a_bad_sample():
    bad = [made for made, _ in BAD_PODS.values()] + [container(**f) for f, _, _ in BAD_CONTAINERS.values()]

    assert [check.__name__ for check in CHECKS if not any(check(made) for made in bad)] == []


def test_two_containers_are_named_in_one_sentence():
    bad = container(**secured(privileged=True))
    bad["spec"]["containers"][0]["securityContext"]["privileged"] = True

    assert str(violations(bad)[0]).startswith('privileged (containers "base", "other" must not')


def test_a_restricted_namespace_refuses_a_plain_pod_with_all_that_is_wrong(fake, api):
    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_pod("strict", pod())

    assert refusal.value.status == 403
    assert (
        'pods \\"p\\" is forbidden: violates PodSecurity \\"restricted:latest\\": '
        'allowPrivilegeEscalation != false (container \\"base\\" must set '
        "securityContext.allowPrivilegeEscalation=false), unrestricted capabilities" in refusal.value.body
    )
    assert fake.pods() == []


def test_a_restricted_namespace_takes_a_good_pod(fake, api):
    assert api.create_namespaced_pod("strict", strict_pod()).status.phase == "Pending"


def test_a_namespace_without_the_label_takes_any_pod(fake, api):
    assert api.create_namespaced_pod("nights", pod(hostNetwork=True)).spec.host_network
