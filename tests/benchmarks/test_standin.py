"""The store of the benchmark answers as S3 does, to the clients that are measured."""

import json
import time
import urllib.request
import uuid

import obstore
import pytest
from botocore.exceptions import ClientError
from obstore.exceptions import AlreadyExistsError, NotFoundError, PreconditionError

from benchmarks import standin, workload
from benchmarks.standin import Server
from benchmarks.workload import BUCKET
from tests.benchmarks.conftest import NIGHT, client, store
from tests.benchmarks.conftest import standin as started

PART = 5 * 1024 * 1024


@pytest.fixture
def folder(endpoint):
    return store(endpoint, prefix=f"test-{uuid.uuid4().hex}")


def test_a_plain_read_gives_what_was_written(folder):
    for name, body in {"a.csv": b"first", "deep/b c=1.csv": b"second", "empty.csv": b""}.items():
        obstore.put(folder, name, body)

        assert obstore.get(folder, name).bytes() == body
        assert obstore.head(folder, name)["size"] == len(body)


def test_a_pinned_read_gives_that_version_or_nothing(folder):
    old = obstore.put(folder, "a.csv", b"old")["e_tag"]
    assert obstore.get(folder, "a.csv", options={"if_match": old}).bytes() == b"old"

    new = obstore.put(folder, "a.csv", b"new")["e_tag"]
    assert new != old
    with pytest.raises(PreconditionError):
        obstore.get(folder, "a.csv", options={"if_match": old})


@pytest.mark.parametrize(("start", "end"), [(0, 1), (3, 7), (0, 10), (9, 10)])
def test_a_range_is_a_slice(folder, start, end):
    obstore.put(folder, "a.csv", b"0123456789")

    assert obstore.get_range(folder, "a.csv", start=start, end=end) == b"0123456789"[start:end]


def test_the_end_of_an_object_can_be_read_alone(folder):
    obstore.put(folder, "a.csv", b"0123456789")

    assert obstore.get(folder, "a.csv", options={"range": {"suffix": 3}}).bytes() == b"789"
    assert obstore.get(folder, "a.csv", options={"range": {"offset": 6}}).bytes() == b"6789"


def test_only_the_first_create_wins(folder):
    obstore.put(folder, "plan.json", b"first", mode="create")
    with pytest.raises(AlreadyExistsError):
        obstore.put(folder, "plan.json", b"second", mode="create")

    assert obstore.get(folder, "plan.json").bytes() == b"first"


def test_what_is_not_there_is_not_found(folder):
    with pytest.raises((NotFoundError, FileNotFoundError)):
        obstore.get(folder, "a.csv")
    with pytest.raises((NotFoundError, FileNotFoundError)):
        obstore.head(folder, "a.csv")


def test_deleted_objects_are_gone(folder):
    for name in ("a.csv", "b.csv", "c&d.csv"):
        obstore.put(folder, name, b"x")
    obstore.delete(folder, ["a.csv", "c&d.csv"])

    assert [entry["path"] for page in obstore.list(folder) for entry in page] == ["b.csv"]


def test_an_upload_in_parts_becomes_one_object(folder):
    body = bytes(range(256)) * (9 * PART // 4 // 256)
    with obstore.open_writer(folder, "long.parquet", buffer_size=PART) as writer:
        writer.write(body)

    assert obstore.get(folder, "long.parquet").bytes() == body


def test_a_listing_names_folders_once(folder):
    for name in ("a.csv", "x/1.csv", "x/2.csv", "x/y/3.csv", "z/4.csv"):
        obstore.put(folder, name, b"1")
    found = obstore.list_with_delimiter(folder)

    assert [entry["path"] for entry in found["objects"]] == ["a.csv"]
    assert sorted(found["common_prefixes"]) == ["x", "z"]


def test_boto3_is_understood(endpoint, tmp_path):
    s3, key = client(endpoint), f"boto/{uuid.uuid4().hex}/a b.csv"
    etag = s3.put_object(Bucket=BUCKET, Key=key, Body=b"0123456789")["ETag"]
    long = tmp_path / "long"
    long.write_bytes(b"x" * 2 * PART)
    s3.upload_file(str(long), BUCKET, f"{key}.long")

    assert s3.get_object(Bucket=BUCKET, Key=key, IfMatch=etag)["Body"].read() == b"0123456789"
    assert s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=2-4")["Body"].read() == b"234"
    assert s3.head_object(Bucket=BUCKET, Key=f"{key}.long")["ContentLength"] == 2 * PART
    with pytest.raises(ClientError, match=r"412|PreconditionFailed"):
        s3.get_object(Bucket=BUCKET, Key=key, IfMatch='"other"')
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket=BUCKET, Key="boto/none")


