"""The records of a night's drift test: a trailing window of nights, with inputs and predictions."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from nightlabel.contract import Monitoring, UseCase
from nightlabel.errors import QuarantineError
from nightlabel.monitor.verdict import PREDICTIONS, Window
from nightlabel.store import Store
from nightlabel.store.store import MissingError
from nightlabel.validate import check

RECORDS_A_NIGHT = 100_000
"""Largest number of records of one night that are compared."""
FILES_A_NIGHT = 1_000
"""Largest number of files of one night that are read again."""


@dataclass(frozen=True, slots=True)
class Current:
    """The records of a window.

    Attributes:
        frame: One row per record, the watched columns that there are.
        unread: Files that changed, vanished or broke since they were labelled; their records are left out.
    """

    frame: pd.DataFrame
    unread: int = 0


def choose(rows: Mapping[str, int], date: str, rule: Monitoring) -> Window:
    """Join the night to older ones until there are enough records to test.

    Args:
        rows: Labelled records of each night, by ISO date; the order does not matter.
        date: The night; later ones are left out.
        rule: The card's ``window_rows`` and ``window_nights``.

    Returns:
        The window; ``enough`` is false where even the largest one holds too few records.
    """
    nights: list[str] = []
    joined = 0
    for night in sorted((n for n in rows if n <= date), reverse=True)[: rule.window_nights]:
        nights.append(night)
        joined += rows[night]
        if joined >= rule.window_rows:
            break
    return Window(date, tuple(reversed(nights)), joined, joined >= rule.window_rows)


def current(
    usecase: UseCase,
    lake: Store,
    labels: pd.DataFrame,
    *,
    seed: int = 0,
    records: int = RECORDS_A_NIGHT,
    files: int = FILES_A_NIGHT,
) -> Current:
    """Bring inputs and predictions of a window together.

    Inputs that the labels do not carry are read again from the files, at the version that was labelled.

    Args:
        usecase: The use case.
        lake: Where the files are.
        labels: The window's rows of the labels table: ``date``, ``outcome``, the identity, the carried
            columns, ``label``, ``confidence``.
        seed: Seed of the samples; files are drawn by hash, then records.
        records: Largest number of records of one night.
        files: Largest number of files of one night that are read again.

    Returns:
        The records, and the number of files that could not be read again.
    """
    known = _labelled(labels)
    watched = list(usecase.card.monitoring.columns)
    if known.empty:
        return Current(pd.DataFrame(columns=watched))
    if set(watched) <= set(known.columns):
        nights = [_sampled(night, records, seed) for _, night in known.groupby("date", sort=True)]
        return Current(_joined(nights, watched))
    parts, unread = list[pd.DataFrame](), 0
    for _, night in known.groupby("date", sort=True):
        read = [_with_inputs(usecase, lake, part) for part in _files(night, records, files, seed)]
        unread += sum(frame is None for frame in read)
        whole = _joined([frame for frame in read if frame is not None], watched)
        parts.append(_sampled(whole, records, seed))
    return Current(_joined(parts, watched), unread)


def _labelled(labels: pd.DataFrame) -> pd.DataFrame:
    return labels[labels["outcome"] == "labelled"] if "outcome" in labels else labels


def _joined(parts: list[pd.DataFrame], watched: list[str]) -> pd.DataFrame:
    if not parts:
        return pd.DataFrame(columns=watched)
    whole = pd.concat(parts, ignore_index=True)
    return whole[[name for name in watched if name in whole]]


def _sampled(frame: pd.DataFrame, records: int, seed: int) -> pd.DataFrame:
    return frame if len(frame) <= records else frame.sample(records, random_state=seed)


def _files(night: pd.DataFrame, records: int, files: int, seed: int) -> Iterator[pd.DataFrame]:
    """Draw files by the hash of their name, until they hold enough records."""
    groups = dict(list(night.groupby(["source", "source_version"], sort=False)))
    drawn = sorted(groups, key=lambda key: hashlib.sha256(f"{seed}\0{key}".encode()).digest())
    held = 0
    for key in drawn[:files]:
        yield groups[key]
        held += len(groups[key])
        if held >= records:
            return


def _with_inputs(usecase: UseCase, lake: Store, rows: pd.DataFrame) -> pd.DataFrame | None:
    """Read one file again and set its labelled records beside their predictions."""
    source, version = str(rows["source"].iloc[0]), str(rows["source_version"].iloc[0])
    try:
        reading = usecase.schema.read(lake.get(source, version=version), labelled=False)
    except (QuarantineError, MissingError):
        return None
    inputs = check(reading, usecase.schema.Record, usecase.schema.COLUMNS).frame
    own = [name for name in rows if name in PREDICTIONS]
    return inputs.join(rows.set_index("row")[own], how="inner")
