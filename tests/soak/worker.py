"""What runs in processes of its own, made to be killed: nights and parts of nights, and a reader."""

import itertools
import multiprocessing
import os
import random
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import duckdb
import polars as pl

from nightlabel.errors import NightlabelError
from nightlabel.label import clean, label_shard, publish, verify
from nightlabel.label.table import find
from nightlabel.settings import settings
from nightlabel.store import Store, open_uri
from tests.label.nights import TINY, planned
from tests.soak import ledger, truth
from tests.soak.mutants import mutate
from tests.soak.truth import Row

SERVER = multiprocessing.get_context("forkserver")
COLUMNS = [*ledger.COLUMNS[:3], "outcome", *ledger.COLUMNS[3:]]
PAUSE = 0.15  # seconds between two reads: nights are what the time is for


class Place(NamedTuple):
    """A lake, and the environment that leads to it."""

    uri: str
    environment: dict

    def enter(self):
        os.environ.update(self.environment)
        settings.cache_clear()
        return open_uri(self.uri)


class Task(NamedTuple):
    """What a process is to do.

    Attributes:
        does: ``night``, or only ``label`` some shards, or only ``publish``; or ``die`` before a receipt;
            or ``clean`` what nobody names, or ``verify`` as a person would.
        seed: Decides on the order of the shards, and on which.
    """

    does: str
    date: str
    run: str
    reason: str
    seed: int


def start(work, place, *args):
    """Start work in a new process, forked from a server that has the imports done; gives it and its pipe."""
    SERVER.set_forkserver_preload(["tests.soak.warm"])
    ours, theirs = SERVER.Pipe()
    process = SERVER.Process(target=_hushed, args=(work, place, theirs, *args), daemon=True)
    process.start()
    theirs.close()
    return process, ours


def attempt(place, pipe, task, mutant=""):
    """Do a task once; tells how it ended."""
    lake = place.enter()
    mutate(mutant)
    pipe.send(ending(lake, task))


def close(place, pipe, tasks, mutant=""):
    """Repeat tasks one after the other, as an orchestrator does in the end; tells how each ended."""
    lake = place.enter()
    mutate(mutant)
    for task in tasks:
        pipe.send((task, ending(lake, task), find(lake, "tiny").version()))


def read(_, pipe):
    """Read one lake after the other, each until told to stop; tells what was seen how often."""
    while place := pipe.recv():
        lake, seen = place.enter(), Counter()
        for engine in itertools.cycle((by_arrow, by_polars, by_duckdb)):
            if pipe.poll(PAUSE):
                break
            if table := find(lake, "tiny"):
                rows = [Row(*cells[:4], cells[4] or cells[5], cells[6]) for cells in engine(table)]
                seen[table.version(), ledger.digest(rows)] += 1
        pipe.send((pipe.recv(), seen))


def ending(lake, task):
    """Do a task; gives its outcome, or the code of the error that it may end with."""
    try:
        return {"clean": cleaned, "verify": verified}.get(task.does, night)(lake, task)
    except NightlabelError as error:
        return error.code
    except Exception as error:  # noqa: BLE001 - whoever waits is told
        return f"{type(error).__name__}: {error}"[:300]


def night(lake, task):
    """Plan, label and publish, as a pod and its tasks do; or a part of it."""
    model = lake.get("champion").decode()
    if task.does == "die":
        Store.create = _last_words
    made = planned(lake, task.run, task.date, truth.pinned(model), reason=task.reason, pods=3)
    chance = random.Random(task.seed)  # noqa: S311 - an order, no secret
    shards = chance.sample(made.shards, len(made.shards))
    some = {"label": 1 + len(shards) // 2, "publish": 0}.get(task.does)
    for shard in shards[:some]:
        label_shard(TINY, lake, task.date, task.run, shard.name, truth.labeller(made.model.sha256))
    return "labelled" if task.does == "label" else publish(TINY, lake, task.date, task.run).outcome


def cleaned(lake, task):
    """Delete what nobody names, as if a week had passed."""
    clean(lake, "tiny", delete=True, clock=lambda: datetime.now(UTC) + timedelta(days=8))
    return "cleaned"


def verified(lake, task):
    """Ask the engine itself whether all adds up."""
    found = verify(TINY, lake, task.date)
    return "verified" if found.ok else f"verify says {found.differences}"[:300]


def _last_words(lake, key, data, *, create=Store.create):
    if "/receipts/" in key:
        os.kill(os.getpid(), signal.SIGKILL)
    return create(lake, key, data)


def by_arrow(table):
    return zip(*table.to_pyarrow_dataset().to_table(columns=COLUMNS).to_pydict().values(), strict=True)


def by_polars(table):
    return pl.scan_delta(table).select(COLUMNS).collect().rows()


def by_duckdb(table):
    labels = table.to_pyarrow_dataset()  # noqa: F841 - duckdb finds it by its name
    return duckdb.connect().execute(f"select {','.join(COLUMNS)} from labels").fetchall()  # noqa: S608


def _hushed(work, place, pipe, *args):
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)
    work(place, pipe, *args)
