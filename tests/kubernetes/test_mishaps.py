"""What a test scripts to happen to pods happens, and is seen as on a real cluster."""

import os
import time

import psutil
import pytest
from kubernetes.client import ApiException

from tests.kubernetes.pods import SLEEP, changes, ended, pod, until, waiting

NS = "nights"
MARKED = f"sleep 300.{os.getpid()}"
"""A program that no other process of this machine runs."""


def runs():
    """Say how many processes of the pod run on this machine."""
    return sum(p.info["cmdline"] == MARKED.split() for p in psutil.process_iter(["cmdline"]))


def started(fake, api, name="p", **fields):
    api.create_namespaced_pod(NS, pod(f"exec {MARKED}", name=name, **fields))
    return fake.wait(name, "Running")


def test_an_evicted_pod_is_killed_and_says_so(fake, api):
    started(fake, api)
    fake.evict("p")
    body = fake.wait()

    assert (body["status"]["phase"], body["status"]["reason"]) == ("Failed", "Evicted")
    assert "low on resource: memory" in body["status"]["message"]
    assert any(event.startswith("Evicted: ") for event in fake.events())
    assert until(lambda: runs() == 0)


def test_a_pod_is_killed_for_its_memory(fake, api):
    started(fake, api)
    fake.oom("p")
    body = fake.wait()

    assert body["status"]["phase"] == "Failed"
    assert (ended(body)["exitCode"], ended(body)["reason"]) == (137, "OOMKilled")
    assert until(lambda: runs() == 0)


def test_a_pod_is_killed_without_a_reason(fake, api):
    started(fake, api)
    fake.kill("p")
    body = fake.wait()

    assert (ended(body)["exitCode"], ended(body)["reason"]) == (137, "Error")


def test_a_fault_waits_for_its_pod_and_for_its_time(fake, api):
    fake.oom("late-.*", after=0.3)
    started(fake, api, "early")
    begun = time.monotonic()
    api.create_namespaced_pod(NS, pod(SLEEP, name="late-1"))
    fake.wait("late-1")

    assert time.monotonic() - begun > 0.25
    assert fake.pod("early")["status"]["phase"] == "Running"


def test_a_fault_hits_as_many_pods_as_it_says(fake, api):
    fake.oom(times=2)
    for name in ("a", "b", "c"):
        api.create_namespaced_pod(NS, pod(SLEEP, name=name))
        fake.wait(name, "Failed" if name != "c" else "Running")

    assert [p["status"]["phase"] for p in fake.pods()] == ["Failed", "Failed", "Running"]


def test_a_fault_that_never_hits_fails_the_test(fake, api):
    fake.evict("nobody")

    with pytest.raises(AssertionError, match="faults that never hit"):
        fake.check()
    fake.clear()


def test_a_fault_that_came_too_late_has_not_hit(fake, api):
    fake.evict("p", after=3)
    api.create_namespaced_pod(NS, pod("true"))
    fake.wait()

    assert [fault["kind"] for fault in until(fake.waiting)] == ["evict"]
    fake.clear()


def test_a_pod_is_lost_with_its_node(fake, api):
    started(fake, api)
    fake.delete("p")

    assert gone(api)
    assert until(lambda: runs() == 0)


def test_a_pod_is_deleted_with_notice(fake, api):
    started(fake, api)
    fake.delete("p", grace=300)
    fake.wait_gone(seconds=120)

    assert any(event.startswith("Killing: ") for event in fake.events())


def test_a_foreign_pod_takes_the_name_of_ours_and_succeeds(fake, api):
    ours = started(fake, api)
    fake.replace("p")
    theirs = api.read_namespaced_pod("p", NS)

    assert theirs.status.phase == "Succeeded"
    assert theirs.metadata.uid != ours["metadata"]["uid"]
    assert theirs.spec.containers[0].image != ours["spec"]["containers"][0]["image"]
    assert until(lambda: runs() == 0)


def test_a_pod_is_started_twice(fake, api):
    fake.duplicate("p")
    api.create_namespaced_pod(NS, pod(f"exec {MARKED}", labels={"shard": "1"}))
    twins = api.list_namespaced_pod(NS, label_selector="shard=1").items
    for twin in twins:
        fake.wait(twin.metadata.name, "Running")

    assert len({twin.metadata.uid for twin in twins}) == 2
    assert until(lambda: runs() == 2)


def test_a_pod_without_a_node_stays_pending_and_says_why(fake, api):
    fake.unschedulable("p", seconds=0.5)
    status = next(changes(api, api.create_namespaced_pod(NS, pod()))).status
    (condition,) = status.conditions

    assert status.phase == "Pending"
    assert (condition.type, condition.status, condition.reason) == ("PodScheduled", "False", "Unschedulable")
    assert fake.events()[0].startswith("FailedScheduling: 0/1 nodes are available")
    assert fake.wait()["status"]["phase"] == "Succeeded"


def test_a_pod_that_never_gets_a_node_can_be_deleted(fake, api):
    fake.unschedulable("p")
    api.create_namespaced_pod(NS, pod())
    api.delete_namespaced_pod("p", NS)

    assert gone(api)


def test_a_pod_can_start_slowly(fake, api):
    fake.slow_start("p", seconds=0.7)
    begun = time.monotonic()
    status = next(changes(api, api.create_namespaced_pod(NS, pod()))).status

    assert status.container_statuses[0].state.waiting.reason == "ContainerCreating"
    assert fake.wait()["status"]["phase"] == "Succeeded"
    assert time.monotonic() - begun > 0.6


def test_an_image_can_be_gone(fake, api):
    fake.missing_image("p")
    api.create_namespaced_pod(NS, pod())
    waiting(fake, "ImagePullBackOff")
    reasons = [event.split(":")[0] for event in fake.events()]

    assert reasons == ["Scheduled", "Pulling", "Failed", "Failed", "BackOff", "Failed"]


def gone(api):
    try:
        api.read_namespaced_pod("p", NS)
    except ApiException as refusal:
        return refusal.status == 404
    return False
