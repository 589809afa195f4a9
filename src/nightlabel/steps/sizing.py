"""How large a night may be: pods, minutes, requests and dollars, on paper, from measured rates.

The phases of a night follow each other, so their seconds add up::

    plan     keys * (CPU per key) + answers * (wait per answer) / readers
    start    (a pod's start) + (CPU of a process until its first file) / cores
    label    the longest of: CPU of all files and records / (pods * cores),
             files * (wait per GET) / (pods * requests in flight), files / (prefixes * 5,500 GETs a second)
    publish  (a commit) + pods * (a receipt)

The number of pods is the smallest one with which they end within the part of the deadline that is not kept
for repeated attempts.
"""

import math
from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from nightlabel.errors import RefusedError
from nightlabel.label.flow import HIGHEST
from nightlabel.label.rates import Rates
from nightlabel.label.writing import FILE_BYTES
from nightlabel.settings import settings
from nightlabel.store.listing import PAGE, READERS

__all__ = ["GETS", "PUTS", "Night", "Prices", "Rates", "Size", "phases_of", "size"]

GETS, PUTS = 5_500, 3_500
"""Requests a second that S3 gives to one prefix (Amazon S3 User Guide, "Optimizing performance")."""

MILLION = 1_000_000
_CORES = 1.0  # cores that one labelling process keeps busy, however many its pod has
_RECORD_BYTES = 40  # of a data file
_OBJECTS = 4  # of a pod: its list of files, two data files, its receipt
_FEW_RECORDS = 1_000  # of a file, below which its request costs more than its labels
_LEAST_SECONDS = 60  # of a pod that are paid
_MOST_PODS = 10_000  # that are thought of, when it is said how many would do


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Prices(_Closed):
    """US dollars, us-east-1, as published in April 2026: S3 Standard, and Fargate on Linux and x86.

    What pods cost is the place's; its settings have Fargate's prices by default.

    Source:
        https://aws.amazon.com/s3/pricing and https://aws.amazon.com/fargate/pricing.
    """

    million_gets: float = Field(default=0.40, ge=0)
    million_puts: float = Field(default=5.00, ge=0)
    cpu_hour: float = Field(default_factory=lambda: settings().price_cpu_hour, ge=0)
    gb_hour: float = Field(default_factory=lambda: settings().price_gb_hour, ge=0)

    def of_pod(self, cpu: float, memory_mb: float) -> float:
        """Give the dollars of an hour of a pod.

        Args:
            cpu: Its cores.
            memory_mb: Its memory, MB.
        """
        return cpu * self.cpu_hour + memory_mb / 1024 * self.gb_hour


class Night(_Closed):
    """What is to be labelled, and where.

    Attributes:
        files: Number of files.
        records_per_file: Mean number of records of a file.
        deadline_minutes: Minutes in which the labels must stand.
        reserve: Share of the deadline that is kept for repeated attempts.
        max_pods: Largest number of pods.
        cpu: Cores of one pod.
        memory_mb: Memory of one pod, MB.
        prefixes: Prefixes that S3 serves apart; 0 for as many as are needed.
        pod_start_s: Seconds from asking for a pod to its process.
        list_s: Seconds until an answer to LIST.
        get_s: Seconds until an answer to GET.
    """

    files: int = Field(ge=1)
    records_per_file: float = Field(default=10.5, ge=0)
    deadline_minutes: float = Field(default=60.0, gt=0)
    reserve: float = Field(default=0.25, ge=0, lt=1)
    max_pods: int = Field(default=64, ge=1)
    cpu: float = Field(default=1.0, gt=0)
    memory_mb: float = Field(default=1024.0, gt=0)
    prefixes: int = Field(default=0, ge=0)
    pod_start_s: float = Field(default=60.0, ge=0)
    list_s: float = Field(default=0.1, ge=0)
    get_s: float = Field(default=0.03, ge=0)

    @property
    def budget(self) -> float:
        """Seconds in which the night has to end."""
        return self.deadline_minutes * 60 * (1 - self.reserve)


class Size(_Closed):
    """One night on paper.

    Attributes:
        pods: Smallest number that meets the deadline.
        minutes: Of each phase, and ``total``.
        gets_per_second: While it is labelled, all pods together.
        prefixes: Prefixes over which the files have to be spread for that.
        requests: Number of ``get``, ``list`` and ``put``.
        dollars: For ``requests`` and ``pods``.
        plan_mb: Memory of planning, MB.
        do: What a person has to see to, one sentence each.
    """

    night: Night
    pods: int
    minutes: dict[str, float]
    gets_per_second: float
    prefixes: int
    requests: dict[str, int]
    dollars: dict[str, float]
    plan_mb: float
    do: tuple[str, ...]


