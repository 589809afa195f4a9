"""A listing by ranges is the listing: every key once, in order, wherever the keys lie."""

import asyncio
import contextlib
import threading
import uuid
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks import standin
from nightlabel.errors import UnavailableError
from nightlabel.settings import Settings
from nightlabel.store import listing, oddkeys, open_uri

PAGE = 5
MANY = settings(max_examples=150, suppress_health_check=list(HealthCheck), deadline=None)


class Unordered(standin.Blobs):
    """Gives keys from the last one to the first, as a store may that knows no order."""

    def page(self, prefix, after, limit):
        found = sorted((key for key in self.objects if key.startswith(prefix)), reverse=True)
        start = found.index(after) + 1 if after in found else 0
        return found[start : start + limit], len(found) > start + limit


def run(loop, task):
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(task)


@pytest.fixture
def serving(monkeypatch):
    """Serve objects by an S3 whose answers are short, so that a few keys are many answers."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr(standin, "_PAGE", PAGE)
    monkeypatch.setattr(listing, "PAGE", PAGE)
    monkeypatch.setattr(oddkeys, "PAGE", PAGE)
    loops = []

    def serve(server):
        loop, ready = asyncio.new_event_loop(), threading.Event()
        told = []
        task = loop.create_task(standin.serve(server, 0, lambda port: (told.append(port), ready.set())))
        thread = threading.Thread(target=run, args=(loop, task), daemon=True)
        thread.start()
        loops.append((loop, task, thread))
        assert ready.wait(60)
        return open_uri("s3://lake/root", Settings(s3_endpoint=f"http://127.0.0.1:{told[0]}"))

    yield serve
    for loop, task, thread in loops:
        loop.call_soon_threadsafe(task.cancel)
        thread.join()


@pytest.fixture
def served(serving):
    server = standin.Server()
    return SimpleNamespace(server=server, lake=serving(server))


def filled(served, names, size=len):
    """Put objects into a folder of their own; give its prefix."""
    prefix = uuid.uuid4().hex
    for name in names:
        served.server.blobs.put(f"lake/root/{prefix}/{name}", b"x" * size(name))
    served.server.requests.clear()
    return prefix


def listed(lake, prefix):
    return listing.table(lake, prefix).to_pydict()


numbers = st.integers(0, 10**6)
segments = st.text("ab0~é_%", min_size=1, max_size=6)
sparse = st.builds("/".join, st.lists(segments, min_size=1, max_size=3))
dense = st.builds(
    lambda start, n: {f"{at:07}.csv" for at in range(start, start + n)},
    numbers,
    numbers.map(lambda n: n % 90),
)
names = st.one_of(
    dense,
    st.sets(st.integers(0, 300).map("client-{}.csv".format), max_size=80),
    st.sets(sparse, max_size=60),
    st.builds(
        lambda folders, rows: {f"{f}/{row}" for f in folders for row in rows},
        st.sets(segments, max_size=6),
        dense,
    ),
)


@MANY
@given(names)
@example({f"{at:03}" for at in range(PAGE)})
@example({f"{at:03}" for at in range(2 * PAGE)})
def test_every_key_is_listed_once_and_in_order_within_a_bound_of_requests(served, found):
    prefix = filled(served, found)

    assert [key.removeprefix(f"{prefix}/") for key in listed(served.lake, prefix)["key"]] == sorted(found)
    assert served.server.requests["GET"] <= 2 * (len(found) // PAGE) + listing.READERS + 1


@MANY
@given(names)
@example({"a/0", "b/0", "c/0", "d/0"})  # of the first answer little is left without its markers
def test_a_listing_as_a_table_is_that_of_entries_also_among_empty_objects_and_markers(served, found):
    markers = {f"{name.partition('/')[0]}/" for name in found if "/" in name}
    prefix = filled(served, found | markers, size=lambda name: len(name) % 3 if name in found else 0)
    columns = listed(served.lake, prefix)

    entries = sorted(served.lake.list(prefix))
    assert {key.removeprefix(f"{prefix}/") for key in columns["key"]} == found
    assert columns == {name: [getattr(e, name) for e in entries] for name in ("key", "version", "size")}


def test_a_listing_of_a_folder_is_in_order_too(lake):
    for name in ("b/2.csv", "a.csv", "b.csv", "b/10.csv", "é.csv"):
        lake.put(f"in/{name}", name.encode())

    assert listed(lake, "in")["key"] == sorted(entry.key for entry in lake.list("in"))
    assert listed(lake, "in")["size"][0] == len("a.csv")
    assert listed(lake, "elsewhere") == {"key": [], "version": [], "size": []}


def test_many_keys_are_asked_for_by_many_readers_at_the_same_time(serving):
    class Late(standin.Server):
        def _list(self, root, asked):
            readers.add(threading.active_count())
            return super()._list(root, asked)

    readers = set()
    served = SimpleNamespace(server=Late(late=standin.Late(0.01)))
    served.lake = serving(served.server)
    prefix = filled(served, [f"{at:06}.csv" for at in range(900)])
    before = threading.active_count()

    assert len(listing.table(served.lake, prefix)) == 900
    assert max(readers) >= before + listing.READERS - 1


def test_a_store_that_knows_no_order_is_listed_whole(serving):
    served = SimpleNamespace(server=standin.Server(Unordered()))
    served.lake = serving(served.server)
    found = [f"{at:03}.csv" for at in range(8 * PAGE)]
    prefix = filled(served, found)

    assert [key.removeprefix(f"{prefix}/") for key in listed(served.lake, prefix)["key"]] == found


def test_a_reader_that_gets_no_answer_ends_the_listing_with_its_reason(serving):
    class Moody(standin.Server):
        def _list(self, root, asked):
            if self.requests["GET"] > 6:
                return standin._error("400 Bad Request", "InvalidArgument")
            return super()._list(root, asked)

    served = SimpleNamespace(server=Moody())
    served.lake = serving(served.server)
    prefix = filled(served, [f"{at:06}.csv" for at in range(300)])

    with pytest.raises(UnavailableError) as failure:
        listing.table(served.lake, prefix)
    assert failure.value.code == "NL-B001"


def test_empty_objects_cost_no_request_of_their_own_and_markers_of_folders_are_none(served):
    prefix = filled(served, [f"{at:03}.csv" for at in range(40)])
    for name in ("007.csv", "017.csv", "sub/"):
        served.server.blobs.put(f"lake/root/{prefix}/{name}", b"")

    found = listed(served.lake, prefix)

    assert len(found["key"]) == 40
    assert found["size"].count(0) == 2
    assert served.server.requests["HEAD"] == 0
