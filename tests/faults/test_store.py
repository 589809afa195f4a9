"""Faults of the object store, in whole nights over real HTTP: nothing is lost, doubled or half seen."""

import resource
from contextlib import contextmanager

import pytest

from nightlabel.errors import UnavailableError
from nightlabel.label import label_shard, publish, together, verify
from nightlabel.label.inputs import Input
from nightlabel.label.reading import batches
from nightlabel.settings import settings
from nightlabel.steps import health
from nightlabel.store import open_lake
from tests.faults.accounting import assert_accounted, assert_told
from tests.faults.cards import CARD, HEADER, line
from tests.faults.nights import assert_fails, assert_invisible, assert_published, deliver, whole
from tests.faults.proxy import Fault
from tests.label.nights import DATE, TINY, Parity, label_all, planned, put
from tests.waiting import until

ALWAYS = 0
PLAN, PART, RECEIPT, DATA = r"plan\.json$", r"/plan/.*parquet$", "/receipts/", r"/labels/date.*parquet$"
COMMIT, LOG = r"_delta_log/0+1\.json$", "_delta_log"
INPUT, LISTED = r"/inbox/.*csv(\?|$)", "list-type=2.*prefix=.*inbox"
TABLE = r"_delta_log/0+\.json$"


@pytest.fixture
def lake(faulty_lake):
    deliver(faulty_lake)
    return faulty_lake


def publish_alone(lake):
    return publish(TINY, lake, DATE, "night")


# --- B1: too many requests ---


def test_a_store_that_refuses_some_requests_costs_a_night_nothing(lake, s3):
    with s3.failing(Fault("refuse", share=0.15, times=ALWAYS), seed=1):
        assert_published(lake)


def test_bursts_of_ten_refusals_are_waited_for_wherever_they_fall(lake, s3):
    bursts = [Fault("refuse", key, times=10) for key in (PLAN, LISTED, INPUT, DATA, RECEIPT, COMMIT)]
    with s3.failing(*bursts) as hits:
        assert_published(lake)
        assert hits() == [10] * len(bursts)


def test_a_store_that_refuses_for_good_is_asked_long_enough_and_then_named(lake, s3):
    for method, key in (("GET", LISTED), ("PUT", PLAN), ("GET", INPUT), ("PUT", DATA), ("GET", LOG)):
        with s3.failing(Fault("refuse", key, method, times=ALWAYS)) as hits:
            assert_fails(lake, "NL-B001")
            assert 8 <= hits()[0] <= 40, key
        assert_invisible(lake)

    assert_published(lake)


# --- B2, B3: the commit, and answers that are lost or late ---


@pytest.mark.parametrize("does", ["lose", "late", "twice"])
def test_a_commit_that_is_lost_late_or_delivered_twice_is_one(lake, s3, does):
    with s3.failing(Fault(does, COMMIT, "PUT")):
        assert_published(lake)

    assert_published(lake, "already")


@pytest.mark.parametrize("does", ["lose", "late", "twice"])
def test_writes_that_are_lost_late_or_delivered_twice_are_each_done_once(lake, s3, does):
    with s3.failing(Fault(does, method="PUT", times=ALWAYS, share=0.5, seconds=0.01), seed=4):
        assert_published(lake)


@pytest.mark.parametrize(
    ("does", "outcome"), [("lose", "already"), ("reset", "committed"), ("late", "already")]
)
def test_a_store_that_dies_with_the_commit_leaves_the_answer_to_the_next_run(lake, s3, does, outcome):
    label_all(lake, planned(lake))

    with s3.failing(Fault(does, COMMIT, "PUT", seconds=0.3), Fault("reset", times=ALWAYS, then=True)):
        assert_fails(lake, "NL-B003", step=publish_alone)

    if does == "late":
        assert until(lambda: lake.head("tiny/labels/_delta_log/00000000000000000001.json"), 10)
    assert_published(lake, outcome)


def test_a_commit_without_any_answer_is_given_up_soon(lake, s3):
    label_all(lake, planned(lake))

    with s3.failing(Fault("refuse", COMMIT, "PUT", times=ALWAYS)) as hits:
        assert_fails(lake, "NL-B003", step=publish_alone)
        assert hits()[0] <= 40

    assert_invisible(lake)
    assert_published(lake)


# --- B4: two writes meet ---


def conflict(key, times=3):
    return Fault("refuse", key, "PUT", times, status=409, code="ConditionalRequestConflict")


def test_a_write_that_meets_another_is_tried_again_and_never_taken_for_done(lake, s3):
    with s3.failing(*map(conflict, (PLAN, PART, DATA, RECEIPT, COMMIT))):
        assert_published(lake)


def test_writes_that_meet_others_for_good_are_not_done(lake, s3):
    for key in (TABLE, PLAN, RECEIPT):
        with s3.failing(conflict(key, ALWAYS)):
            assert_fails(lake, "NL-B001")
        assert_invisible(lake)

    assert_published(lake)


# --- B6: bytes that are damaged on their way into the store ---


