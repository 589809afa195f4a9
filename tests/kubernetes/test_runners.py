"""Containers run as processes with the memory they may have; podman gets the right words."""

import asyncio
import os
import subprocess
import sys

import psutil
import pytest

from kubernetes import client, config
from tests.fake_kubernetes import cluster, processes
from tests.fake_kubernetes.client import ROOT
from tests.fake_kubernetes.defaults import filled
from tests.fake_kubernetes.environment import ConfigError
from tests.fake_kubernetes.podman_runner import check_user, run_words
from tests.fake_kubernetes.runner import Launch
from tests.kubernetes.pods import MANIFESTS, SHELL, ended, log, pod
from tests.waiting import until

GREEDY = "import time; x = bytearray(b'1') * (200 << 20); time.sleep(60)"
LASTING = f"sleep 301.{os.getpid()}"
LIMITS = {"resources": {"limits": {"memory": "100Mi"}}}


@pytest.mark.parametrize(
    ("memory", "code", "reason"), [("resident", 137, "OOMKilled"), ("address-space", 1, "Error")]
)
def test_a_process_that_takes_too_much_memory_is_ended(memory, code, reason):
    runner = processes({SHELL: [sys.executable, "-SEc"]}, memory=memory)
    with cluster(manifests=[MANIFESTS], runner=runner, namespace="nights") as fake:
        api = client.CoreV1Api(config.new_client_from_config(str(fake.kubeconfig("worker"))))
        api.create_namespaced_pod("nights", pod(GREEDY, container=LIMITS))
        body = fake.wait()

        assert (ended(body)["exitCode"], ended(body)["reason"]) == (code, reason)
        assert ("MemoryError" in log(api)) == (memory == "address-space")


def test_a_process_sees_its_own_variables_and_those_of_the_node_alone(monkeypatch):
    monkeypatch.setenv("SECRET_OF_THE_TEST", "x")
    runner = processes({SHELL: ["/usr/bin/env"]}, environment={"OF_THE_NODE": "1"})
    with cluster(manifests=[MANIFESTS], runner=runner, namespace="nights") as fake:
        api = client.CoreV1Api(config.new_client_from_config(str(fake.kubeconfig("worker"))))
        env = [{"name": "OWN", "value": "2"}]
        api.create_namespaced_pod("nights", pod(container={"args": [], "env": env}))
        fake.wait()
        names = {line.partition("=")[0] for line in log(api).splitlines()}

        assert names == {"PATH", "LANG", "HOME", "OF_THE_NODE", "OWN"}


def test_a_cluster_that_cannot_start_says_why(tmp_path):
    (tmp_path / "bad.yaml").write_text("kind: Pod\napiVersion: v1\nmetadata: {name: x}\nspec: {}\n")
    with (
        pytest.raises(RuntimeError, match="'containers' is a required property"),
        cluster(manifests=[tmp_path], runner=processes({}), namespace="nights"),
    ):
        pass


ORPHAN = f"""
import time
from pathlib import PosixPath
from kubernetes import client, config
from tests.fake_kubernetes import cluster, processes
from tests.kubernetes.pods import IMAGES, MANIFESTS, pod
with cluster(manifests=[MANIFESTS], runner=processes(IMAGES), namespace="nights", folder={{}}) as fake:
    api = client.CoreV1Api(config.new_client_from_config(str(fake.kubeconfig("worker"))))
    api.create_namespaced_pod("nights", pod("exec {LASTING}"))
    fake.wait(phase="Running")
    print("up", flush=True)
    time.sleep(60)
"""


def lasting():
    return [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == LASTING.split()]


def test_nothing_outlives_a_test_process_that_is_killed(tmp_path):
    command = [sys.executable, "-c", ORPHAN.format(repr(tmp_path))]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"up\n"
        process.kill()

    assert until(lambda: not lasting())


def launch(tmp_path, spec=None, **container):
    made = filled(pod(container={"args": ["work"], **container}, **(spec or {}))["spec"])
    body = {"metadata": {"name": "p"}, "spec": made}
    volumes = {v["name"]: tmp_path / v["name"] for v in made.get("volumes") or []}
    return Launch("p-base", body, made["containers"][0], {"A": "1"}, volumes, tmp_path / "log")


def words(*arguments, **named):
    return " ".join(run_words(launch(*arguments, **named), {}, []))


def test_podman_runs_a_plain_container_on_the_network_of_this_machine(tmp_path):
    assert words(tmp_path) == (
        f"run --name p-base --network host --pull never --log-driver none --env A=1 {SHELL} work"
    )


def test_podman_keeps_the_limits(tmp_path):
    limits = {"resources": {"limits": {"memory": "1Gi", "cpu": "1500m"}}}

    assert "--memory 1073741824 --memory-swap 1073741824 --cpus 1.5 " in words(tmp_path, **limits)


def test_podman_keeps_the_security_context(tmp_path):
    context = {
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]},
    }
    spec = {"securityContext": {"runAsUser": 10001, "runAsGroup": 10002, "fsGroup": 10003}}

    assert (
        "--user 10001:10002 --group-add 10003 --read-only --read-only-tmpfs=false "
        "--security-opt no-new-privileges --cap-add NET_BIND_SERVICE --cap-drop ALL "
    ) in words(tmp_path, spec, securityContext=context)


def test_podman_mounts_folders_and_memory(tmp_path):
    spec = {
        "volumes": [
            {"name": "disk", "emptyDir": {}},
            {"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "64Mi"}},
        ]
    }
    mounts = [{"name": "disk", "mountPath": "/scratch"}, {"name": "fast", "mountPath": "/fast"}]

    assert f"--volume {tmp_path}/disk:/scratch --tmpfs /fast:rw,mode=1777,size=67108864 " in words(
        tmp_path, spec, volumeMounts=mounts
    )


def test_podman_puts_the_command_in_the_place_of_the_entrypoint(tmp_path):
    told = words(tmp_path, command=["sh", "-c"], args=["echo $(A)"], workingDir="/w")

    assert told.endswith(f'--workdir /w --entrypoint ["sh", "-c"] {SHELL} echo 1')


@pytest.mark.parametrize(
    ("user", "told"), [("", "will run as root"), ("0:0", "run as root"), ("app", "non-numeric")]
)
def test_an_image_that_may_run_as_root_is_not_started_as_non_root(user, told):
    with pytest.raises(ConfigError, match=told):
        check_user(user)


def test_an_image_with_a_numeric_user_is_started():
    assert check_user("10001:10001") is None


def test_the_asynchronous_client_sees_the_same_cluster(fake):
    from kubernetes_asyncio import client as aclient  # noqa: PLC0415 - the other tests need it not
    from kubernetes_asyncio import config as aconfig  # noqa: PLC0415 - as above

    async def story():
        settings = aclient.Configuration()
        await aconfig.load_kube_config(str(fake.kubeconfig("worker")), client_configuration=settings)
        async with aclient.ApiClient(settings) as connection:
            api = aclient.CoreV1Api(connection)
            await api.create_namespaced_pod("nights", pod("echo hello"))
            await asyncio.to_thread(fake.wait)
            read = await api.read_namespaced_pod("p", "nights")
            found = await api.list_namespaced_event("nights", field_selector="involvedObject.name=p")
            said = await api.read_namespaced_pod_log("p", "nights")
            await api.delete_namespaced_pod("p", "nights")
            return read.status.phase, len(found.items), said

    assert asyncio.run(story()) == ("Succeeded", 4, "hello\n")
