"""Whatever the name of an object, it is listed, and read as it is or refused with a code."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightlabel.errors import QuarantineError, RefusedError, UnavailableError
from nightlabel.settings import Settings
from nightlabel.store import bucket, listing, open_lake, open_uri
from tests.store.stranger import Stranger

INBOX = "tiny/inbox/date=2026-01-31"
READ = (
    "plain.csv",
    "a b.csv",
    "x%2Fy.csv",
    "q?a=b#c.csv",
    "dir#1/a.csv",
    "caf\xe9.csv",
    "cafe\u0301.csv",
    "%",
)
NEVER_READ = ("tab\t.csv", "\x1b[31mred.csv", "del\x7f.csv")
ON_S3_ALONE = ("a//b.csv", "/lead.csv", "dir/../up.csv", "./dot.csv")
MANY = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def stranger(lake):
    return Stranger(lake)


@pytest.fixture
def on_s3(s3_place):
    return Stranger(open_lake(s3_place))


@pytest.fixture
def in_folder(folder_place):
    return Stranger(open_lake(folder_place))


def listed(stranger):
    return {entry.key.removeprefix(f"{INBOX}/"): entry for entry in stranger.lake.list(INBOX)}


def read_or_code(stranger, entry):
    try:
        return stranger.lake.get(entry.key, version=entry.version)
    except QuarantineError as fault:
        return fault.code


@pytest.mark.parametrize("name", READ)
def test_a_strange_name_that_can_be_read_is_read(stranger, name):
    stranger.drop(f"{INBOX}/{name}")
    entry = listed(stranger)[name]

    assert stranger.lake.head(entry.key) == entry
    assert read_or_code(stranger, entry) == b"bytes"


def test_names_that_look_alike_are_two(stranger):
    for name in ("caf\xe9.csv", "cafe\u0301.csv"):
        stranger.drop(f"{INBOX}/{name}", name.encode())

    assert {name: read_or_code(stranger, entry) for name, entry in listed(stranger).items()} == {
        name: name.encode() for name in ("caf\xe9.csv", "cafe\u0301.csv")
    }


def test_a_key_as_long_as_s3_allows_is_read(on_s3):
    name = "x" * (1024 - len(f"{on_s3.parts.path[1:]}/{INBOX}/"))
    on_s3.drop(f"{INBOX}/{name}")

    assert read_or_code(on_s3, listed(on_s3)[name]) == b"bytes"


@pytest.mark.parametrize("name", NEVER_READ)
def test_a_name_that_cannot_be_read_is_listed_exactly_and_refused_by_name(stranger, name):
    stranger.drop(f"{INBOX}/{name}")
    stranger.drop(f"{INBOX}/good.csv")
    found = listed(stranger)

    assert found.keys() == {name, "good.csv"}
    assert read_or_code(stranger, found["good.csv"]) == b"bytes"
    with pytest.raises(QuarantineError) as refusal:
        stranger.lake.get(found[name].key, version=found[name].version)
    assert (refusal.value.code, refusal.value.facts) == ("NL-B013", {"key": f"{INBOX}/{name}"})
    assert refusal.value.sentence.isprintable()


@pytest.mark.parametrize("name", ON_S3_ALONE)
def test_a_key_that_no_folder_could_hold_is_listed_exactly_and_refused(on_s3, name):
    on_s3.drop(f"{INBOX}/{name}")
    on_s3.drop(f"{INBOX}/empty.csv", b"")
    found = listed(on_s3)

    assert found.keys() == {name, "empty.csv"}
    assert read_or_code(on_s3, found[name]) == "NL-B013"
    assert read_or_code(on_s3, found["empty.csv"]) == b""


def test_the_marker_of_a_folder_is_no_object(on_s3):
    for marker in ("", "sub/", "sub/sub/"):
        on_s3.drop(f"{INBOX}/{marker}", b"")
    on_s3.drop(f"{INBOX}/sub/a.csv")

    assert listed(on_s3).keys() == {"sub/a.csv"}


def test_bytes_behind_a_slash_are_refused_even_where_the_listing_took_the_slash_away(on_s3):
    on_s3.drop(f"{INBOX}/full/")
    (entry,) = on_s3.lake.list(INBOX)

    assert read_or_code(on_s3, entry) == "NL-B013"


def test_a_listing_of_several_answers_is_whole_around_odd_keys(on_s3):
    names = {f"{number:04}.csv" for number in range(1_020)} | {"1010//odd.csv"}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: on_s3.drop(f"{INBOX}/{name}"), names))
    odd_in_the_second = listed(on_s3).keys()
    on_s3.drop(f"{INBOX}/", b"")

    assert odd_in_the_second == listed(on_s3).keys() == names


def test_a_listing_goes_on_behind_an_odd_key(on_s3):
    for name in ("a.csv", "a//b.csv", "c.csv"):
        on_s3.drop(f"{INBOX}/{name}")
    pages = on_s3.lake.pages(INBOX, after=f"{INBOX}/a//b.csv")

    assert [key for page in pages for key in page.column("path").to_pylist()] == [f"{INBOX}/c.csv"]


def test_nothing_is_listed_where_nothing_is(stranger):
    assert list(stranger.lake.list(INBOX)) == []


@pytest.mark.parametrize("name", ["x.csv#1", "#12", "report:", "a|"])
def test_a_file_that_ends_like_an_upload_or_a_drive_is_listed_and_refused(in_folder, name):
    in_folder.drop(f"{INBOX}/{name}")
    found = listed(in_folder)

    assert found.keys() == {name}
    assert read_or_code(in_folder, found[name]) == "NL-B013"


def test_a_file_whose_name_is_not_utf_8_is_listed_escaped_and_refused(in_folder):
    in_folder.drop(f"{INBOX}/{os.fsdecode(b'caf' + bytes([0xE9]))}/a.csv")
    found = listed(in_folder)

    assert found.keys() == {"caf\\xe9/a.csv"}
    assert read_or_code(in_folder, found["caf\\xe9/a.csv"]) == "NL-B013"


def test_links_are_followed_and_those_that_lead_nowhere_or_back_stop_nothing(in_folder, tmp_path):
    inbox, elsewhere = in_folder.folder / INBOX, in_folder.folder / "elsewhere"
    in_folder.drop(f"{INBOX}/a.csv")
    elsewhere.mkdir()
    (elsewhere / "b.csv").write_bytes(b"bytes")
    for name, target in {
        "there": elsewhere,
        "back": inbox,
        "itself": "itself",
        "nothing.csv": "gone",
    }.items():
        (inbox / name).symlink_to(target)
    os.mkfifo(inbox / "pipe.csv")

    assert {name: read_or_code(in_folder, entry) for name, entry in listed(in_folder).items()} == {
        "a.csv": b"bytes",
        "there/b.csv": b"bytes",
        "itself": "NL-B013",
        "nothing.csv": "NL-B013",
        "pipe.csv": "NL-B013",
    }


def test_a_link_that_leads_out_of_the_lake_is_one_file_that_cannot_be_read(in_folder, tmp_path):
    inbox, outside = in_folder.folder / INBOX, tmp_path / "outside"
    in_folder.drop(f"{INBOX}/a.csv")
    outside.mkdir()
    (outside / "secrets.env").write_bytes(b"canary")
    for name, target in {"x.csv": outside / "secrets.env", "there": outside, "all": "/"}.items():
        (inbox / name).symlink_to(target)
    (inbox / "two.csv").symlink_to("there/secrets.env")
    found = listed(in_folder)

    assert {name: read_or_code(in_folder, entry) for name, entry in found.items()} == {
        "a.csv": b"bytes",
        **dict.fromkeys(("x.csv", "there", "all", "two.csv"), "NL-B013"),
    }
    with pytest.raises(QuarantineError, match="leads out of the lake"):
        in_folder.lake.get(f"{INBOX}/there/secrets.env")


def test_a_folder_that_became_a_link_out_of_the_lake_is_neither_listed_nor_read(in_folder, tmp_path):
    inbox, aside = in_folder.folder / INBOX, tmp_path / "aside"
    in_folder.drop(f"{INBOX}/a.csv")
    (entry,) = in_folder.lake.list(INBOX)
    assert in_folder.lake.get(entry.key) == b"bytes"
    inbox.rename(inbox.with_name("before"))
    aside.mkdir()
    (aside / "a.csv").write_bytes(b"canary")
    inbox.symlink_to(aside)

    with pytest.raises(QuarantineError, match="leads out of the lake"):
        in_folder.lake.get(entry.key)
    with pytest.raises(RefusedError, match="leads out of the lake"):
        list(in_folder.lake.list(INBOX))


NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda name: (
        not {b"/", b"\0"} & {name[at : at + 1] for at in range(len(name))} and name not in {b".", b".."}
    )
)


@MANY
@given(found=st.sets(NAMES, min_size=1, max_size=6))
def test_every_file_of_a_folder_is_listed_once_and_read_or_refused(tmp_path_factory, found):
    stranger = Stranger(open_uri(tmp_path_factory.mktemp("lake").as_uri()))
    for name in found:
        stranger.drop(f"{INBOX}/{os.fsdecode(name)}")
    entries = list(stranger.lake.list(INBOX))

    shown = sorted(f"{INBOX}/{name.decode('utf-8', 'backslashreplace')}" for name in found)
    assert sorted(entry.key for entry in entries) == shown
    assert {read_or_code(stranger, entry) for entry in entries} <= {b"bytes", "NL-B013"}


# Line feeds alone are left out: moto's router takes no path with one.
KEYS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), min_size=1, max_size=30)


@settings(MANY, max_examples=50)
@given(found=st.dictionaries(KEYS, st.sampled_from([b"bytes", b""]), min_size=1, max_size=5))
def test_every_object_of_a_bucket_is_listed_once_and_read_or_refused(on_s3, found):
    on_s3.clean()
    for name, content in found.items():
        on_s3.drop(f"{INBOX}/{name}", content)
    said = sorted((e.key.removeprefix(f"{INBOX}/"), read_or_code(on_s3, e)) for e in on_s3.lake.list(INBOX))

    inputs = sorted(name for name, content in found.items() if content or not name.endswith("/"))
    assert [name.rstrip("/") for name, _ in said] == [name.rstrip("/") for name in inputs]
    for (name, answer), exact in zip(said, inputs, strict=True):
        assert answer == "NL-B013" or (name, answer) == (exact, found[exact])


KEY = "a//b.csv"
PAGE = f"""<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
<Name>bucket</Name><IsTruncated>false</IsTruncated><Contents><Key>{KEY}</Key><ETag>"1"</ETag>
<LastModified>2026-01-31T00:00:00.000Z</LastModified><Size>5</Size></Contents></ListBucketResult>"""
MORE = PAGE.replace(
    "<IsTruncated>false</IsTruncated>",
    "<IsTruncated>true</IsTruncated><NextContinuationToken>here</NextContinuationToken>",
)


@pytest.fixture
def moody(monkeypatch):
    """Give a store that answers as it is told, and at last with a page that holds an odd key."""
    moods = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = moods.pop(0) if moods else (200, PAGE)
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(bucket, "_PAUSE", 0.001)
    yield moods, open_uri("s3://bucket", Settings(s3_endpoint=f"http://127.0.0.1:{server.server_port}"))
    server.shutdown()
    server.server_close()


NO_LISTINGS = [
    PAGE[:200],
    "",
    "not XML",
    "<html><body>please log in</body></html>",
    "<ListBucketResult></ListBucketResult>",
    "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>",
    PAGE.replace("<IsTruncated>false", "<IsTruncated>true"),  # and no word of how to go on
    PAGE.replace("<Size>5", "<Size>many"),
]
"""What comes with status 200, and says nothing of what is in a bucket."""


@pytest.mark.parametrize("mood", [(503, "SlowDown"), *((200, body) for body in NO_LISTINGS)])
def test_an_answer_that_is_refused_or_broken_is_asked_for_again(moody, mood):
    moods, lake = moody
    moods += [mood]

    assert [entry.key for entry in lake.list()] == [KEY]
    assert not moods


@pytest.mark.parametrize("body", NO_LISTINGS)
@pytest.mark.parametrize("before", [[], [(200, MORE)]], ids=["at first", "behind a page"])
def test_what_is_no_listing_is_neither_an_empty_one_nor_the_end_of_one(moody, body, before):
    moods, lake = moody
    moods += [*before, *[(200, body)] * bucket._TRIES]

    with pytest.raises(UnavailableError) as failure:
        list(lake.list())
    assert failure.value.code == "NL-B001"
    assert not moods


def test_a_listing_of_other_keys_is_none(moody):
    moods, lake = moody
    moods += [(200, PAGE)] * bucket._TRIES

    with pytest.raises(UnavailableError):
        list(lake.list("elsewhere"))


def test_a_listing_that_goes_round_in_circles_ends(moody):
    moods, lake = moody
    moods += [(200, MORE)] * 3

    with pytest.raises(UnavailableError):
        list(lake.list())


def test_a_page_that_comes_twice_is_not_taken_for_more_files(moody):
    moods, lake = moody
    twice = PAGE.replace("</ListBucketResult>", PAGE[PAGE.index("<Contents>") :])
    moods += [(200, twice)] * 2

    with pytest.raises(UnavailableError) as failure:
        listing.table(lake, "")
    assert (failure.value.code, KEY in failure.value.sentence) == ("NL-B001", True)


def test_a_listing_that_is_forbidden_is_refused_at_once(moody):
    moods, lake = moody
    moods += [(403, "<Error><Code>AccessDenied</Code></Error>")]

    with pytest.raises(RefusedError) as refusal:
        list(lake.list())
    assert refusal.value.code == "NL-B009"


def test_a_root_with_a_question_mark_or_a_fragment_is_refused():
    for uri in ("file:///data/my#lake", "s3://bucket/root?x=1"):
        with pytest.raises(RefusedError) as refusal:
            open_uri(uri)
        assert refusal.value.code == "NL-H001"
