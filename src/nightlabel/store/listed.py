"""Reads one answer of a listing (ListObjectsV2), or says that it is none.

A store's gateway may send a page of HTML, an error or half of an answer with status 200, so an answer counts
only where its XML is whole and says itself whether another one follows. A million keys are a thousand
answers: the entries of a plain one are read by one pattern, and everything else by a parser. Both read the
same.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

_LISTING = "ListBucketResult"
_FIRST, _LAST = b"<Contents>", b"</Contents>"
_TEXT = rb"[^<>&\"\x00-\x08\x0b-\x1f]*+"  # what is the same whether or not a parser reads it
_SPACE, _QUOTE = rb"[ \t\n]*+", rb"(?:&quot;|\")?"
_FIELD = rb"<(?!Key|ETag|Size)(?P<%b>[A-Za-z]\w*+)>" + _TEXT + rb"</(?P=%b)>" + _SPACE


def _fields(name: bytes) -> bytes:
    """Give the pattern of any other fields, each closed by its own name."""
    return b"(?:%b)*+" % (_FIELD % (name, name))


_ENTRY = re.compile(
    rb"(<Contents>%b<Key>(%b)</Key>%b" % (_SPACE, _TEXT, _SPACE)
    + _fields(b"a")
    + rb"<ETag>%b(%b)%b</ETag>%b" % (_QUOTE, _TEXT, _QUOTE, _SPACE)
    + _fields(b"b")
    + rb"<Size>([0-9]++)</Size>%b" % _SPACE
    + _fields(b"c")
    + rb"</Contents>%b)" % _SPACE
)


class Listed(NamedTuple):
    """One answer.

    Attributes:
        keys: Of its objects.
        etags: Theirs, without quotes.
        sizes: Theirs, in bytes.
        token: By which the next answer is asked for; empty if there is none.
    """

    keys: Sequence[str]
    etags: Sequence[str]
    sizes: Sequence[int]
    token: str


def read(body: bytes) -> Listed | None:
    """Read an answer; nothing where it is no whole listing."""
    try:
        entries, rest = _plain(body) or ([], body)
        root = _parsed(rest)
        space, name = root.tag[: -len(_LISTING)], root.tag[-len(_LISTING) :]
        if entries and root.find(f"{space}Contents") is None:  # they belong to something else
            root, entries = _parsed(body), []
        more = {"true": True, "false": False}[root.findtext(f"{space}IsTruncated", "").strip().lower()]
        token = root.findtext(f"{space}NextContinuationToken", "") if more else ""
        keys, etags, sizes = _columns(entries) if entries else _objects(root, space)
    except (ET.ParseError, KeyError, ValueError):
        return None
    if root.findtext(f"{space}EncodingType") == "url":
        keys = _decoded(keys)
    return Listed(keys, etags, sizes, token) if name == _LISTING and more == bool(token) else None


def _parsed(body: bytes) -> ET.Element:
    return ET.fromstring(body)  # noqa: S314 - expat fetches nothing, and bounds what entities make


def _plain(body: bytes) -> tuple[list[tuple[bytes, ...]], bytes] | None:
    """Read the entries of an answer that has nothing but plain ones in a row.

    Returns:
        The entries, and the answer with one empty entry in their place; nothing where they are not all plain.
    """
    start, end = body.find(_FIRST), body.rfind(_LAST) + len(_LAST)
    if start < 0 or not body.isascii():
        return None
    entries = _ENTRY.findall(body, start, end)
    rest = b"%b<Contents/>%b" % (body[:start], body[end:])
    whole = sum(len(entry[0]) for entry in entries) == end - start
    return (entries, rest) if whole and b"<!" not in rest else None


def _columns(entries: list[tuple[bytes, ...]]) -> tuple[list[str], list[str], list[int]]:
    _, keys, _, etags, _, sizes, _ = zip(*entries, strict=True)
    return [key.decode() for key in keys], [etag.decode() for etag in etags], [int(size) for size in sizes]


def _objects(root: ET.Element, space: str) -> tuple[list[str], list[str], list[int]]:
    """Read the objects of a parsed answer.

    Raises:
        ValueError: One has no size.
    """
    found = root.findall(f"{space}Contents")
    keys = [entry.findtext(f"{space}Key", "") for entry in found]
    etags = [entry.findtext(f"{space}ETag", "").strip('"') for entry in found]
    return keys, etags, [int(entry.findtext(f"{space}Size", "")) for entry in found]


def _decoded(keys: list[str]) -> list[str]:
    """Decode keys that share their folders."""
    folders = dict[str, str]()
    parts = [key.rpartition("/") for key in keys]
    for folder, _, _ in parts:
        if folder not in folders:
            folders[folder] = unquote_plus(folder)
    return [f"{folders[folder]}{slash}{unquote_plus(name)}" for folder, slash, name in parts]