@pytest.mark.parametrize("does", ["flip", "cut"])
def test_what_does_not_arrive_as_it_was_sent_is_sent_again_by_the_next_try(lake, s3, does):
    for key in (PART, PLAN, DATA, RECEIPT):
        with s3.failing(Fault(does, key, "PUT")):
            assert_fails(lake, "NL-B001")
        assert_invisible(lake)

    assert_published(lake)


def test_a_commit_that_does_not_arrive_as_it_was_sent_is_sent_again(lake, s3):
    with s3.failing(Fault("flip", COMMIT, "PUT", times=2)):
        assert_published(lake)


# --- B7: bytes that are damaged or cut on their way out ---


@pytest.mark.parametrize("does", ["flip", "shorten", "cut"])
def test_bytes_that_change_on_their_way_are_read_again_and_are_no_bad_data(lake, s3, does):
    with s3.failing(*(Fault(does, key, "GET", times=2) for key in (PLAN, PART, INPUT, RECEIPT)), seed=5):
        assert_published(lake)


def test_bytes_that_change_each_time_are_named_and_are_no_bad_data(lake, s3):
    for key in (PLAN, PART, INPUT, RECEIPT):
        with s3.failing(Fault("flip", key, "GET", times=ALWAYS), seed=6) as hits:
            assert_fails(lake, "NL-B007")
            assert 5 <= hits()[0] <= 14, key
        assert_invisible(lake)

    assert_published(lake)


def test_bytes_that_change_in_the_same_way_each_time_are_named_too(lake, s3):
    with s3.failing(Fault("deform", INPUT, "GET", times=ALWAYS)):
        assert_fails(lake, "NL-B007")

    assert_invisible(lake)
    assert_published(lake)


@pytest.fixture
def long_file(faulty_lake, monkeypatch):
    """A file that is read in parts of a kilobyte, twice."""
    monkeypatch.setattr(together, "_LONG", 1)
    data = "\n".join((HEADER, *[line(valor=f"{at},00") for at in range(100)])).encode()
    return faulty_lake.put(f"card_spending/inbox/date={DATE}/long.csv", data)


@pytest.fixture
def uploaded_in_parts(long_file, faulty_lake, monkeypatch):
    """The same file, whose ETag is that of an upload in parts."""
    monkeypatch.setattr(together, "_LONG", 1)
    data = faulty_lake.get(long_file.key) * 1200
    return faulty_lake.put(long_file.key, data)


def amounts(lake, entry, size=1024):
    """Read a long file; gives its amounts in their order."""
    file = Input(entry.key, entry.version, entry.size, "")
    found = [batch.valid["valor"].to_pylist() for batch in batches(CARD, lake, [file], batch_bytes=size)]
    return [int(amount) for part in found for amount in part]


PARTS = 8  # of the long file, about


@pytest.mark.parametrize("skip", [0, 3, PARTS, PARTS + 3], ids=str)
def test_a_long_file_of_which_a_part_comes_damaged_once_is_read_again(long_file, faulty_lake, s3, skip):
    for does in ("flip", "shorten", "deform"):
        with s3.failing(Fault(does, "long.csv", "GET", skip=skip)):
            assert amounts(faulty_lake, long_file) == list(range(100))


@pytest.mark.parametrize("skip", [0, PARTS], ids=["both passes", "the second pass"])
def test_a_long_file_that_comes_damaged_each_time_is_named(long_file, faulty_lake, s3, skip):
    for does in ("flip", "deform"):
        with (
            s3.failing(Fault(does, "long.csv", "GET", times=ALWAYS, skip=skip)),
            pytest.raises(UnavailableError) as failure,
        ):
            amounts(faulty_lake, long_file)
        assert failure.value.code == "NL-B007"


def test_a_long_file_is_held_against_the_etag_of_an_upload_in_parts(uploaded_in_parts, faulty_lake, s3):
    key, expected = "long.csv", amounts(faulty_lake, uploaded_in_parts, 2**21)
    assert uploaded_in_parts.version.endswith("-2")
    with s3.failing(Fault("deform", key, "GET", skip=2)):
        assert amounts(faulty_lake, uploaded_in_parts, 2**21) == expected
    with s3.failing(Fault("deform", key, "GET", ALWAYS)), pytest.raises(UnavailableError) as failure:
        amounts(faulty_lake, uploaded_in_parts, 2**21)

    assert failure.value.code == "NL-B007"


def test_an_error_that_passes_for_a_listing_is_none_and_no_empty_day(lake, s3):
    with s3.failing(Fault("pass_off", LISTED, times=3)):
        assert_published(lake)
    with s3.failing(Fault("pass_off", LISTED, times=ALWAYS)):
        assert_fails(lake, "NL-B001", step=lambda lake: planned(lake, "second"))


@pytest.mark.parametrize("does", ["flip", "shorten"])
def test_a_log_that_comes_damaged_is_built_on_by_nobody(lake, s3, does):
    with s3.failing(Fault(does, r"_delta_log/.*json$", "GET", times=ALWAYS), seed=1):
        assert_fails(lake, "NL-B001")

    assert_published(lake)


