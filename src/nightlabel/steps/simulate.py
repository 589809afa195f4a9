"""The chance of making a deadline: many nights thrown with dice, of which each pod has its own.

A pod starts cold (log-normal), is a little faster or slower than others (log-normal), sometimes much slower
(a straggler), and may be preempted (exponential): then its shard begins again after a pause, in a new pod.
Plan, work and commit take what ``sizing`` says. A night is done when its last shard is.

More pods are not always better: each is one more that may straggle. What is told for a number of pods is
therefore the chance where at most so many are used, as many as are best.
"""

import heapq
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from nightlabel.steps.sizing import Night, Rates, phases_of

Floats = NDArray[np.float64]
_SECONDS = 3600
_FOR_EVER = 1e12  # hours


class Chances(BaseModel):
    """What may go ill, and how often.

    Attributes:
        samples: Simulated nights.
        seed: The same seed, the same nights.
        start_spread: Standard deviation of the logarithm of a pod's start.
        pod_spread: The same of a pod's speed.
        straggler_share: Share of pods that are much slower.
        straggler_factor: How many times slower they are.
        preemptions_per_hour: Preemptions of a pod in an hour of its life.
        retries: Times that a shard begins again, at most; then the night has failed.
        retry_pause_s: Seconds until it does.
        slots: Pods that the cluster runs at once; 0 for all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    samples: int = Field(default=2_000, ge=1, le=100_000)
    seed: int = Field(default=7, ge=0)
    start_spread: float = Field(default=0.6, ge=0, le=3)
    pod_spread: float = Field(default=0.1, ge=0, le=3)
    straggler_share: float = Field(default=0.02, ge=0, le=1)
    straggler_factor: float = Field(default=3.0, ge=1)
    preemptions_per_hour: float = Field(default=0.05, ge=0)
    retries: int = Field(default=2, ge=0, le=20)
    retry_pause_s: float = Field(default=15.0, ge=0)
    slots: int = Field(default=0, ge=0)


@dataclass(frozen=True, slots=True)
class Dice:
    """What was thrown, for each attempt, night and pod; the same for every number of pods.

    Attributes:
        start: Factor of a pod's start, shape (attempts, samples, pods).
        speed: Factor of its work, same shape.
        life: Hours until it is preempted, same shape.
    """

    start: Floats
    speed: Floats
    life: Floats


def simulate(night: Night, rates: Rates, chances: Chances) -> list[dict[str, Any]]:
    """Simulate a night with 1, 2, 4, ... pods, up to its largest number.

    Args:
        night: What is to be labelled.
        rates: What was measured.
        chances: What may go ill.

    Returns:
        For each largest number of pods: ``pods``; ``used``, as many as are best; ``chance`` that the deadline
        is met, which never falls; ``minutes`` by which ``p10``, ``p50`` and ``p90`` of the nights are done.
    """
    dice, rows = throw(chances, night.max_pods), list[dict[str, Any]]()
    best = (-1.0, 0, np.empty(0))
    shown = set(_row(night.max_pods))
    for pods in range(1, night.max_pods + 1):
        seconds = ends(night, rates, chances, dice, pods)
        chance = float((seconds <= night.deadline_minutes * 60).mean())
        best = max(best, (chance, pods, seconds), key=lambda found: found[0])
        if pods in shown:
            rows.append(_told(pods, *best))
    return rows


def throw(chances: Chances, pods: int) -> Dice:
    """Throw the dice for all attempts, nights and pods."""
    rng, shape = np.random.default_rng(chances.seed), (chances.retries + 1, chances.samples, pods)
    start = np.exp(chances.start_spread * rng.standard_normal(shape))
    speed = np.exp(chances.pod_spread * rng.standard_normal(shape))
    slow = np.where(rng.random(shape) < chances.straggler_share, chances.straggler_factor, 1.0)
    with np.errstate(divide="ignore", over="ignore"):  # who is never preempted lives for ever
        life = rng.exponential(1.0, shape) / chances.preemptions_per_hour
    return Dice(start, speed * slow, np.minimum(life, _FOR_EVER))


def ends(night: Night, rates: Rates, chances: Chances, dice: Dice, pods: int) -> Floats:
    """Give the seconds until each simulated night is done, infinite where it failed, shape (samples,)."""
    phase = phases_of(night, rates, pods)
    taken = taken_by(phase["start"], phase["label"], chances, dice, pods)
    return phase["plan"] + scheduled(taken, chances.slots or pods) + phase["publish"]


def scheduled(taken: Floats, slots: int) -> Floats:
    """Give the seconds until all shards are done, each in its turn in the slot that is free first.

    Args:
        taken: Seconds of each shard, shape (samples, shards).
        slots: Shards side by side; more are never later.

    Source:
        Graham, Bounds on Multiprocessing Timing Anomalies, SIAM J. Appl. Math. 17(2), 1969 (list scheduling).
    """
    if slots >= taken.shape[1]:
        done: Floats = taken.max(axis=1)
        return done
    return np.array([_last(shards, slots) for shards in taken.tolist()])


def _last(shards: list[float], slots: int) -> float:
    free = [0.0] * slots
    for seconds in shards:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def taken_by(start: float, label: float, chances: Chances, dice: Dice, pods: int) -> Floats:
    """Give the seconds of each shard with all of its attempts, shape (samples, pods)."""
    total = np.zeros(dice.start.shape[1:])[:, :pods]
    open_ = np.ones(total.shape, bool)
    for attempt in range(chances.retries + 1):
        need = start * dice.start[attempt, :, :pods] + label * dice.speed[attempt, :, :pods]
        life = dice.life[attempt, :, :pods] * _SECONDS
        lost = np.where(life < need, life + chances.retry_pause_s, need)
        total = np.where(open_, total + lost, total)
        open_ &= life < need
    return np.where(open_, np.inf, total)


def _row(most: int) -> Iterator[int]:
    yield from (2**power for power in range(int(math.log2(most)) + 1))
    yield most


def _told(pods: int, chance: float, used: int, seconds: Floats) -> dict[str, Any]:
    parts = np.quantile(seconds, [0.1, 0.5, 0.9], method="inverted_cdf") / 60
    names = ("p10", "p50", "p90")
    minutes = {
        name: float(part) if np.isfinite(part) else None for name, part in zip(names, parts, strict=True)
    }
    return {"pods": pods, "used": used, "chance": chance, "minutes": minutes}
