"""Cleaning: data files of attempts that were killed or came second; nothing names them any more."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import unquote

from nightlabel.errors import QuarantineError, RefusedError, UnavailableError
from nightlabel.label import due, papers, table
from nightlabel.label.fetch import fetch
from nightlabel.label.history import generations, plan_key
from nightlabel.label.inputs import Input
from nightlabel.label.names import labels, nights
from nightlabel.label.papers import Plan, Receipt
from nightlabel.label.reads import side_by_side
from nightlabel.label.requests import Answer, Request
from nightlabel.store import Store
from nightlabel.store.store import Entry

LEAST_DAYS = 7
"""Days for which a file is left alone, at least: it may be of an attempt that is still at work."""

_OURS = re.compile(r"date=(\d{4}-\d{2}-\d{2})/outcome=\w+/[0-9a-f]{32}(-\d{5})?\.parquet")
_VERSION = re.compile(r"(\d{20})\.json")
_LOG = "_delta_log"
_RECEIPT = re.compile(r".*/receipts/[^/]+\.json")
"""What ends otherwise is none: a folder shows uploads that are under way, or that a killed pod left."""


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What nobody names.

    Attributes:
        files: Keys of data files, in order.
        bytes: Their size together.
        left: Dates that were left alone, and why.
        deleted: The files are gone.
    """

    files: tuple[str, ...]
    bytes: int
    left: Mapping[str, str]
    deleted: bool


def clean(
    lake: Store,
    usecase: str,
    *,
    days: int = LEAST_DAYS,
    delete: bool = False,
    clock: due.Clock = due.now,
) -> Cleaning:
    """Find data files that no commit ever added and no receipt names, and delete them if asked to.

    Only files that are named as attempts name theirs are looked at: what other engines write is theirs to
    clean. A date is left alone while one of its runs may still be published.

    Args:
        lake: The lake.
        usecase: Name of the use case.
        days: Younger files are left alone; at least ``LEAST_DAYS``.
        delete: Delete them; otherwise they are only named.
        clock: Tells the moment.

    Raises:
        RefusedError: ``NL-E008``, fewer days were asked for.
        UnavailableError: ``NL-B001`` the store did not answer, ``NL-B003`` the table's log is not whole,
            ``NL-B007`` a plan or receipt is damaged; nothing was deleted.
    """
    if days < LEAST_DAYS:
        raise RefusedError(
            f"{days} days are too few: a file of the last {LEAST_DAYS} may be of an attempt at work",
            code="NL-E008",
            kept="all files",
            advice=f"ask for {LEAST_DAYS} days or more",
        )
    unnamed, left = _unnamed(lake, usecase)
    ages = side_by_side(lambda entry: lake.modified(entry.key), unnamed)
    oldest = clock() - timedelta(days=days)
    old = [entry for entry, at in zip(unnamed, ages, strict=True) if at and at < oldest]
    for entry in old if delete else ():
        lake.delete(entry.key)
    return Cleaning(tuple(entry.key for entry in old), sum(entry.size for entry in old), left, delete)


def _unnamed(lake: Store, usecase: str) -> tuple[list[Entry], dict[str, str]]:
    """Give the files that nobody names, of dates without a run at work; and the other dates."""
    unnamed, left = list[Entry](), dict[str, str]()
    for date, loose in _loose(lake, usecase).items():
        if at_work := _at_work(lake, usecase, date):
            left[date] = f"run {at_work} may still be published"
        else:
            named = {f"{labels(usecase)}/{path}" for path in _received(lake, usecase, date)}
            unnamed += [entry for entry in loose if entry.key not in named]
    return unnamed, left


def _loose(lake: Store, usecase: str) -> dict[str, list[Entry]]:
    """Give the files of attempts that no commit ever added, by date."""
    root = labels(usecase)
    found = [
        (ours[1], entry)
        for entry in sorted(lake.list(root))
        if (ours := _OURS.fullmatch(entry.key.removeprefix(f"{root}/")))
    ]
    added = _added(lake, usecase) if found else set()
    loose: dict[str, list[Entry]] = {}
    for date, entry in found:
        if entry.key.removeprefix(f"{root}/") not in added:
            loose.setdefault(date, []).append(entry)
    return loose


def _added(lake: Store, usecase: str) -> set[str]:
    """Give the paths of all data files that a commit ever added, and of those that the table has now.

    Another library opens the table before its log is listed: the log must reach the version that it finds.

    Raises:
        UnavailableError: ``NL-B003``, the log does not hold every version; ``NL-B007``, a commit is damaged.
    """
    _log(lake, usecase)  # what it lacks is named before that library stumbles over it
    standing = table.find(lake, usecase)
    log = _log(lake, usecase, standing.version() if standing else 0)
    commits = next(fetch(lake, [[Request(Input(e.key, e.version, e.size, "")) for e in log]]))
    named = {path for commit in commits for path in _paths(commit)}
    return named.union(file.path for file in table.files(standing)) if standing else named


def _log(lake: Store, usecase: str, newest: int = 0) -> list[Entry]:
    """List the commits of the log, up to a version at least."""
    log = f"{labels(usecase)}/{_LOG}"
    versions = {
        int(version[1]): entry
        for entry in lake.list(log)
        if (version := _VERSION.fullmatch(entry.key.removeprefix(f"{log}/")))
    }
    last = max([newest, *versions])
    if sorted(versions) != list(range(last + 1)):
        raise UnavailableError(
            f"the log of the labels table holds {len(versions)} versions of {last + 1}",
            code="NL-B003",
            kept="all files; nothing was deleted",
            advice="restore the log: without it nobody knows which files the generations name",
        )
    return list(versions.values())


def _paths(commit: Answer) -> Iterator[str]:
    if isinstance(commit, QuarantineError):
        raise commit
    for line in commit.splitlines():
        if b'"add"' in line and (add := json.loads(line).get("add")):
            yield unquote(add["path"])


def _at_work(lake: Store, usecase: str, date: str) -> str:
    """Name a run that may still be published: it is not, and nothing newer is; or nothing."""
    standing = generations(lake, usecase, date)
    published, newest = {c.run for c in standing}, max((c.at for c in standing), default=None)
    folder = nights(usecase, date)
    plans = [entry.key for entry in lake.list(folder) if entry.key.endswith("/plan.json")]
    runs = {key.removeprefix(f"{folder}/").removesuffix("/plan.json") for key in plans}
    for run in sorted(runs - published):
        plan = papers.find(lake, plan_key(usecase, date, run), Plan)
        if plan and (newest is None or datetime.fromisoformat(plan.created) > newest):
            return run
    return ""


def _received(lake: Store, usecase: str, date: str) -> Iterator[str]:
    """Give the paths of the files that receipts of a date name."""
    keys = [entry.key for entry in lake.list(nights(usecase, date)) if _RECEIPT.fullmatch(entry.key)]
    for receipt in side_by_side(lambda key: papers.find(lake, key, Receipt), keys):
        if receipt:
            yield from (file.path for file in receipt.data)
