"""Reading in bulk and file by file side by side: the answers are the same, whatever the store does."""

import hashlib
import threading

import pytest

from benchmarks.standin import Server
from benchmarks.startup import serving
from nightlabel.errors import UnavailableError
from nightlabel.label import lane, patient
from nightlabel.label.fetch import fetch
from nightlabel.label.flow import Flow
from nightlabel.label.inputs import Input
from nightlabel.label.requests import Request
from nightlabel.settings import settings
from nightlabel.store import open_lake
from nightlabel.store.bulk import Bulk
from tests.waiting import until

FILES = 300


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(patient, "_PAUSE", 0.001)


@pytest.fixture
def server(monkeypatch):
    """A store in this process, whose faults a test can choose."""
    made = Server()
    with serving(made) as endpoint:
        for name, value in {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "NIGHTLABEL_LAKE": "s3://lake",
            "NIGHTLABEL_S3_ENDPOINT": endpoint,
        }.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield made


def delivered(server, number=FILES):
    """Put files into the store; gives them in two groups, and their bytes."""
    payloads = [b"%d bytes;" % at * (at % 7 + 1) for at in range(number)]
    for at, payload in enumerate(payloads):
        server.blobs.put(f"lake/{at:04}.csv", payload)
    digests = [hashlib.md5(payload, usedforsecurity=False).hexdigest() for payload in payloads]
    asked = [
        Request(Input(f"{at:04}.csv", digest, len(payload), ""))
        for at, (digest, payload) in enumerate(zip(digests, payloads, strict=True))
    ]
    return [asked[: number // 3], asked[number // 3 :]], payloads


def read(groups, flow=None):
    return [answer for answers in fetch(open_lake(), groups, flow) for answer in answers]


def encrypted(etag):
    """What a store that encrypts by a key of its own gives for the ETag."""
    return hashlib.md5(etag.encode(), usedforsecurity=False).hexdigest()


def counted(monkeypatch):
    """The keys that are read by themselves."""
    alone, ask = [], patient.Patient.ask
    monkeypatch.setattr(
        patient.Patient,
        "ask",
        lambda self, place: (alone.append(place.request.file.source), ask(self, place))[1],
    )
    return alone


def test_plain_files_are_all_read_in_bulk(server, monkeypatch):
    groups, payloads = delivered(server)
    alone = counted(monkeypatch)

    assert read(groups) == payloads
    assert alone == []
    assert server.requests["GET"] == FILES


def test_a_store_that_refuses_a_third_of_all_requests_loses_no_file(server, monkeypatch):
    limits, decide = list[int](), Flow.decide

    def noted(self, rate, **of):
        decide(self, rate, **of)
        limits.append(self.limit)

    monkeypatch.setattr(Flow, "decide", noted)
    groups, payloads = delivered(server)
    server.refuse = 0.3

    assert read(groups, Flow(64)) == payloads
    assert min(limits) < 64


def test_files_that_changed_or_vanished_are_faults_and_stop_no_other(server):
    groups, payloads = delivered(server)
    server.blobs.put("lake/0007.csv", b"changed")
    server.blobs.delete("lake/0200.csv")

    answers = read(groups)

    assert {at: getattr(answers[at], "code", "") for at in (7, 200)} == {7: "NL-B010", 200: "NL-B010"}
    assert [a for at, a in enumerate(answers) if at not in {7, 200}] == [
        p for at, p in enumerate(payloads) if at not in {7, 200}
    ]


def test_a_store_that_encrypts_by_a_key_of_its_own_and_says_so_is_read_in_bulk(server, monkeypatch):
    groups, payloads = delivered(server)
    alone = counted(monkeypatch)
    for request in (request for group in groups for request in group):
        key, old = f"lake/{request.file.source}", request.file.version
        blob, other = server.blobs.objects[key], encrypted(old)
        answer = blob.answer.replace(old.encode(), other.encode())
        head, body = answer[: blob.head], answer[blob.head :]
        head = head.removesuffix(b"\r\n") + b"X-Amz-Server-Side-Encryption: aws:kms\r\n\r\n"
        server.blobs.objects[key] = blob._replace(answer=head + body, head=len(head), etag=f'"{other}"')
    pinned = [
        [
            request._replace(file=request.file._replace(version=encrypted(request.file.version)))
            for request in group
        ]
        for group in groups
    ]

    assert read(pinned) == payloads
    assert alone == []


def test_an_account_that_may_not_read_by_address_is_read_file_by_file(server, monkeypatch, caplog):
    groups, payloads = delivered(server)
    alone = counted(monkeypatch)
    monkeypatch.setattr(Bulk, "sign", lambda _, keys: [f"{settings().s3_endpoint}/nowhere/{k}" for k in keys])

    assert read(groups) == payloads
    assert sorted(alone) == [f"{at:04}.csv" for at in range(FILES)]
    assert lane._ENOUGH <= server.requests["GET"] - FILES <= FILES


def test_a_lane_that_breaks_hands_everything_over(server, monkeypatch):
    groups, payloads = delivered(server)
    replies, calls = Bulk.replies, iter(range(1_000_000))

    def breaking(self, seconds):
        if next(calls) == 3:
            raise RuntimeError("broken")
        return replies(self, seconds)

    monkeypatch.setattr(Bulk, "replies", breaking)

    assert read(groups) == payloads


def test_no_more_requests_are_in_flight_than_the_flow_allows(server, monkeypatch):
    groups, payloads = delivered(server)
    monkeypatch.setattr(Flow, "decide", lambda *_, **how: None)
    begin, most = Bulk.begin, [0]

    def watched(self, address, ask):
        begin(self, address, ask)
        most[0] = max(most[0], self.flying)

    monkeypatch.setattr(Bulk, "begin", watched)

    assert read(groups, Flow(5)) == payloads
    assert most == [5]


def test_leaving_off_early_ends_the_threads(server):
    groups, _ = delivered(server)
    before = threading.active_count()
    reading = fetch(open_lake(), groups)
    next(reading)
    reading.close()

    assert until(lambda: threading.active_count() <= before)


def test_a_store_that_is_gone_fails_the_shard(server, monkeypatch):
    groups, _ = delivered(server, 3)
    server.refuse = 1.0

    with pytest.raises(UnavailableError) as fault:
        read(groups)

    assert fault.value.code == "NL-B001"
