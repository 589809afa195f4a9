"""Measure nightlabel against its peers, interleaved in one run, and check that all give the same labels.

``make bench`` installs what it needs and then runs ``python -m benchmarks``.
"""

import hashlib
import importlib
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks import network, picture, report, rounds
from benchmarks.engines import ENGINES
from benchmarks.measure import ROOT, BenchmarkError, Place, served
from benchmarks.workload import Night

REQUIREMENTS = Path(__file__).parent / "requirements.txt"
SCRATCH = ROOT / ".nightlabel" / "bench"
MILLION = 1_000_000
console = Console(highlight=False, width=None if sys.stdout.isatty() else 150)


def main(
    *,
    files: Annotated[int, typer.Option(envvar="FILES", min=100, help="Small files of the night.")] = 20_000,
    times: Annotated[int, typer.Option("--rounds", envvar="ROUNDS", min=1, help="Runs of each engine.")] = 5,
    engines: Annotated[str, typer.Option(envvar="ENGINES", help="Only these, with commas.")] = "",
    candidate: Annotated[str, typer.Option(envvar="CANDIDATE", help="The network.")] = network.CANDIDATE,
    short: Annotated[bool, typer.Option(envvar="SHORT", help="Small files only; install nothing.")] = False,
    million: Annotated[bool, typer.Option(envvar="MILLION", help="Also label a million files.")] = False,
    drawing: Annotated[str, typer.Option("--picture", envvar="PICTURE", help="Draw it here as well.")] = "",
    out: Annotated[Path, typer.Option(envvar="OUT", help="Folder of the results.")] = SCRATCH / "results",
) -> None:
    """Measure nightlabel against its peers."""
    night, packages = Night(files), SCRATCH / f"packages-{_digest(REQUIREMENTS)}"
    try:
        chosen, missing = _chosen(_named(engines), packages, install=not short)
        made = report.header(night, times, candidate, chosen, missing)
        place = Place(network.trained(SCRATCH, candidate), packages)
        for part in _measured(place, night, chosen, times, short=short, million=million):
            made |= part
            _keep(made, out)
    except BenchmarkError as error:
        console.print(str(error), style="bold red", markup=False)
        sys.exit(1)
    report.show(made, console)
    _say(f"The results are in {out}")
    if drawing:
        picture.draw(made, Path(drawing))


def _measured(
    place: Place, night: Night, engines: Sequence[str], times: int, *, short: bool, million: bool
) -> Iterator[dict[str, Any]]:
    """Measure one part after the other."""
    with served(place, night) as lake:
        found = rounds.in_turn(lake, engines, times, _say)
        yield {"engines": report.figures(found), "stages": report.stages(found["nightlabel"])}
        if short:
            return
        yield {"scaling": rounds.scaling(lake, times, _say)}
        memory = [rounds.memory(lake, _say)]
        yield {"memory": memory}
    yield {"late": rounds.late(place, night, times, _say)}
    some = [name for name in engines if name in rounds.LARGE_ENGINES]
    yield {"large": report.figures(rounds.large(place, some, times, _say))}
    if million:
        with served(place, Night(MILLION)) as lake:
            yield {"memory": [*memory, rounds.memory(lake, _say)]}


def _named(engines: str) -> list[str]:
    """Give the engines that are asked for, ours always."""
    every = [name for name, entry in ENGINES.items() if entry.kind != "part"]
    asked = [name.strip() for name in engines.split(",") if name.strip()] or every
    if unknown := set(asked) - set(every):
        raise BenchmarkError(f"there is no engine {', '.join(sorted(unknown))}; there are {', '.join(every)}")
    return [name for name in every if name in {*asked, "nightlabel"}]


def _chosen(names: Sequence[str], packages: Path, *, install: bool) -> tuple[list[str], dict[str, str]]:
    """Give the engines that can be measured, and why the others cannot."""
    reason = "it is not installed"
    if install and not packages.exists():
        _say("Installing the peers that the project does not need")
        reason = _installed(packages)
    sys.path.append(str(packages))
    importlib.invalidate_caches()
    missing = {name: f"{ENGINES[name].package}: {reason}" for name in names if not ENGINES[name].installed}
    return [name for name in names if name not in missing], missing


def _installed(packages: Path) -> str:
    """Install the peers into a folder of their own, whole or not at all; give the reason if it cannot be."""
    scratch = packages.with_suffix(".new")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check"]
    command += [f"--target={scratch}", f"--requirement={REQUIREMENTS}"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if not done.returncode:
        scratch.rename(packages)
    return f"pip could not install it: {done.stderr.strip()[-200:]}"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


def _keep(made: report.Report, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / "bench.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    (out / "bench.md").write_text(report.markdown(made), encoding="utf-8")
    picture.draw(made, out / "bench.png")


def _say(sentence: str) -> None:
    console.print(sentence, markup=False)


if __name__ == "__main__":
    typer.run(main)