def test_rows_that_stay_are_read_again_where_they_come_damaged(lake, s3):
    whole(lake)
    put(lake, "b.csv", "horse;1")

    with s3.failing(Fault("flip", DATA, "GET", times=3), seed=2):
        made, done = whole(lake, "second")

    assert done.generation == 2
    assert assert_accounted(lake, TINY, DATE, made) == {"odd": 2, "even": 1, "NL-A005": 1}


def test_rows_that_stay_and_come_damaged_each_time_stop_the_commit(lake, s3):
    whole(lake)
    put(lake, "b.csv", "horse;1")
    label_all(lake, planned(lake, "second"))

    with s3.failing(Fault("shorten", DATA, "GET", times=ALWAYS)):
        assert_fails(lake, "NL-B007", step=lambda lake: publish(TINY, lake, DATE, "second"))

    made, done = whole(lake, "second")
    assert done.generation == 2
    assert assert_accounted(lake, TINY, DATE, made).total() == 4


def test_the_accounting_reads_again_what_comes_damaged(lake, s3):
    whole(lake)

    with s3.failing(Fault("flip", DATA, "GET", times=4), Fault("flip", INPUT, "GET", times=2), seed=3):
        found = verify(TINY, lake, DATE)

    assert (found.ok, found.records) == (True, 5)


# --- B9: credentials, rights, region, bucket ---


REFUSED = [
    ("", "", 301, "PermanentRedirect"),
    ("", "", 403, "SignatureDoesNotMatch"),
    ("PUT", TABLE, 403, "AccessDenied"),
    ("GET", LISTED, 403, "AccessDenied"),
    ("PUT", PLAN, 403, "AccessDenied"),
    ("GET", INPUT, 403, "AccessDenied"),
    ("GET", INPUT, 400, "KMS.DisabledException"),
    ("PUT", DATA, 400, "KMS.DisabledException"),
    ("GET", LOG, 403, "AccessDenied"),
    ("PUT", COMMIT, 403, "AccessDenied"),
    ("PUT", COMMIT, 400, "KMS.DisabledException"),
]
"""Requests in the order of a night, and how a store refuses them."""


def test_what_the_store_refuses_is_named_at_once_and_not_asked_again(lake, s3):
    for method, key, status, code in REFUSED:
        with s3.failing(Fault("refuse", key, method, ALWAYS, status=status, code=code)) as hits:
            error = assert_fails(lake, "NL-B009", exit_code=64)
            assert hits()[0] <= 4, key  # two files, each of which is asked for in two ways
        assert code in error.sentence
        assert "tiny/" in error.sentence or "labels table" in error.sentence
        assert_invisible(lake)

    assert_published(lake)


def test_a_bucket_that_is_not_there_is_named(s3, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_LAKE", "s3://no-such-bucket/root")
    settings.cache_clear()

    error = assert_fails(open_lake(), "NL-B009", exit_code=64, step=planned)

    assert "NoSuchBucket" in error.sentence
    told = {finding["name"]: finding["found"] for finding in health.examine("plan")["findings"]}
    assert all("NoSuchBucket" in told[check] for check in ("lake", "versions", "rights"))


def expired(key):
    return Fault("refuse", key, status=400, code="ExpiredToken")


def test_a_token_that_runs_out_fails_a_step_that_may_be_repeated_or_nothing(lake, s3):
    for key in (LISTED, PLAN, DATA):
        with s3.failing(expired(key)):
            assert_fails(lake, "NL-B001")
        assert_invisible(lake)

    with s3.failing(expired(INPUT), expired(COMMIT)):
        assert_published(lake)


def test_a_long_key_costs_no_error_its_next_command(lake, s3):
    name = f"{'x' * 950}.csv"
    put(lake, name, "cat;1")

    with s3.failing(Fault("refuse", f"/inbox/.*{name}", "GET", ALWAYS, status=403, code="AccessDenied")):
        assert_fails(lake, "NL-B009", exit_code=64)


# --- B10: inputs that move ---


def test_files_that_change_and_vanish_under_a_night_are_told_from_those_that_stay(lake, s3):
    put(lake, "c.csv", "ox;1")
    made = planned(lake)
    put(lake, "a.csv", "horse;1", "cow;1")
    lake.delete(f"tiny/inbox/date={DATE}/b.csv")

    label_all(lake, made)
    publish_alone(lake)

    assert assert_accounted(lake, TINY, DATE, made) == {"NL-B010": 2, "even": 1}


# --- B11: a full disk ---


@contextmanager
def files_of_at_most(size):
    """Let no file of this process grow beyond some bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_disk_that_is_full_leaves_no_half_of_a_file(folder_place):
    lake = open_lake(folder_place)
    deliver(lake)
    planned(lake)

    with files_of_at_most(1000), pytest.raises(UnavailableError) as failure:
        label_shard(TINY, lake, DATE, "night", "0000", Parity())

    assert_told(failure.value, "NL-B001", 75)
    assert "too large" in failure.value.sentence
    assert list(lake.list(f"tiny/labels/date={DATE}")) == []
    assert_invisible(lake)
    assert_published(lake)
