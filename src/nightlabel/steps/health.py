"""``nightlabel doctor``: does this place keep the promises that a night stands on?"""

import shutil
import uuid
from collections.abc import Callable
from typing import Any

from nightlabel import catalog
from nightlabel.errors import NightlabelError, RefusedError, UnavailableError
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.store import open_lake

FREE_MB = 500
"""Scratch space below which a night may not end, MB."""


def examine() -> dict[str, Any]:
    """Run every check.

    Returns:
        ``findings``: name, ok, what was found, and what to do, in the order of the checks.
    """
    checks: dict[str, Callable[[], str]] = {
        "lake": _lake,
        "scratch disk": _disk,
        "use cases": _usecases,
        "registry": _registry,
    }
    return {"findings": [_finding(name, check) for name, check in checks.items()]}


def _finding(name: str, check: Callable[[], str]) -> dict[str, Any]:
    try:
        return {"name": name, "ok": True, "found": check(), "advice": ""}
    except NightlabelError as error:
        return {
            "name": name,
            "ok": False,
            "found": error.sentence,
            "advice": error.advice or "see docs/errors.md",
        }


def _lake() -> str:
    lake = open_lake()
    key = f"doctor/{uuid.uuid4().hex}"
    if not lake.create(key, b"first"):
        raise RefusedError("a new object was refused", advice="check the write rights of this role")
    twice = lake.create(key, b"second")
    lake.delete(key)
    if twice:
        raise RefusedError(
            "the store let an object be created twice: it ignores If-None-Match, so nights could be doubled",
            code="NL-B011",
            advice="use a store with conditional writes",
        )
    return f"{lake.uri}: create-once holds"


def _disk() -> str:
    home = settings().home
    home.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(home).free // 2**20
    if free < FREE_MB:
        raise UnavailableError(f"{free} MB free in {home}", advice=f"free at least {FREE_MB} MB")
    return f"{free:,} MB free in {home}"


def _usecases() -> str:
    if broken := catalog.broken():
        raise RefusedError(broken[0].reason, advice=f"correct {settings().usecases / broken[0].name}")
    return ", ".join(card.name for card in catalog.usecases())


def _registry() -> str:
    registry = Registry(settings().tracking)
    champions = []
    for card in catalog.usecases():
        try:
            champions.append(
                f"{card.name} champion is version {registry.resolve(card.name, 'champion').version}"
            )
        except RefusedError:
            champions.append(f"{card.name} has no champion yet")
    return f"{settings().tracking}: " + ", ".join(champions)
