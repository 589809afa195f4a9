"""Logs: whole, in part, with times, and as they come."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from kubernetes.client import ApiException

from tests.fake_kubernetes.logs import first_line
from tests.fake_kubernetes.output import Line
from tests.kubernetes.pods import SHELL, SLEEP, follow_to, log, pod

NS = "nights"


def ran(fake, api, program):
    api.create_namespaced_pod(NS, pod(program))
    fake.wait()


def test_a_log_is_what_was_written_to_both_outputs(fake, api):
    ran(fake, api, "echo one; echo two >&2; printf three")

    assert log(api) == "one\ntwo\nthree"


def test_a_log_is_kept_in_a_file_too(fake, api):
    ran(fake, api, "echo one")
    (kept,) = (fake.folder / "pods").glob(f"p-{fake.pod()['metadata']['uid'][:8]}/base.log")

    assert kept.read_text() == "one\n"


def test_a_log_can_be_cut_to_its_end(fake, api):
    ran(fake, api, "seq 1 9")

    assert log(api, tail_lines=2) == "8\n9\n"
    assert log(api, tail_lines=0) == ""
    assert log(api, limit_bytes=4) == "1\n2\n"


@pytest.mark.parametrize(("seconds", "first"), [(1, 3), (15, 2), (25, 1), (60, 0)])
def test_a_log_can_be_cut_by_time(seconds, first):
    lines = [Line(datetime.now(UTC) - timedelta(seconds=age), b"x") for age in (30, 20, 10)]

    assert first_line(lines, {"sinceSeconds": str(seconds)}) == first
    assert (
        first_line(lines, {"sinceTime": (datetime.now(UTC) - timedelta(seconds=seconds)).isoformat()})
        == first
    )


def test_the_time_of_a_log_is_asked_for_in_seconds(fake, api):
    ran(fake, api, "echo now")

    assert log(api, since_seconds=60) == "now\n"


def test_each_line_can_carry_its_time(fake, api, gate):
    api.create_namespaced_pod(NS, pod(f"echo one; {gate.wait}; echo two"))
    follow_to(fake, api, "one")
    between = datetime.now(UTC)
    gate.open()
    fake.wait()
    lines = [re.fullmatch(r"(\S+Z) (\w+)", line) for line in log(api, timestamps=True).splitlines()]
    first, second = (datetime.fromisoformat(line[1]) for line in lines)

    assert [line[2] for line in lines] == ["one", "two"]
    assert first < between < second


def test_a_log_is_followed_to_the_end_of_its_container(fake, api, gate):
    api.create_namespaced_pod(NS, pod(f"echo one; {gate.wait}; echo two"))
    fake.wait(phase="Running")
    reply = api.read_namespaced_pod_log("p", NS, follow=True, _preload_content=False)

    assert reply.read1() == b"one\n"
    gate.open()
    assert reply.read() == b"two\n"


def test_a_long_log_comes_whole(fake, api):
    ran(fake, api, "seq 1 200000")

    assert log(api) == "".join(f"{n}\n" for n in range(1, 200_001))


def test_a_pod_that_waits_has_no_log_yet(fake, api):
    fake.slow_start("p", seconds=60)
    api.create_namespaced_pod(NS, pod())
    with pytest.raises(ApiException) as refusal:
        log(api)

    assert refusal.value.status == 400
    assert "is waiting to start: ContainerCreating" in str(refusal.value.body)


def test_with_two_containers_one_must_be_named(fake, api):
    made = pod("echo base")
    made["spec"]["containers"].append({"name": "other", "image": SHELL, "args": ["echo other"]})
    api.create_namespaced_pod(NS, made)
    fake.wait()

    assert log(api, container="other") == "other\n"
    with pytest.raises(ApiException) as refusal:
        log(api)
    assert "choose one of: [base other]" in str(refusal.value.body)


def test_an_unknown_container_is_refused(fake, api):
    api.create_namespaced_pod(NS, pod(SLEEP))
    with pytest.raises(ApiException) as refusal:
        log(api, container="no")

    assert refusal.value.status == 400
