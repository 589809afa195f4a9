"""Answers of a listing are read whole or not at all, and alike by the pattern and by the parser."""

from unittest.mock import patch
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.store import listed
from nightlabel.store.listed import Listed

KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30)
OBJECTS = st.lists(
    st.tuples(KEYS, st.text("0123456789abcdef-", max_size=34), st.integers(0, 2**40)), max_size=8
)
BEFORE = ("", "<LastModified>2026-01-31T00:00:00.000Z</LastModified>")
BEHIND = ("", "<StorageClass>STANDARD</StorageClass>", "<Owner><ID>me</ID><DisplayName/></Owner>", "<!-- -->")


def answer(objects, *, more="", before="", behind="", pause="", root="ListBucketResult", start=""):
    """Write an answer as S3 does."""
    entries = pause.join(
        f"<Contents><Key>{escape(quote(key))}</Key>{pause}{before}<ETag>&quot;{etag}&quot;</ETag>"
        f"<Size>{size}</Size>{behind}</Contents>"
        for key, etag, size in objects
    )
    follows = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{more}</NextContinuationToken>"
    told = follows if more else "<IsTruncated>false</IsTruncated>"
    kind = "<EncodingType>url</EncodingType>"
    space = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
    return f"{start}<{root} {space}>{kind}{told}{entries}</{root}>".encode()


def around(before, behind):
    """Put something around the entries of an answer."""
    body = answer([("a", "1", 1)])
    body = body.replace(b"<Contents>", before + b"<Contents>")
    return body.replace(b"</Contents>", b"</Contents>" + behind)


def parsed(body):
    """Read an answer by the parser alone."""
    with patch.object(listed, "_plain", return_value=None):
        return listed.read(body)


@given(
    OBJECTS,
    st.sampled_from(["", "next"]),
    st.sampled_from(BEFORE),
    st.sampled_from(BEHIND),
    st.sampled_from(["", "\n "]),
)
def test_what_was_listed_is_read(objects, more, before, behind, pause):
    found = listed.read(answer(objects, more=more, before=before, behind=behind, pause=pause))

    assert found is not None
    assert list(zip(found.keys, found.etags, found.sizes, strict=True)) == objects
    assert found.token == more


@given(OBJECTS, st.sampled_from(BEHIND[:3]), st.data())
def test_of_a_damaged_answer_the_pattern_reads_what_the_parser_reads(objects, behind, data):
    body = answer(objects, more="next", behind=behind)
    at = data.draw(st.integers(0, len(body)))
    length = data.draw(st.integers(0, 40))
    damaged = body[:at] + data.draw(st.sampled_from([b"", b"<", b"&", b"\xff", b"7"])) + body[at + length :]

    assert listed.read(damaged) == parsed(damaged)


@given(OBJECTS, st.integers(0, 10_000))
def test_half_an_answer_is_none(objects, left):
    body = answer(objects)

    assert listed.read(body[: min(left, len(body) - 1)]) is None


@pytest.mark.parametrize(
    "body",
    [
        around(b"<!--", b"-->"),
        around(b"<Version>", b"</Version>"),
    ],
    ids=["in a comment", "in another element"],
)
def test_entries_that_are_not_the_listings_own_are_none(body):
    assert listed.read(body) == parsed(body) == Listed([], [], [], "")


@pytest.mark.parametrize(
    ("there", "instead"),
    [
        (b"</StorageClass>", b"</Another>"),
        (b"StorageClass>", b"7>"),
        (b"STANDARD", b"STAND\x01ARD"),
        (b"STANDARD", b"STAND]]>ARD"),
        (b"</Size><", b"</Size>\x0b<"),
    ],
)
def test_an_entry_that_is_no_xml_is_no_answer_however_plain_it_looks(there, instead):
    body = answer([("a", "1", 1)], behind=BEHIND[1])

    assert listed.read(body) is not None
    assert listed.read(body.replace(there, instead)) is parsed(body.replace(there, instead)) is None


def test_a_listing_of_another_kind_is_none():
    assert listed.read(answer([("a", "1", 1)], root="ListVersionsResult")) is None


def test_an_answer_in_another_alphabet_is_read_by_its_own_word():
    start = '<?xml version="1.0" encoding="ISO-8859-1"?>'
    body = answer([("a", "1", 1)], start=start).replace(b">a<", b">caf\xe9<")

    assert listed.read(body) == parsed(body) == Listed(["café"], ["1"], [1], "")
