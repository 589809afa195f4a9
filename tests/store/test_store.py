"""A store keeps the promises that the commit protocol stands on, on a folder and on S3 alike."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from nightlabel.errors import QuarantineError, RefusedError
from nightlabel.store import open_uri
from nightlabel.store.store import MissingError


def test_what_is_put_is_what_is_read(lake):
    entry = lake.put("a/b c/é.csv", b"bytes")

    assert lake.get("a/b c/é.csv") == b"bytes"
    assert lake.head("a/b c/é.csv") == entry
    assert list(lake.list("a")) == [entry]


def test_only_the_first_creation_wins(lake):
    assert lake.create("plan.json", b"first")
    assert not lake.create("plan.json", b"second")
    assert lake.get("plan.json") == b"first"


def test_of_many_creations_at_once_one_wins(lake):
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda n: lake.create("race", f"writer {n}".encode()), range(8)))

    assert sum(won) == 1
    assert lake.get("race") == f"writer {won.index(True)}".encode()


def test_an_input_that_changed_since_it_was_listed_is_quarantined(lake):
    listed = lake.put("in.csv", b"old")
    lake.put("in.csv", b"new bytes")

    with pytest.raises(QuarantineError) as fault:
        lake.get("in.csv", version=listed.version)

    assert fault.value.code == "NL-B010"


def test_an_input_that_vanished_since_it_was_listed_is_quarantined(lake):
    listed = lake.put("in.csv", b"old")
    lake.delete("in.csv")

    with pytest.raises(QuarantineError) as fault:
        lake.get("in.csv", version=listed.version)

    assert fault.value.code == "NL-B010"


def test_a_missing_object_is_told_from_a_broken_store(lake):
    with pytest.raises(MissingError):
        lake.get("nothing")
    assert lake.head("nothing") is None
    lake.delete("nothing")


def test_a_foreign_scheme_is_refused():
    with pytest.raises(RefusedError) as refusal:
        open_uri("http://169.254.169.254/latest")

    assert refusal.value.code == "NL-H001"
