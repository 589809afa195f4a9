"""Reading in bulk gives what a single read gives, or says that it has no plain answer."""

import random
import socket
import socketserver
import struct
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from obstore.store import S3Store

from nightlabel.store import bulk, open_lake, open_uri
from nightlabel.store.bulk import Ask, Bulk, Reply, Why
from tests.store.crooked import TRUNCATED, answering, certificate
from tests.waiting import until


def read(reader, asks):
    """Ask for all at once, and give the replies by name."""
    addresses = reader.sign([ask.key for ask in asks])
    for address, ask in zip(addresses, asks, strict=True):
        reader.begin(address, ask)
    found, deadline = {}, time.monotonic() + 30
    while reader.flying and time.monotonic() < deadline:
        found |= {reply.name: reply for reply in reader.replies(0.05)}
    reader.close()
    return found


def bucket(endpoint):
    """A reader of a bucket behind an address."""
    keys = {"access_key_id": "test", "secret_access_key": "hidden", "session_token": "token"}
    plain = {"allow_http": True, "allow_invalid_certificates": True}
    return Bulk(S3Store("lake", endpoint=endpoint, region="us-east-1", client_options=plain, **keys))


@pytest.fixture
def lake(s3_place):
    return open_lake(s3_place)


def test_objects_and_parts_of_objects_come_as_by_single_reads(lake):
    entries = [lake.put(f"in/{number:03}.csv", f"{number} bytes".encode() * number) for number in range(90)]
    asks = [Ask(entry.key, entry.key, entry.version) for entry in entries]
    asks += [Ask(("part", entry.key), entry.key, entry.version, 2, 7) for entry in entries[1:]]

    found = read(bulk.of(lake), asks)

    assert {name: reply.why for name, reply in found.items() if reply.why} == {}
    for ask in asks:
        part = (ask.start, ask.end) if ask.end else None
        assert found[ask.name].payload == lake.get(ask.key, version=ask.version, part=part)


keys = st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=keys)
def test_any_key_that_the_store_can_say_is_read_by_its_address(lake, key):
    reader = bulk.of(lake)
    if not reader.reads(key):
        return
    entry = lake.put(key, b"of this key")

    assert read(reader, [Ask("it", key, entry.version)])["it"].payload == b"of this key"


def test_a_changed_and_a_vanished_object_have_no_plain_answer(lake):
    old = lake.put("changed.csv", b"old")
    lake.put("changed.csv", b"new")

    found = read(bulk.of(lake), [Ask(1, "changed.csv", old.version), Ask(2, "never.csv", old.version)])

    assert found == {1: Reply(1, b"", Why.ODD, "HTTP 412"), 2: Reply(2, b"", Why.ODD, "HTTP 404")}


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (503, Why.LOAD),
        (500, Why.LOAD),
        (429, Why.LOAD),
        (TRUNCATED, Why.LOAD),
        (403, Why.ODD),
        (302, Why.ODD),
    ],
)
def test_what_is_no_plain_answer_gives_no_bytes(status, why):
    with answering(status) as (endpoint, _):
        (reply,) = read(bucket(endpoint), [Ask("it", "a.csv", "v")]).values()

    assert (reply.payload, reply.why) == (b"", why)


def test_the_whole_object_is_no_answer_to_a_part_of_it():
    with answering(200) as (endpoint, _):
        (reply,) = read(bucket(endpoint), [Ask("it", "a.csv", "v", 1, 3)]).values()

    assert (reply.payload, reply.why) == (b"", Why.ODD)


def test_a_store_that_is_not_there_counts_as_load():
    (reply,) = read(bucket("http://127.0.0.1:1"), [Ask("it", "a.csv", "v")]).values()

    assert reply.why is Why.LOAD


def test_an_object_after_a_fault_has_only_its_own_bytes():
    with answering(lambda call: 503 if call == 1 else 200, b"whole") as (endpoint, _):
        reader = bucket(endpoint)
        for _ in range(2):
            (address,) = reader.sign(["a.csv"])
            reader.begin(address, Ask("it", "a.csv", "v"))
            while not (replies := list(reader.replies(1))):
                pass

    assert replies == [Reply("it", b"whole")]


def test_requests_pin_the_version_and_never_show_the_secret():
    with answering(200) as (endpoint, heard):
        read(bucket(endpoint), [Ask("it", "a b.csv", "etag")])

    (request,) = heard
    assert request["If-Match"] == '"etag"'
    assert request["path"].startswith("/lake/a%20b.csv?")
    assert "X-Amz-Signature=" in request["path"]
    assert "hidden" not in str(request)


def test_a_server_whose_certificate_nobody_vouches_for_gets_no_request(tmp_path):
    with answering(200, certificate=certificate(tmp_path / "own.pem")) as (endpoint, heard):
        (reply,) = read(bucket(endpoint), [Ask("it", "a.csv", "v")]).values()

    assert (reply.why, heard) == (Why.ODD, [])


