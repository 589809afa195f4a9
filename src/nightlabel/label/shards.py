"""Shares the work of a night out among pods, and foretells when they will be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from nightlabel.contract import Card
from nightlabel.label import forecast, inputs, share
from nightlabel.label.forecast import Backlog, Past, Spread
from nightlabel.label.papers import Forecast, Shard
from nightlabel.label.reads import side_by_side
from nightlabel.store import Store

_PARTS = 4  # lists of files that are written at once


@dataclass(frozen=True, slots=True)
class Work:
    """What the pods of a night are to do.

    Attributes:
        shards: Those of earlier runs, then those of this night.
        forecast: When they will be done; nothing where nothing is planned.
        created: The moment from which the forecast counts.
    """

    shards: tuple[Shard, ...]
    forecast: Forecast | None
    created: datetime


def work(
    card: Card,
    lake: Store,
    folder: str,
    files: pa.Table,
    *,
    known: Past,
    done: Sequence[Shard],
    model: str,
    pods: int = 0,
) -> Work:
    """Share files out.

    Args:
        card: Its largest number of pods and its deadline.
        lake: The lake.
        folder: The night's folder.
        files: ``key``, ``version`` and ``size`` of the files that are left to label.
        known: What past nights say.
        done: Shards that earlier runs have finished.
        model: SHA-256 of the model.
        pods: Pods side by side; 0 lets the forecast decide.
    """
    created = datetime.now(UTC)
    if not len(files) and not done:
        return Work((), None, created)
    sizes = np.concatenate([np.empty(0, np.int64), *(c.to_numpy() for c in files.column("size").chunks)])
    backlog, weights = forecast.backlog(sizes), share.weights(sizes)
    chosen, number = _numbers(card, backlog, known, weights, pods)
    shard_of = share.share_out(weights, number)
    new = _write(lake, folder, files, shard_of, shards=number, model=model) if len(files) else ()
    named = [shard.model_copy(update={"name": f"{len(new) + at:04}"}) for at, shard in enumerate(done)]
    told = _told(forecast.done(backlog, known, chosen), known, chosen, created, card)
    return Work((*new, *named), told, created)


def _numbers(card: Card, backlog: Backlog, known: Past, weights: share.Numbers, pods: int) -> tuple[int, int]:
    """Decide on the number of pods, and of shards."""
    files, deadline = max(1, len(weights)), card.deadline.total_seconds()
    if pods:
        return min(pods, files), min(pods, files)
    most = share.shards_for(weights, card.max_pods)
    chosen = forecast.pods_for(backlog, known, most, deadline)
    return chosen, share.shards_for(weights, forecast.shards_for(backlog, known, chosen, deadline))


def _write(
    lake: Store, folder: str, files: pa.Table, shard_of: share.Numbers, *, shards: int, model: str
) -> tuple[Shard, ...]:
    def write(shard: int) -> Shard:
        part = files.filter(pa.array(shard_of == shard)).combine_chunks()
        return inputs.write(lake, folder, f"{shard:04}", [inputs.pinned(part, model)])

    return tuple(side_by_side(write, range(shards), _PARTS))


def _told(found: Spread, known: Past, pods: int, created: datetime, card: Card) -> Forecast:
    return Forecast(
        pods=pods,
        nights=known.nights,
        start=round(known.start.middle, 3),
        low=round(found.low, 3),
        middle=round(found.middle, 3),
        high=round(found.high, 3),
        deadline=(created + card.deadline).isoformat(),
        makes_it=found.middle <= card.deadline.total_seconds(),
    )
