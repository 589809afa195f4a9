"""Nights that are killed at any moment and repeated, and readers that look all the while."""

import contextlib
import itertools
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import polars as pl

from nightlabel.label import generations, read_labels, verify
from nightlabel.label.table import find
from tests.label import killed
from tests.label.nights import DATE, TINY, night, put

ROUNDS = 18
FILES = 4
RECORDS = sum(n + 2 for n in range(FILES))


def arrive(lake, state):
    """Change every file of the inbox: all amounts now tell the state."""
    for n in range(FILES):
        put(lake, f"{n}.csv", *(f"word;{state}",) * (n + 2))


def by_pandas(lake):
    frame = read_labels(lake, "tiny", DATE, ["amount"])
    return [int(a) for a in frame["amount"]] if len(frame) else []


def by_polars(lake):
    table = find(lake, "tiny")
    return [int(a) for a in pl.scan_delta(table).select("amount").collect()["amount"]]


def by_duckdb(lake):
    labels = find(lake, "tiny").to_pyarrow_dataset()
    found = duckdb.connect().execute("select amount from labels where date = ?", [DATE]).fetchall()
    return [int(amount) for (amount,) in found] if labels else []


def read_until(done, lake, seen):
    """Read with one engine after the other; note the number of rows and the states of each snapshot."""
    for read in itertools.cycle((by_pandas, by_polars, by_duckdb)):
        amounts = read(lake)
        seen.append((len(amounts), tuple(sorted(set(amounts)))))
        if done.is_set():
            return


@contextlib.contextmanager
def reader(lake):
    """Read all the while in a thread; gives what was seen."""
    done, seen = threading.Event(), []
    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read_until, done, lake, seen)
        try:
            yield seen
        finally:
            done.set()
            reading.result()


def kill_after(process, seconds):
    """Kill a process after some time; tells whether it was still at work."""
    process.join(seconds)
    at_work = process.exitcode is None
    process.kill()
    process.join()
    return at_work


def test_nights_killed_at_any_moment_and_repeated_are_seen_whole_and_lose_nothing(folder_lake):
    moments = random.Random(11)  # noqa: S311 - moments, not secrets
    killed_at_work = 0
    killed.start(folder_lake.uri, "round-0").join()
    begun = time.monotonic()
    arrive(folder_lake, 1)
    killed.start(folder_lake.uri, "round-1").join()
    usual = time.monotonic() - begun
    with reader(folder_lake) as seen:
        for number in range(2, ROUNDS):
            arrive(folder_lake, number)
            process = killed.start(folder_lake.uri, f"round-{number}")
            killed_at_work += kill_after(process, moments.uniform(0, usual))
            night(folder_lake, f"round-{number}")

    assert killed_at_work >= ROUNDS // 3
    assert {rows for rows, _ in seen} == {RECORDS}
    assert all(len(states) == 1 for _, states in seen)
    assert [c.generation for c in generations(folder_lake, "tiny", DATE)] == list(range(1, ROUNDS + 1))
    assert verify(TINY, folder_lake, DATE).ok
