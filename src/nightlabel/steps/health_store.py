"""The doctor's checks of the lake: does it keep what nights are built on, and may this role do its work?"""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from nightlabel import catalog
from nightlabel.errors import QuarantineError, RefusedError, UnavailableError
from nightlabel.steps.finding import Found
from nightlabel.store import Store, rights
from nightlabel.store.canary import FOLDER, Canary, canary
from nightlabel.store.rights import Writing

WRITERS = 8
"""Writers that want to create one object at the same moment."""

_ROUNDS = 2  # of that
_SIZE = 4096  # bytes of an object that is read back
_OTHER_VERSION = "00000000000000000000000000000000"
_AREAS = ("inbox", "labels", "nights")
_LOOKS = {"plan": _AREAS, "label": _AREAS, "publish": ("labels", "nights")}
_WRITES = ("labels", "nights")
_NEVER = {"plan": ("inbox",), "label": ("inbox", "labels/_delta_log"), "publish": ("inbox",)}
"""Where a role has nothing to write: only plan makes the table, and only publish commits to it."""

_TAKE = (
    "take s3:DeleteObject from this role, and let the bucket's policy deny it every s3:PutObject that is"
    " without If-None-Match or outside its own folders"
)

STEPS = tuple(_LOOKS)
"""The steps of a night, each of which may have a role of its own."""


def creates_once(lake: Store) -> Found:
    """Prove that an object is created once, by one of many writers."""
    with canary(lake) as own:
        if not own.create("once", b"first"):
            raise RefusedError(
                "a new object was refused",
                code="NL-S002",
                kept="everything: the doctor changes nothing but objects of its own",
                advice="look at the rules of the store",
            )
        if own.create("once", b"second"):
            raise _doubled("the store lets an object be created twice: it ignores If-None-Match")
        for turn in range(_ROUNDS):
            if (won := sum(_race(own, f"race-{turn}"))) != 1:
                raise _doubled(f"of {WRITERS} who created one object at once, {won} were told that they did")
    return Found(f"{lake.uri}: of {WRITERS} who create an object at once, one does")


def keeps_versions(lake: Store) -> Found:
    """Prove that bytes come back as they were written, and by their version or not at all."""
    one, other = secrets.token_bytes(_SIZE), secrets.token_bytes(_SIZE)
    with canary(lake) as own:
        own.create("bytes", one)
        version = _version(lake, own, one)
        if _reads(lake, own, _OTHER_VERSION):
            raise _unpinned("a read of a version that never was gives bytes: the store ignores If-Match")
        own.remove()
        own.create("bytes", other)
        if _version(lake, own, other) == version or _reads(lake, own, version):
            raise _unpinned("two objects of different bytes have one version")
    return Found("bytes come back as they were written, and by their version or not at all")


def may_work(lake: Store, step: str) -> Found:
    """Prove that this role may do its work, and warn where it may do more.

    Args:
        lake: The lake.
        step: The step that this role is for; empty for a place where one role does all, as on a laptop.
    """
    names, steps = [card.name for card in catalog.usecases()], [step] if step else list(STEPS)
    asked = _may_ask(lake)
    lacking = [lack for name in names for lack in _lacking(lake, name, steps, writes=asked)]
    if lacking:
        raise RefusedError(
            f"this role may not {_listed(lacking)}",
            code="NL-B009",
            kept="the lake: nothing was written",
            advice="grant it: s3:ListBucket, s3:GetObject and s3:PutObject, or the rights of the folder",
        )
    enough = f"enough for {_listed(steps)} of {_listed(names)}"
    if not asked:
        return Found(f"{enough}, as far as reading goes: what it may write cannot be asked here")
    if step and lake.uri.startswith("file:"):
        return Found(f"{enough}; a folder does not tell who may create from who may delete")
    spare = [more for name in names for more in _spare(lake, name, step)] if step else []
    if spare:
        return Found(f"{enough}; but it may also {_listed(spare)}", _TAKE)
    areas = [f"{name}/{area}" for name in names for area in _WRITES]
    kept = any(rights.writing(lake, area) == Writing.NOT_OVER for area in areas)
    return Found(f"{enough}; a rule keeps it from writing over objects" if kept else enough)


def _race(own: Canary, name: str) -> Iterator[bool]:
    with ThreadPoolExecutor(WRITERS) as writers:
        yield from writers.map(lambda who: own.create(name, b"writer %d" % who), range(WRITERS))


def _version(lake: Store, own: Canary, data: bytes) -> str:
    """Give the version that the listing names, by which the night reads."""
    found = {entry.key: entry.version for entry in lake.list(own.folder)}
    version = found.get(own.key("bytes"), "")
    if not version:
        raise UnavailableError(
            "the listing does not name an object that was just written, or gives it no version",
            code="NL-B014",
            kept="everything: the doctor changes nothing but objects of its own",
            advice="use a store whose listings are up to date and carry ETags",
        )
    if not (lake.get(own.key("bytes")) == lake.get(own.key("bytes"), version=version) == data):
        raise UnavailableError(
            "the store gave other bytes than were written",
            code="NL-B007",
            kept="everything: the doctor changes nothing but objects of its own",
            advice="look at the store, and at what stands between it and this machine",
        )
    return version


def _reads(lake: Store, own: Canary, version: str) -> bool:
    try:
        lake.get(own.key("bytes"), version=version)
    except QuarantineError:
        return False
    return True


def _may_ask(lake: Store) -> bool:
    """Tell whether rights to write can be asked without writing: the store must mind conditions."""
    if not rights.may(lake, "delete", FOLDER):
        return False
    with canary(lake) as own:
        return rights.minds_conditions(lake, own.key("conditions"))


def _lacking(lake: Store, usecase: str, steps: list[str], *, writes: bool) -> Iterator[str]:
    for area in _AREAS:
        if not any(area in _LOOKS[step] for step in steps):
            continue
        if not rights.may(lake, "list", f"{usecase}/{area}"):
            yield f"list {usecase}/{area}"
        elif not rights.may(lake, "read", f"{usecase}/{area}"):
            yield f"read {usecase}/{area}"
    for area in _WRITES if writes else ():
        if rights.writing(lake, f"{usecase}/{area}") == Writing.NOTHING:
            yield f"write {usecase}/{area}"


def _spare(lake: Store, usecase: str, step: str) -> Iterator[str]:
    deletes = [area for area in _AREAS if rights.may(lake, "delete", f"{usecase}/{area}")]
    overwrites = [area for area in _WRITES if rights.writing(lake, f"{usecase}/{area}") == Writing.ALL]
    never = [area for area in _NEVER[step] if rights.writing(lake, f"{usecase}/{area}") == Writing.ALL]
    for verb, areas in (("delete", deletes), ("overwrite", overwrites), ("write to", never)):
        if areas:
            yield f"{verb} {usecase}/{_listed(areas)}"


def _doubled(sentence: str) -> RefusedError:
    return RefusedError(
        f"{sentence}, so nights could be doubled",
        code="NL-B011",
        kept="everything: the doctor changes nothing but objects of its own",
        advice="use a store with conditional writes",
    )


def _unpinned(sentence: str) -> RefusedError:
    return RefusedError(
        f"{sentence}, so an input could change unseen while a night reads it",
        code="NL-B014",
        kept="everything: the doctor changes nothing but objects of its own",
        advice="use a store whose ETags change with the bytes, and that minds If-Match",
    )


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + " and " + words[-1] if len(words) > 1 else "".join(words)