def size(night: Night, rates: Rates, prices: Prices) -> Size:
    """Size a night.

    Args:
        night: What is to be labelled.
        rates: What was measured.
        prices: What it costs.

    Raises:
        RefusedError: ``NL-S003``, the deadline cannot be met; the advice says which number would do.
    """
    pods = _pods(night, rates, night.max_pods)
    if pods is None:
        raise _refused(night, rates)
    phases = phases_of(night, rates, pods)
    rate = night.files / phases["label"]
    requests = _requests(night, pods)
    seconds = max(_LEAST_SECONDS, phases["start"] + phases["label"])
    pod_price = prices.of_pod(night.cpu, night.memory_mb)
    paid = requests["get"] * prices.million_gets + (requests["list"] + requests["put"]) * prices.million_puts
    found = Size(
        night=night,
        pods=pods,
        minutes={name: s / 60 for name, s in {**phases, "total": sum(phases.values())}.items()},
        gets_per_second=rate,
        prefixes=math.ceil(rate / GETS * (1 - 1e-9)),  # a quotient may lie a rounding above a whole number
        requests=requests,
        dollars={"requests": paid / MILLION, "pods": pods * seconds / 3600 * pod_price},
        plan_mb=rates.plan_base_mb + rates.plan_mb * night.files / MILLION,
        do=(),
    )
    return found.model_copy(update={"do": tuple(_to_do(found))})


def phases_of(night: Night, rates: Rates, pods: int) -> dict[str, float]:
    """Give the seconds of each phase."""
    cores, millions = min(night.cpu, _CORES), night.files / MILLION
    cpu = 100 * rates.file_cpu_s * millions + rates.record_cpu_s * millions * night.records_per_file
    label = [cpu / (pods * cores), night.files * night.get_s / (pods * HIGHEST)]
    if night.prefixes:
        label.append(night.files / (GETS * night.prefixes))
    return {
        "plan": rates.plan_cpu_s * millions + _pages(night) * night.list_s / min(READERS, _pages(night)),
        "start": night.pod_start_s + rates.startup_cpu_s / cores,
        "label": max(label),
        "publish": rates.publish_s + rates.publish_shard_s * (pods - 1),
    }


def _pods(night: Night, rates: Rates, most: int) -> int | None:
    """Give the smallest number of pods that meets the deadline, or nothing if none does."""

    def fits(pods: int) -> bool:
        return sum(phases_of(night, rates, pods).values()) <= night.budget

    return next((pods for pods in range(1, most + 1) if fits(pods)), None)


def _requests(night: Night, pods: int) -> dict[str, int]:
    records = night.files * night.records_per_file
    written = math.ceil(records * _RECORD_BYTES / FILE_BYTES)
    return {
        "get": night.files + _OBJECTS * pods,
        "list": _pages(night) + READERS,
        "put": _OBJECTS * pods + written,
    }


def _pages(night: Night) -> int:
    return math.ceil(night.files / PAGE)


def _to_do(found: Size) -> Iterator[str]:
    night = found.night
    if found.prefixes > max(1, night.prefixes):
        yield (
            f"spread the inbox over {found.prefixes} folders: S3 gives {GETS:,} GETs a second to a prefix,"
            " and answers 503 until it has divided a busy one, which slows the night down"
        )
    if found.plan_mb > night.memory_mb:
        yield f"give the plan step {found.plan_mb / 1024:.1f} GB of memory"
    if found.dollars["requests"] > found.dollars["pods"] and night.records_per_file < _FEW_RECORDS:
        yield "requests cost more than pods: larger files would be cheaper"


def _refused(night: Night, rates: Rates) -> RefusedError:
    phases = phases_of(night, rates, night.max_pods)
    longest = max(phases, key=lambda name: phases[name])
    knobs = [*_knobs(night, rates), f"a deadline of {_minutes(night, phases)} minutes"]
    return RefusedError(
        f"{night.files:,} files are not labelled within {night.deadline_minutes:g} minutes by"
        f" {night.max_pods} pods: {longest} alone takes {phases[longest] / 60:.1f}",
        code="NL-S003",
        kept="everything: this is a night on paper",
        advice=f"one of these would do: {', '.join(knobs)}",
        knobs=knobs,
    )


def _knobs(night: Night, rates: Rates) -> Iterator[str]:
    free = night.model_copy(update={"prefixes": 0})
    if night.prefixes and (pods := _pods(free, rates, night.max_pods)):
        phases = phases_of(free, rates, pods)
        left = night.budget - sum(phases.values()) + phases["label"]
        yield f"an inbox over {math.ceil(night.files / (GETS * left))} prefixes"
    elif pods := _pods(night, rates, _MOST_PODS):
        yield f"{pods} pods"


def _minutes(night: Night, phases: dict[str, float]) -> int:
    """Give the deadline that phases meet."""
    return math.ceil(sum(phases.values()) / (1 - night.reserve) / 60)
