"""``nightlabel doctor``: does this place keep the promises that a night stands on?"""

import shutil
import stat
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.registry import client
from nightlabel.settings import environment, settings
from nightlabel.steps import health_models, health_store
from nightlabel.steps.finding import Finding, Found, finding
from nightlabel.store import Store, clock, open_lake

FREE_MB = 500
"""Scratch space below which a night may not end, MB."""

MOST_SKEW = 60.0
"""Seconds that two clocks may differ; signatures fail from some minutes on."""

_OTHERS = stat.S_IRGRP | stat.S_IROTH
_Checks = dict[str, Callable[[], Found]]


def examine(step: str = "") -> dict[str, list[Finding]]:
    """Run every check; nothing is left behind.

    Args:
        step: The step of a night that this process's role is for: its rights are held against what that
            step needs. Empty: one role does all, as on a laptop.

    Returns:
        ``findings``, in the order of the checks, each as ``finding`` gives it.

    Raises:
        RefusedError: ``NL-H002``, there is no such step.
    """
    if step and step not in health_store.STEPS:
        raise RefusedError(
            f"there is no role for {step[:40]!r}; there are: {', '.join(health_store.STEPS)}",
            code="NL-H002",
            kept="everything: nothing was begun",
            advice="nightlabel doctor --as label",
        )
    with ThreadPoolExecutor() as threads:  # a service that does not answer holds up its own checks alone
        done = threads.map(_run, (_of_lake(step), _of_here(), _of_registry()))
        return {"findings": list(chain.from_iterable(done))}


def _run(checks: _Checks) -> list[Finding]:
    return [finding(name, check) for name, check in checks.items()]


def _of_lake(step: str) -> _Checks:
    return {
        "lake": lambda: health_store.creates_once(_lake()),
        "versions": lambda: health_store.keeps_versions(_lake()),
        "rights": lambda: health_store.may_work(_lake(), step),
        "clock of the lake": lambda: _clock("the lake", partial(clock.now, _lake())),
    }


def _of_here() -> _Checks:
    return {"scratch disk": _disk, "secrets": _secrets, "use cases": _usecases}


def _of_registry() -> _Checks:
    return {
        "registry": health_models.answers,
        "champions": health_models.champions_are_whole,
        "clock of MLflow": lambda: _clock("MLflow", partial(client.now, settings().tracking)),
    }


def _lake() -> Store:
    return open_lake().impatient()


def _clock(whose: str, ask: Callable[[], datetime | None]) -> Found:
    before = datetime.now(UTC)
    there = ask()
    if there is None:
        return Found(f"{whose} goes by the clock of this machine")
    after = datetime.now(UTC)
    skew = max((before - there).total_seconds(), (there - after).total_seconds(), 0.0)
    if skew > MOST_SKEW:
        way = "behind" if there > after else "ahead of"
        raise RefusedError(
            f"the clock of this machine is {skew:,.0f} s {way} that of {whose}, and signatures fail",
            code="NL-S002",
            kept="everything: the doctor changes nothing but objects of its own",
            advice="let a time service set the clock: timedatectl set-ntp true",
        )
    return Found(f"within {MOST_SKEW:.0f} s of that of {whose}")


def _disk() -> Found:
    home = settings().home
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free // 2**20
    if free < FREE_MB:
        raise RefusedError(
            f"{free:,} MB free in {home}",
            code="NL-S002",
            kept="everything: the doctor changes nothing but objects of its own",
            advice=f"free at least {FREE_MB} MB",
        )
    return Found(f"{free:,} MB free in {home}")


def _secrets() -> Found:
    """Look who may read the files that keep passwords and keys."""
    kept = [place for place in _secret_files() if place.is_file()]
    if open_ := [str(place) for place in kept if place.stat().st_mode & _OTHERS]:
        raise RefusedError(
            f"others on this machine may read {', '.join(open_)}",
            code="NL-S002",
            kept="everything: the doctor changes nothing but objects of its own",
            advice=f"chmod 600 {' '.join(open_)}",
        )
    return Found(f"{len(kept)} of the usual files are there, and nobody else may read them")


def _secret_files() -> Sequence[Path]:
    told = environment("AWS_")
    aws = told.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")
    return [Path(aws).expanduser(), Path.home() / ".mlflow" / "credentials"]


def _usecases() -> Found:
    if broken := catalog.broken():
        raise RefusedError(
            broken[0].reason,
            code="NL-U002",
            kept="everything: the doctor changes nothing but objects of its own",
            advice=f"correct {settings().usecases / broken[0].name}",
        )
    return Found(", ".join(card.name for card in catalog.usecases()))
