"""Reading many files at once: in order, within bounds, patient with refusals, whole or not at all."""

import hashlib
import itertools
import random
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import QuarantineError, UnavailableError
from nightlabel.label import etags, patient
from nightlabel.label import fetch as module
from nightlabel.label import flow as pace
from nightlabel.label.fetch import fetch
from nightlabel.label.flow import HIGHEST, LOWEST, Flow
from nightlabel.label.inputs import Input
from nightlabel.label.requests import Request
from nightlabel.store import open_uri
from tests.waiting import until


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(patient, "_PAUSE", 0.001)


@pytest.fixture
def scripted(monkeypatch):
    """A store whose reads are answered by a function of key and call number."""

    def make(answer):
        lake, calls = open_uri("memory://"), itertools.count()
        monkeypatch.setattr(type(lake), "get", lambda _, key, **how: answer(key, next(calls)))
        return lake

    return make


def requests(*payloads, versions=()):
    names = [versions[at] if versions else "v" for at in range(len(payloads))]
    return [Request(Input(str(at), names[at], len(data), "")) for at, data in enumerate(payloads)]


def md5(data):
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def test_answers_come_in_the_order_of_the_requests_whichever_is_first(scripted):
    chance = random.Random(1)  # noqa: S311 - no secret

    def slowly(key, _):
        time.sleep(chance.random() / 100)
        return key.encode()

    asked = requests(*(str(n).encode() for n in range(60)))
    groups = [asked[:7], asked[7:8], asked[8:60]]

    assert list(fetch(scripted(slowly), groups)) == [[r.file.source.encode() for r in g] for g in groups]


def test_a_vanished_file_is_an_answer_and_stops_no_other(scripted):
    def answer(key, _):
        if key == "1":
            raise QuarantineError("input vanished", code="NL-B010")
        return b"x"

    (answers,) = fetch(scripted(answer), [requests(b"x", b"x", b"x")])

    assert [getattr(a, "code", a) for a in answers] == [b"x", "NL-B010", b"x"]


def test_a_store_that_refuses_for_a_while_is_waited_for(scripted):
    def answer(_, call):
        if call < 9:
            raise UnavailableError("slow down", code="NL-B001")
        return b"x"

    assert list(fetch(scripted(answer), [requests(b"x")])) == [[b"x"]]


def test_a_store_that_refuses_for_good_fails_the_shard(scripted):
    def answer(_, call):
        raise UnavailableError("slow down", code="NL-B001")

    with pytest.raises(UnavailableError) as fault:
        list(fetch(scripted(answer), [requests(b"x")]))

    assert fault.value.code == "NL-B001"


def test_a_flipped_byte_is_found_by_the_etag_and_read_again(scripted):
    lake = scripted(lambda _, call: b"flip" if call == 0 else b"good")

    assert list(fetch(lake, [requests(b"good", versions=[md5(b"good")])])) == [[b"good"]]


def test_bytes_that_never_fit_their_etag_fail_the_shard(scripted):
    lake = scripted(lambda _, call: b"%04d" % call)

    with pytest.raises(UnavailableError) as fault:
        list(fetch(lake, [requests(b"good", versions=[md5(b"good")])]))

    assert fault.value.code == "NL-B007"


def test_an_etag_that_is_no_md5_of_its_object_is_believed_where_the_store_says_why(scripted, monkeypatch):
    lake = scripted(lambda *_: b"good")
    monkeypatch.setattr(type(lake), "keyed", lambda *_: True)

    assert list(fetch(lake, [requests(b"good", versions=[md5(b"encrypted")])])) == [[b"good"]]


def test_the_same_damage_each_time_is_damage_also_where_no_other_file_was_read(scripted):
    lake = scripted(lambda *_: b"flip")

    with pytest.raises(UnavailableError) as fault:
        list(fetch(lake, [requests(b"good", versions=[md5(b"good")])]))

    assert fault.value.code == "NL-B007"


def test_a_file_whose_etag_is_no_md5_excuses_no_other(scripted, monkeypatch):
    lake = scripted(lambda *_: b"flip")
    monkeypatch.setattr(type(lake), "keyed", lambda _, key: key == "0")

    with pytest.raises(UnavailableError) as fault:
        list(fetch(lake, [requests(b"flip", b"good", versions=[md5(b"encrypted"), md5(b"good")])]))

    assert fault.value.facts["key"] == "1"


