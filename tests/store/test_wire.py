"""A kept connection gives whole plain answers however the bytes come, and nothing else."""

import itertools
import socket
import threading
import time
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.store import bulk
from nightlabel.store.answer import Answer, Answers, BrokenError
from nightlabel.store.bulk import Ask, Reply, Why
from nightlabel.store.server import Server
from tests.store.test_bulk import bucket, read

OK = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: "V"\r\n\r\n%s'


def plain(body):
    return OK % (len(body), body)


@contextmanager
def saying(*answers):
    """A server that says its answers to one request after the other; ``None`` closes the connection."""
    left, heard = list(answers), []
    listening = socket.create_server(("127.0.0.1", 0))

    def talk(connection):
        with connection:
            while request := connection.recv(65_536):
                heard.append(request)
                parts = left.pop(0) if left else None
                if parts is None:
                    return
                for part in parts if isinstance(parts, list) else [parts]:
                    connection.sendall(part)
                    time.sleep(0.02)

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=talk, args=(connection,), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()


def asked_in_turn(reader, number):
    """Ask for one object after the other; gives the replies."""
    found = []
    for name in range(number):
        (address,) = reader.sign(["a.csv"])
        reader.begin(address, Ask(name, "a.csv", "v"))
        while not (replies := list(reader.replies(1))):
            pass
        found += replies
    reader.close()
    return found


def spoken(parts):
    """Which answers these parts are."""
    answers = Answers()
    return [answer for part in parts if (answer := answers.take(part))]


@given(body=st.binary(max_size=300), cuts=st.lists(st.integers(0, 400), max_size=6))
def test_an_answer_is_the_same_however_its_bytes_are_cut(body, cuts):
    whole = plain(body)
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    parts = [whole[a:b] for a, b in itertools.pairwise(edges)]

    assert spoken(parts) == [Answer(200, "v", False, body)]


@given(st.binary(max_size=200))
def test_whatever_a_server_says_is_an_answer_or_the_end_of_the_connection(said):
    try:
        answers = spoken([b"HTTP/1.1 200 OK\r\n" + said + b"\r\n\r\n"])
    except BrokenError:
        return
    assert all(answer.status == 200 for answer in answers)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", Why.ODD),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", Why.ODD),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nab", Why.ODD),
        (b"HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nab", Why.ODD),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabc", Why.ODD),
        (b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nETag: "other"\r\n\r\nab', Why.ODD),
        (b"HTTP/1.1 206 Partial Content\r\nContent-Length: 2\r\n\r\nab", Why.ODD),
        (b"HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Why.ODD),
        (b"HTTP/1.1 503 Slow Down\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", Why.LOAD),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Why.ODD),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 20_000, Why.ODD),
    ],
)
def test_what_is_no_plain_answer_gives_no_bytes(said, why):
    with saying(said) as (endpoint, _):
        (reply,) = asked_in_turn(bucket(endpoint), 1)

    assert (reply.payload, reply.why) == (b"", why)


def test_one_connection_serves_many_requests():
    with saying(*[plain(b"%d" % number) for number in range(5)]) as (endpoint, heard):
        reader = bucket(endpoint)
        replies = asked_in_turn(reader, 5)

    assert replies == [Reply(number, b"%d" % number) for number in range(5)]
    assert all(request.startswith(b"GET /lake/a.csv?") for request in heard)


def test_a_kept_connection_that_the_server_closes_when_it_is_asked_costs_nothing():
    with saying(plain(b"one"), None, plain(b"two")) as (endpoint, heard):
        replies = asked_in_turn(bucket(endpoint), 2)

    assert replies == [Reply(0, b"one"), Reply(1, b"two")]
    assert len(heard) == 3


def test_a_server_that_closes_every_connection_is_asked_twice_at_most():
    with saying(plain(b"one"), None, None, plain(b"two")) as (endpoint, heard):
        replies = asked_in_turn(bucket(endpoint), 2)

    assert (replies[1].payload, replies[1].why, len(heard)) == (b"", Why.LOAD, 3)


def test_a_connection_that_the_server_wants_to_end_is_not_asked_again():
    last = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\na"
    with saying(last, plain(b"b")) as (endpoint, _):
        replies = asked_in_turn(bucket(endpoint), 2)

    assert [reply.payload for reply in replies] == [b"a", b"b"]


def test_an_answer_that_comes_in_pieces_is_put_together():
    body = b"0123456789" * 50_000
    whole = plain(body)
    pieces = [whole[:10], whole[10:60], whole[60:100_000], whole[100_000:]]
    with saying(pieces) as (endpoint, _):
        assert asked_in_turn(bucket(endpoint), 1) == [Reply(0, body)]


def test_a_server_that_says_nothing_is_given_up(monkeypatch):
    monkeypatch.setattr(bulk, "_LOOK", 0.05)
    with saying([]) as (endpoint, _):
        (reply,) = read(bucket(endpoint), [Ask("it", "a.csv", "v")]).values()

    assert reply == Reply("it", b"", Why.LOAD, "nothing comes")


def test_a_place_behind_a_proxy_is_not_spoken_to(monkeypatch):
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    with pytest.raises(OSError, match="proxy"):
        Server("https://bucket.s3.eu-west-1.amazonaws.com")

    monkeypatch.setenv("no_proxy", ".amazonaws.com")
    assert Server("https://bucket.s3.eu-west-1.amazonaws.com").host == "bucket.s3.eu-west-1.amazonaws.com"


@pytest.mark.parametrize("version", ["a\r\nX: y", "a b", "ä"])
def test_a_version_that_would_be_another_request_is_never_sent(version):
    with saying(plain(b"one")) as (endpoint, heard):
        reader = bucket(endpoint)
        (address,) = reader.sign(["a.csv"])
        with pytest.raises(ValueError, match="no address"):
            reader.begin(address, Ask("it", "a.csv", version))
        reader.close()

    assert (heard, reader.flying) == ([], 0)
