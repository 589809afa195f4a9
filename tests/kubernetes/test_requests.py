"""Requests and logs go wrong as a test scripts it, and the real client sees it."""

import time

import pytest
import urllib3
from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError, ProtocolError

from tests.kubernetes.pods import SLEEP, pod
from tests.waiting import until

NS = "nights"
PODS = f"/api/v1/namespaces/{NS}/pods"


def up(fake, api):
    api.create_namespaced_pod(NS, pod(SLEEP))
    fake.wait(phase="Running")


def code_of(call, *arguments, **named):
    try:
        call(*arguments, **named)
    except ApiException as refusal:
        return refusal.status
    return 200


@pytest.mark.parametrize("code", [401, 404, 410, 409, 500, 503])
def test_the_next_request_is_answered_with_a_code(fake, api, code):
    fake.answer(code, "GET", ".*/pods")

    assert [code_of(api.list_namespaced_pod, NS) for _ in range(2)] == [code, 200]


def test_a_fault_hits_the_requests_that_it_names(fake, api):
    up(fake, api)
    fake.answer(410, "GET", ".*/pods/p", times=2, skip=1)

    assert code_of(api.list_namespaced_pod, NS) == 200
    assert [code_of(api.read_namespaced_pod, "p", NS) for _ in range(4)] == [200, 410, 410, 200]


def test_too_many_requests_say_when_to_come_back(fake, api):
    fake.answer(429, "POST", retry_after=7, message="slow down")
    reply = plain(fake, "POST", PODS, json=pod())

    assert (reply.status, reply.headers["Retry-After"]) == (429, "7")
    assert b"slow down" in reply.data


def test_the_client_comes_back_when_it_was_told_to(fake, api):
    fake.answer(429, "GET", retry_after=1)
    begun = time.monotonic()

    assert code_of(api.list_namespaced_pod, NS) == 200
    assert time.monotonic() - begun > 0.9


def test_a_lost_reply_leaves_the_pod_there(fake, api):
    fake.lose_reply("POST")
    with pytest.raises(HTTPError):
        api.create_namespaced_pod(NS, pod())
    assert fake.pod("p")

    assert code_of(api.create_namespaced_pod, NS, pod()) == 409
    assert [request["code"] for request in fake.requests() if request["verb"] == "POST"] == [499, 409]


def plain(fake, verb, address, **how):
    """A request without the client's own retries."""
    headers = {"authorization": f"Bearer {fake.token('worker')}"}
    return urllib3.request(verb, f"{fake.url}{address}", headers=headers, retries=False, **how)


def test_a_lost_request_does_nothing(fake, api):
    fake.lose_request("DELETE", times=4)
    up(fake, api)
    with pytest.raises(HTTPError):
        api.delete_namespaced_pod("p", NS)

    assert not fake.pod().get("metadata").get("deletionTimestamp")


def test_a_slow_answer_comes_late(fake, api):
    fake.slow(0.5, "GET")
    begun = time.monotonic()
    api.list_namespaced_pod(NS)

    assert time.monotonic() - begun > 0.4


def answers(fake):
    """Say whether the API is there."""
    try:
        return plain(fake, "GET", "/version").status == 200
    except HTTPError:
        return False


@pytest.mark.parametrize("how", ["refused", "reset"])
def test_the_api_goes_away_and_comes_back_with_its_pods(fake, api, how):
    up(fake, api)
    fake.away(3, how=how)
    with pytest.raises(HTTPError, match="[Rr]efused" if how == "refused" else "[Rr]eset|aborted"):
        plain(fake, "GET", "/version")

    assert until(lambda: answers(fake))
    assert api.read_namespaced_pod("p", NS).status.phase == "Running"


def test_a_log_that_is_followed_breaks_when_the_api_goes_away(fake, api):
    api.create_namespaced_pod(NS, pod("echo one; sleep 60"))
    fake.wait(phase="Running")
    reply = api.read_namespaced_pod_log("p", NS, follow=True, _preload_content=False)
    assert reply.read1() == b"one\n"
    fake.away(0.2)

    with pytest.raises(HTTPError):
        reply.read()


def followed(api, **how):
    reply = api.read_namespaced_pod_log("p", NS, follow=True, _preload_content=False, **how)
    return reply.stream()


@pytest.mark.parametrize("how", ["cut", "end"])
def test_a_log_stops_midway(fake, api, gate, how):
    fake.break_log("p", lines=2, how=how)
    api.create_namespaced_pod(NS, pod(f"seq 1 5; {gate.wait}"))
    fake.wait(phase="Running")
    read = bytearray()
    try:
        for chunk in followed(api):
            read += chunk
    except ProtocolError:
        assert how == "cut"

    assert bytes(read) == b"1\n2\n"
    gate.open()
    assert b"".join(followed(api)) == b"1\n2\n3\n4\n5\n"


def test_a_log_hangs_though_its_pod_has_ended(fake, api):
    fake.break_log("p", lines=2, how="hang")
    api.create_namespaced_pod(NS, pod("seq 1 5"))
    fake.wait()

    with pytest.raises(HTTPError, match="timed out"):
        list(followed(api, _request_timeout=2))


def test_an_error_of_the_fake_itself_fails_the_test(fake, api):
    plain(fake, "GET", f"{PODS}?limit=x")

    with pytest.raises(AssertionError, match="the fake cluster failed"):
        fake.check()
    fake.empty()
