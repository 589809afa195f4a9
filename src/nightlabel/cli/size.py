"""The word for a night on paper."""

from pathlib import Path
from typing import Annotated

import typer

from nightlabel.cli.options import Json
from nightlabel.cli.output import say
from nightlabel.errors import RefusedError

Files = Annotated[
    list[int] | None, typer.Option(help="Number of files; repeat it. Default: 1, 10, 100 million.")
]
Card = Annotated[
    str, typer.Option("--usecase", "-u", help="Take deadline, pods and their size from its card.")
]
RatesFile = Annotated[Path | None, typer.Option("--rates", help="JSON file of measured rates.")]
Records = Annotated[float | None, typer.Option(help="Mean number of records of a file. Default: 10.5.")]
Deadline = Annotated[float | None, typer.Option(help="Minutes in which the labels must stand. Default: 60.")]
Reserve = Annotated[float | None, typer.Option(help="Share of them kept for repetitions. Default: 0.25.")]
Pods = Annotated[int | None, typer.Option(help="Largest number of pods. Default: 64.")]
Cpu = Annotated[float | None, typer.Option(help="Cores of a pod. Default: 1.")]
Memory = Annotated[float | None, typer.Option(help="Memory of a pod, MB. Default: 1024.")]
Prefixes = Annotated[int | None, typer.Option(help="Prefixes of the inbox. Default: as many as are needed.")]
PodStart = Annotated[float | None, typer.Option(help="Seconds until a pod's process runs. Default: 60.")]
ListWait = Annotated[float | None, typer.Option(help="Seconds until an answer to LIST. Default: 0.1.")]
GetWait = Annotated[float | None, typer.Option(help="Seconds until an answer to GET. Default: 0.03.")]
MillionGets = Annotated[float | None, typer.Option(help="Dollars for a million GETs. Default: 0.40.")]
MillionPuts = Annotated[
    float | None, typer.Option(help="Dollars for a million PUTs or LISTs. Default: 5.00.")
]
CpuHour = Annotated[float | None, typer.Option(help="Dollars for an hour of a core. Default: 0.04048.")]
GbHour = Annotated[float | None, typer.Option(help="Dollars for an hour of 1 GB. Default: 0.004445.")]
Simulate = Annotated[bool, typer.Option("--simulate", help="Show the chance of making the deadline.")]
Samples = Annotated[int | None, typer.Option(help="Simulated nights. Default: 2000.")]
Seed = Annotated[int | None, typer.Option(help="Seed of the simulation. Default: 7.")]
StartSpread = Annotated[
    float | None, typer.Option(help="Spread of a pod's start, of its logarithm. Default: 0.6.")
]
PodSpread = Annotated[
    float | None, typer.Option(help="Spread of a pod's speed, of its logarithm. Default: 0.1.")
]
StragglerShare = Annotated[float | None, typer.Option(help="Share of pods that are slow. Default: 0.02.")]
StragglerFactor = Annotated[float | None, typer.Option(help="How many times slower. Default: 3.")]
Preemptions = Annotated[float | None, typer.Option(help="Preemptions of a pod in an hour. Default: 0.05.")]
Retries = Annotated[int | None, typer.Option(help="Times that a shard begins again, at most. Default: 2.")]
RetryPause = Annotated[float | None, typer.Option(help="Seconds until it does. Default: 15.")]
Slots = Annotated[int | None, typer.Option(help="Pods that the cluster runs at once. Default: all.")]


def size(
    files: Files = None,
    usecase: Card = "",
    rates: RatesFile = None,
    records_per_file: Records = None,
    deadline_minutes: Deadline = None,
    reserve: Reserve = None,
    max_pods: Pods = None,
    cpu: Cpu = None,
    memory_mb: Memory = None,
    prefixes: Prefixes = None,
    pod_start_s: PodStart = None,
    list_s: ListWait = None,
    get_s: GetWait = None,
    million_gets: MillionGets = None,
    million_puts: MillionPuts = None,
    cpu_hour: CpuHour = None,
    gb_hour: GbHour = None,
    samples: Samples = None,
    seed: Seed = None,
    start_spread: StartSpread = None,
    pod_spread: PodSpread = None,
    straggler_share: StragglerShare = None,
    straggler_factor: StragglerFactor = None,
    preemptions_per_hour: Preemptions = None,
    retries: Retries = None,
    retry_pause_s: RetryPause = None,
    slots: Slots = None,
    *,
    simulate: Simulate = False,
    as_json: Json = False,
) -> None:
    """Size a night on paper: pods, minutes, requests and dollars, from measured rates.

    With `--simulate`: the chance of making the deadline, with stragglers, preemption and cold starts.

    Example: `nightlabel size --files 5000000 --deadline-minutes 90`
    """
    from nightlabel.steps import size as step

    night = {
        "records_per_file": records_per_file,
        "deadline_minutes": deadline_minutes,
        "reserve": reserve,
        "max_pods": max_pods,
        "cpu": cpu,
        "memory_mb": memory_mb,
        "prefixes": prefixes,
        "pod_start_s": pod_start_s,
        "list_s": list_s,
        "get_s": get_s,
    }
    if simulate:
        luck = {
            "samples": samples,
            "seed": seed,
            "start_spread": start_spread,
            "pod_spread": pod_spread,
            "straggler_share": straggler_share,
            "straggler_factor": straggler_factor,
            "preemptions_per_hour": preemptions_per_hour,
            "retries": retries,
            "retry_pause_s": retry_pause_s,
            "slots": slots,
        }
        result = step.chances(files or (), usecase, night=night, luck=luck, rates=rates)
        say(result, as_json=as_json, table="chances")
        return
    prices = {
        "million_gets": million_gets,
        "million_puts": million_puts,
        "cpu_hour": cpu_hour,
        "gb_hour": gb_hour,
    }
    result = step.sizes(files or (), usecase, night=night, prices=prices, rates=rates)
    say(result, as_json=as_json, table="sizes")
    refused = [row for row in result["rows"] if "refused" in row]
    if files and refused:
        raise RefusedError(
            refused[0]["refused"],
            code="NL-S003",
            kept="everything: this is a night on paper",
            advice=refused[0]["advice"],
        )
