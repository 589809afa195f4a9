"""Podman really runs the containers of the fake cluster, within their limits."""

import pytest

from kubernetes import client, config
from tests.containers import base_image, engine
from tests.fake_kubernetes import cluster, podman
from tests.kubernetes.pods import MANIFESTS, ended, log, pod

IMAGE = "localhost/nightlabel-shell:1"
SHELL = """
FROM {base}
USER 10001
ENTRYPOINT ["/bin/sh", "-c"]
"""


@pytest.fixture(scope="module")
def runner(tmp_path_factory):
    """Podman, with an image that has a shell and is user 10001."""
    file = tmp_path_factory.mktemp("shell") / "Dockerfile"
    file.write_text(SHELL.format(base=base_image()))
    engine().said("build", "--pull=never", "--file", str(file), "--tag", IMAGE, str(file.parent))
    variables = [f"{name}={value}" for name, value in engine().environment.items()]
    return podman(command=["env", *variables, *engine().prefix])


@pytest.fixture
def ran(runner):
    """Run a program in the image; gives the pod as it ended, and its log."""

    def start(program, **fields):
        container = {"image": IMAGE, "terminationMessagePolicy": "FallbackToLogsOnError"}
        made = pod(program, container=container | fields.pop("container", {}), **fields)
        with cluster(manifests=[MANIFESTS], runner=runner, namespace="nights") as fake:
            api = client.CoreV1Api(config.new_client_from_config(str(fake.kubeconfig("worker"))))
            api.create_namespaced_pod("nights", made)
            return fake.wait(), log(api)

    return start


def test_a_container_of_podman_ends_with_its_code_and_its_log(ran):
    body, said = ran("echo hello; exit 7")

    assert (ended(body)["exitCode"], ended(body)["message"], said) == (7, "hello\n", "hello\n")


def test_a_container_of_podman_is_another_user_on_a_root_that_it_cannot_write(ran):
    context = {"runAsUser": 10002, "readOnlyRootFilesystem": True, "allowPrivilegeEscalation": False}
    context["capabilities"] = {"drop": ["ALL"]}
    program = (
        "id -u; touch /x; touch /scratch/x && echo written; grep -E 'CapEff|NoNewPrivs' /proc/self/status"
    )
    mounts = [{"name": "scratch", "mountPath": "/scratch"}]
    volumes = [{"name": "scratch", "emptyDir": {}}]
    _, said = ran(program, container={"securityContext": context, "volumeMounts": mounts}, volumes=volumes)

    assert said.split("\n")[0] == "10002"
    assert "'/x': Read-only file system" in said
    assert "written\n" in said
    assert "CapEff:\t0000000000000000\nNoNewPrivs:\t1\n" in said


def test_a_folder_of_memory_has_its_size(ran):
    mounts = [{"name": "fast", "mountPath": "/fast"}]
    volumes = [{"name": "fast", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}}]
    _, said = ran("df -k /fast", container={"volumeMounts": mounts}, volumes=volumes)

    assert said.split("\n")[1].split()[:2] == ["tmpfs", "4096"]


def test_a_container_of_podman_is_killed_for_its_memory(ran):
    limits = {"limits": {"memory": "16Mi"}}
    body, _ = ran("exec tail /dev/zero", container={"resources": limits})

    assert (ended(body)["exitCode"], ended(body)["reason"]) == (137, "OOMKilled")


def test_a_container_of_podman_ends_at_its_deadline(ran):
    body, _ = ran("trap 'exit 9' TERM; while :; do sleep 0.1; done", activeDeadlineSeconds=10)

    assert (body["status"]["reason"], ended(body)["exitCode"]) == ("DeadlineExceeded", 9)
