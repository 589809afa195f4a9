"""Reads the table and the pinned plans from the stored bytes, with neither the engine nor a Delta library."""

import io
import json
import re
from collections import Counter, defaultdict
from functools import cache
from hashlib import sha256
from typing import NamedTuple

import pyarrow.parquet as pq

from tests.soak.truth import Row

LOG = "tiny/labels/_delta_log"
COLUMNS = ["source", "source_version", "row", "label", "error_code", "model_version"]


class State(NamedTuple):
    """The table at one version.

    Attributes:
        facts: What the commit says of itself; nothing where no generation was committed.
        changed: Data files came or went.
        rows: How often each row stands, by date.
    """

    version: int
    facts: dict | None
    changed: bool
    rows: dict


class Pin(NamedTuple):
    """One file as a plan has pinned it."""

    source: str
    version: str
    sha256: str


def states(lake):
    """Give the table at each of its versions, the first one first."""
    read = cache(lambda path: Counter(rows(lake, path)))
    files, found = {}, []
    for version, actions in log(lake):
        files = {path: date for path, date in files.items() if path not in _paths(actions, "remove")}
        files |= {a["add"]["path"]: a["add"]["partitionValues"]["date"] for a in actions if "add" in a}
        standing = defaultdict(Counter)
        for path, date in files.items():
            standing[date] += read(path)
        changed = any("add" in action or "remove" in action for action in actions)
        found.append(State(version, _facts(actions), changed, dict(standing)))
    return found


def pins(lake, date, run):
    """Give the files that the generation of a run must hold, as its plan names them."""
    folder = f"tiny/nights/{date}"
    plan = lake.read_json(f"{folder}/{run}/plan.json")
    found = []
    for part in [*plan["shards"], *([plan["carried"]] if plan["carried"] else [])]:
        owner = part["origin"]["run"] if part["origin"] else run
        listed = pq.read_table(io.BytesIO(lake.get(f"{folder}/{owner}/{part['part']}"))).to_pydict()
        names = ("source", "source_version", "model_sha256")
        found += map(Pin._make, zip(*(listed[name] for name in names), strict=True))
    return found


def digest(standing):
    """Give one number for all rows, whatever their order; doubles count."""
    return sha256(repr(sorted(standing, key=repr)).encode()).hexdigest()


def log(lake):
    """Give the actions of each version of the table."""
    for key in sorted(entry.key for entry in lake.list(LOG)):
        if number := re.search(r"/(\d{20})\.json$", key):
            yield int(number[1]), [json.loads(line) for line in lake.get(key).splitlines()]


def _facts(actions):
    told = [action["commitInfo"].get("nightlabel") for action in actions if "commitInfo" in action]
    return json.loads(told[0]) if told and told[0] else None


def _paths(actions, kind):
    return {action[kind]["path"] for action in actions if kind in action}


def rows(lake, path):
    """Give the rows of one data file."""
    data = pq.ParquetFile(io.BytesIO(lake.get(f"tiny/labels/{path}"))).read(COLUMNS).to_pylist()
    outcome = "labelled" if "outcome=labelled" in path else "quarantined"
    for cells in data:
        source, version, row, label, code, model = cells.values()
        yield Row(source, version, row, outcome, label or code, model)