def test_the_night_is_listed_page_by_page_with_sizes_and_versions(night_server):
    made = dict(workload.files(NIGHT))
    pages = client(night_server).get_paginator("list_objects_v2")
    listed = list(pages.paginate(Bucket=BUCKET, Prefix=f"{workload.inbox()}/"))
    entries = [entry for page in listed for entry in page["Contents"]]

    assert [page["KeyCount"] for page in listed] == [1_000, 200]
    assert [entry["Key"].rsplit("/", 1)[1] for entry in entries] == sorted(made)
    assert [entry["Size"] for entry in entries] == [len(made[name]) for name in sorted(made)]
    bodies = {
        m["path"]: m["e_tag"] for page in obstore.list(store(night_server), workload.inbox()) for m in page
    }
    assert {entry["Key"]: entry["ETag"] for entry in entries} == bodies


def test_the_night_is_served_as_it_was_made(night_server):
    lake = store(night_server, prefix=workload.inbox())
    few = store(night_server, prefix=workload.inbox(workload.FEW_DAY))

    for number, (name, body) in enumerate(workload.files(NIGHT)):
        if number % 100 == 0:
            assert obstore.get(lake, name).bytes() == body
        if number % 100 == 0 and number < workload.FEW:
            assert obstore.get(few, name).bytes() == body
    assert sum(map(len, obstore.list(few))) == workload.FEW


def test_folders_are_listed_page_by_page_too():
    server = Server()
    for number in range(5):
        server.blobs.put(f"lake/date={number}/a.csv", b"")
        server.blobs.put(f"lake/date={number}/b.csv", b"")
    found, token = [], ""
    while True:
        answer = server.answer(
            "GET", f"/lake?list-type=2&delimiter=/&max-keys=2{token}", b"\r\n", b""
        ).decode()
        found += [part.partition("/")[0] for part in answer.split("<CommonPrefixes><Prefix>")[1:]]
        if "<IsTruncated>false" in answer:
            break
        token = "&continuation-token=" + answer.partition("<NextContinuationToken>")[2].partition("</")[0]

    assert found == [f"date={number}" for number in range(5)]


def test_requests_are_counted_by_method():
    with started(files=1) as endpoint:
        lake = store(endpoint)
        obstore.put(lake, "a", b"1")
        for _ in range(3):
            obstore.get(lake, "a")
        with urllib.request.urlopen(endpoint + standin.COUNTS) as answer:
            assert json.load(answer) == {"PUT": 1, "GET": 3}


def test_a_late_store_answers_late():
    with started(files=1, delay_ms=300) as endpoint:
        lake, start = store(endpoint), time.monotonic()
        obstore.list(lake).collect()

        assert time.monotonic() - start > 0.29


def test_a_refusing_store_refuses_its_share():
    server = Server(refuse=0.25)
    server.blobs.put("lake/a", b"1")
    answers = [server.answer("GET", "/lake/a", b"\r\n", b"")[9:12] for _ in range(1_000)]

    assert 200 < answers.count(b"503") < 300
    assert answers.count(b"200") == 1_000 - answers.count(b"503")
