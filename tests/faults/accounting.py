"""Accounts for a night from the table's files and the plan's inputs alone, without the engine's verify."""

import hashlib
import io
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import DeltaTable

from nightlabel.errors import MAX_MESSAGE
from nightlabel.settings import settings
from nightlabel.store.store import s3_options

MOVED = "NL-B010"
"""The code of a file that changed or vanished between plan and reading."""


def assert_accounted(lake, usecase, date, plan):
    """Hold the table's rows of one date against the files that a plan has pinned.

    Each record of each file stands there exactly once, labelled or with a code, and nothing else does; the
    run has made one generation; data files are those of their receipts. A file that is not as it was planned
    must be in quarantine as moved, and no other may be.

    Args:
        lake: The lake.
        usecase: The use case, whose reader says how many records a file has.
        date: The label date.
        plan: The plan of the newest generation.

    Returns:
        How often each label and each code stands.
    """
    table = DeltaTable(lake.at(f"{usecase.name}/labels"), storage_options=_options(lake))
    told = [entry["nightlabel"] for entry in table.history() if "nightlabel" in entry]
    assert sum(f'"date": "{date}"' in facts and f'"run": "{plan.run}"' in facts for facts in told) == 1

    digests = _digests(lake, usecase, date)
    rows = [row for path in _paths(table, date) for row in _rows(lake, usecase, path, digests)]
    moved = {row["source"] for row in rows if row["error_code"] == MOVED}
    stands = Counter((row["source"], row["source_version"], row["row"]) for row in rows)
    pins = [(*pin, pin[0] in moved) for pin in _pins(lake, usecase, date, plan)]
    assert stands == Counter(record for pin in pins for record in _records(lake, usecase, *pin))
    assert all(bool(row["label"]) != bool(row["error_code"]) for row in rows)
    return Counter(row["label"] or row["error_code"] for row in rows)


def assert_told(error, code, exit_code):
    """An error has its code, one sentence, what was kept and the next command, and fits an alarm."""
    first, *more = str(error).split("\n")
    assert (error.code, error.exit_code) == (code, exit_code), str(error)
    assert first.startswith(f"{code} ")
    assert [line.split(": ")[0] for line in more] == ["kept", "next"], str(error)
    assert all(line.isprintable() for line in (first, *more))
    assert len(str(error)) <= MAX_MESSAGE


def _options(lake):
    return s3_options(settings()) if lake.uri.startswith("s3:") else {}


def _paths(table, date):
    actions = pa.table(table.get_add_actions(flatten=True)).to_pydict()
    if not actions["path"]:
        return []
    found = zip(actions["path"], actions["partition.date"], strict=True)
    return [path for path, day in found if str(day) == date]


def _rows(lake, usecase, path, digests):
    data = lake.get(f"{usecase.name}/labels/{path}")
    assert hashlib.sha256(data).hexdigest() == digests.get(path, hashlib.sha256(data).hexdigest())
    return pq.read_table(io.BytesIO(data)).to_pylist()


def _digests(lake, usecase, date):
    """What receipts say of data files; one that was written afresh without replaced records is in none."""
    keys = [e.key for e in lake.list(f"{usecase.name}/nights/{date}") if "/receipts/" in e.key]
    return {file["path"]: file["sha256"] for key in keys for file in lake.read_json(key)["data"]}


def _pins(lake, usecase, date, plan):
    for part in [*([plan.carried] if plan.carried else []), *plan.shards]:
        run = part.origin.run if part.origin else plan.run
        data = lake.get(f"{usecase.name}/nights/{date}/{run}/{part.part}")
        listed = pq.read_table(io.BytesIO(data)).to_pydict()
        yield from zip(listed["source"], listed["source_version"], strict=True)


def _records(lake, usecase, source, version, moved):
    """The ids that the records of a pinned file have; a file that has none of its own is one."""
    stands = lake.head(source)
    same = stands is not None and stands.version == version
    assert same != moved, f"{source}: moved {not same}, in quarantine as moved {moved}"
    if moved:
        return [(source, version, None)]
    data = lake.get(source)
    try:
        records = usecase.schema.read(data, labelled=False).records
    except Exception:  # noqa: BLE001 - whatever a reader raises, the file is one id
        return [(source, version, None)]
    return [(source, version, row) for row in range(records)]