@pytest.mark.parametrize("lengths", [(4,), (1, 3), (2, 1, 1)], ids=str)
@pytest.mark.parametrize("came", [b"good", b"flip"])
def test_a_file_that_was_uploaded_in_parts_is_held_against_their_etag(scripted, monkeypatch, lengths, came):
    lake = scripted(lambda *_: came)
    monkeypatch.setattr(type(lake), "upload", lambda *_: lengths)
    asked = requests(b"good", versions=[boto_etag(b"good", lengths)])

    if came == b"good":
        assert list(fetch(lake, [asked])) == [[b"good"]]
    else:
        with pytest.raises(UnavailableError) as fault:
            list(fetch(lake, [asked]))
        assert fault.value.code == "NL-B007"


def boto_etag(data, lengths):
    ends = list(itertools.accumulate(lengths))
    parts = [data[end - length : end] for end, length in zip(ends, lengths, strict=True)]
    digests = b"".join(hashlib.md5(part, usedforsecurity=False).digest() for part in parts)
    return f"{md5(digests)}-{len(lengths)}"


@given(st.binary(max_size=50), st.lists(st.integers(1, 9), min_size=1, max_size=9), st.integers(1, 9))
def test_the_etag_of_an_upload_does_not_depend_on_how_its_bytes_come(data, lengths, size):
    made, data = etags.OfUpload(lengths), data.ljust(sum(lengths))[: sum(lengths)]
    for at in range(0, len(data), size):
        made.add(data[at : at + size])

    assert made.etag == boto_etag(data, lengths)


def test_no_more_requests_are_in_flight_than_the_flow_allows(scripted, monkeypatch):
    monkeypatch.setattr(Flow, "decide", lambda *_, **how: None)
    busy, most, lock = [0], [0], threading.Lock()

    def answer(*_):
        with lock:
            busy[0] += 1
            most[0] = max(most[0], busy[0])
        time.sleep(0.002)
        with lock:
            busy[0] -= 1
        return b"x"

    list(fetch(scripted(answer), [requests(*[b"x"] * 200)], Flow(limit=5)))

    assert most == [5]


def test_what_is_read_ahead_is_bounded(scripted, monkeypatch):
    monkeypatch.setattr(module, "AHEAD_BYTES", 100)
    taken = []

    def groups():
        for at in range(50):
            taken.append(at)
            yield requests(b"x" * 40)

    reading = fetch(scripted(lambda *_: b"x" * 40), groups())
    next(reading)

    assert len(taken) <= 4
    reading.close()


def test_leaving_off_early_ends_the_threads(scripted):
    before = threading.active_count()
    reading = fetch(scripted(lambda *_: b"x"), [requests(*[b"x"] * 50), requests(b"x")])
    next(reading)
    reading.close()

    assert until(lambda: threading.active_count() <= before), f"{threading.active_count()} threads are left"


def test_both_stores_give_whole_files_and_parts(lake):
    entry = lake.put("tiny/inbox/date=2026-01-31/a.csv", b"0123456789")
    file = Input(entry.key, entry.version, entry.size, "")

    assert list(fetch(lake, [[Request(file)], [Request(file, 2, 5), Request(file, 9, 10)]])) == [
        [b"0123456789"],
        [b"234", b"9"],
    ]


decisions = st.lists(
    st.tuples(st.floats(0, 1e6), st.floats(0, 1), st.booleans(), st.booleans()), max_size=200
)


@given(decisions)
def test_the_requests_in_flight_stay_within_their_bounds(steps):
    flow = Flow()
    for rate, busy, awaited, refused in steps:
        before = flow.limit
        flow.decide(rate, busy=busy, awaited=awaited, refused=refused)
        assert LOWEST <= flow.limit <= HIGHEST
        assert not refused or flow.limit <= max(LOWEST, before // 2)


def test_a_late_store_gets_as_many_requests_as_help(monkeypatch):
    flow = Flow()
    for _ in range(30):
        flow.decide(flow.limit / 0.02, busy=0.1, awaited=True, refused=False)

    assert flow.limit == HIGHEST


def test_requests_that_do_not_help_are_taken_back():
    flow = Flow()
    for _ in range(3):
        flow.decide(9_000, busy=0.1, awaited=True, refused=False)

    assert flow.limit <= 2 * pace.FIRST


def test_nobody_who_waits_for_nothing_asks_for_more():
    flow = Flow()
    for rate in range(1_000, 9_000, 100):
        flow.decide(rate, busy=0.1, awaited=False, refused=False)

    assert flow.limit == pace.FIRST


def test_a_process_that_holds_itself_up_asks_for_no_more():
    flow = Flow()
    for rate in range(1_000, 9_000, 100):
        flow.decide(rate, busy=0.9, awaited=True, refused=False)

    assert flow.limit == pace.FIRST