def test_a_certificate_of_the_place_is_trusted(tmp_path, monkeypatch):
    own = certificate(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    with answering(200, certificate=own) as (endpoint, _):
        (reply,) = read(bucket(endpoint), [Ask("it", "a.csv", "v")]).values()

    assert reply == Reply("it", b"bytes")


def test_what_is_dropped_is_named_and_answers_no_more():
    with answering(200) as (endpoint, _):
        reader = bucket(endpoint)
        for name, address in enumerate(reader.sign(["a", "b", "c"])):
            reader.begin(address, Ask(name, "a", "v"))

        assert sorted(reader.drop()) == [0, 1, 2]
        assert (reader.flying, list(reader.replies(0.05))) == (0, [])


def test_only_buckets_are_read_in_bulk(tmp_path):
    assert bulk.of(open_uri("memory://")) is None
    assert bulk.of(open_uri(tmp_path.as_uri())) is None


def test_many_large_objects_come_whole_by_tls(tmp_path, monkeypatch):
    own = certificate(tmp_path / "own.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    body = bytes(range(256)) * 4_000
    with answering(200, body, certificate=own) as (endpoint, heard):
        found = read(bucket(endpoint), [Ask(name, "a.csv", "v") for name in range(20)])

    assert found == {name: Reply(name, body) for name in range(20)}
    assert len(heard) == 20


CHANCE = random.Random(7)  # noqa: S311 - moments at which a server hangs up, not secrets


class Fickle(socketserver.StreamRequestHandler):
    """Answers some requests of a connection, and then closes it without a word, or resets it."""

    def setup(self):
        super().setup()
        reset = struct.pack("ii", CHANCE.choice((0, 1)), 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)

    def handle(self):
        for _ in range(CHANCE.choice((1, 1, 2, 5))):
            if not (line := self.rfile.readline()):
                return
            while self.rfile.readline().strip():
                pass
            name = line.split()[1].partition(b"?")[0].rpartition(b"/")[2]
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))


class Many(socketserver.ThreadingTCPServer):
    daemon_threads, request_queue_size = True, 128


def test_requests_that_are_begun_between_two_replies_are_answered_by_a_server_that_hangs_up_at_will():
    names = [f"{number}.csv" for number in range(1_500)]
    with Many(("127.0.0.1", 0), Fickle) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reader = bucket(f"http://127.0.0.1:{server.server_address[1]}")
        waiting = list(zip(reader.sign(names), names, strict=True))
        found = {}
        for _ in range(32):
            begin(reader, waiting)
        while reader.flying or waiting:
            begin(reader, waiting)
            for reply in reader.replies(0.001):
                found[reply.name] = (reply.payload.decode(), reply.why)
                for _ in range(CHANCE.choice((0, 0, 1, 3))):
                    begin(reader, waiting)
        reader.close()
        server.shutdown()

    assert found.keys() == set(names)
    lost = [said for name, said in found.items() if said != (name, None)]
    assert set(lost) <= {("", Why.LOAD)}
    assert len(lost) < len(names) / 2


def begin(reader, waiting):
    if waiting:
        address, name = waiting.pop()
        reader.begin(address, Ask(name, name, "v"))


def test_a_connection_that_is_given_up_between_two_replies_is_not_looked_at_again():
    with socket.create_server(("127.0.0.1", 0)) as door:
        reader = bucket(f"http://127.0.0.1:{door.getsockname()[1]}")
        names, found = ["4", "3", "2", "1"], []
        waiting = list(zip(reader.sign(names), names, strict=True))
        begin(reader, waiting)
        begin(reader, waiting)
        busy, idle = (door.accept()[0] for _ in range(2))
        assert not until(lambda: list(reader.replies(0.1)), 1)  # the requests are sent
        answer(idle)
        assert until(lambda: found.extend(reader.replies(0.1)) or found)
        assert not list(reader.replies(0.1))  # what comes next is told in the order in which it comes
        answer(busy)
        idle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        idle.close()
        for reply in reader.replies(1):
            found.append(reply)
            begin(reader, waiting)  # over the connection of this reply
            begin(reader, waiting)  # over the one that was reset, so over a new one
        answer(busy)
        found += reader.replies(0.1)
        answer(door.accept()[0])
        assert until(lambda: found.extend(reader.replies(0.1)) or not reader.flying)
        reader.close()

    assert {reply.name: reply.payload.decode() for reply in found} == {name: name for name in "1234"}


def answer(connection):
    """Answer the request that came over a connection by the name of what it asks for."""
    name = connection.recv(65_536).split()[1].partition(b"?")[0].rpartition(b"/")[2]
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(name), name))
