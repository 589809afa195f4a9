"""Licences of the packages: what they declare, as SPDX expressions, against what licences.toml accepts.

``python -m gates.licences`` writes docs/licences.md.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from packaging.utils import canonicalize_name
from pydantic import BaseModel, ConfigDict, Field

from gates.findings import ROOT, Finding, GateError
from gates.run import answer, tool

WORDS = Path(__file__).with_name("licences.toml")
PAGE = ROOT / "docs" / "licences.md"
PLACES = {
    "label": ("inference_image/requirements.txt",),
    "train": ("inference_image/requirements-train.txt",),
    "airflow": ("locks/airflow.txt", "compose/requirements.txt"),
    "development": ("locks/development.txt",),
}
"""The locks of each place, from the smallest to the largest."""

WITHOUT_TORCH = {"train", "airflow", "development"}
"""Locks that leave torch, which such a place has, to the index of its platform."""


class Special(BaseModel):
    """A package whose licence needs a word.

    Attributes:
        licence: Its SPDX expression, where its metadata have none or one that is not exact.
        reason: Where that was read, or why it may be used.
        accepted: It may be used although its licence is not on the list.
        only: The largest place that it may be in, where it is not accepted everywhere.
        absent: It is in an image alone and not installed here, so the licence stands here and nowhere else.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[str, Field(min_length=20)]
    licence: str = ""
    accepted: bool = False
    only: str = ""
    absent: bool = False


class Rules(BaseModel):
    """The list of what is accepted.

    Attributes:
        accepted: SPDX identifiers, with exceptions as ``X WITH Y``.
        named: SPDX expressions by what older metadata say instead.
        package: Packages that need a word.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    accepted: frozenset[str]
    named: dict[str, str]
    package: dict[str, Special]


class Package(NamedTuple):
    """An installed package.

    Attributes:
        name: As package indexes write it.
        version: Its version.
        licence: SPDX expression; what the metadata say where that is none; empty where they say nothing.
        places: Where it is.
    """

    name: str
    version: str
    licence: str
    places: list[str]


def licences() -> list[Finding]:
    """Refuse licences that are not accepted, words for packages that are gone, and a page that is old."""
    rules, found = read(), packages()
    stale = [Finding("licences", "stale", name, 0, said) for name, said in outdated(found, rules).items()]
    page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if page != written(found, rules):
        stale.append(Finding("licences", "page", "docs/licences.md", 0, "is old; first: make licences"))
    return judge(found, rules) + stale


def judge(found: Iterable[Package], rules: Rules) -> list[Finding]:
    """Hold packages against the list."""
    return [
        Finding("licences", "refused", package.name, 0, said)
        for package in found
        if (said := refusal(package, rules))
    ]


def outdated(found: Iterable[Package], rules: Rules) -> dict[str, str]:
    """Say of the words for packages, by name, which do not fit any more."""
    named = {package.name for package in found}
    gone = {
        name: "licences.toml speaks of a package that is gone" for name in rules.package if name not in named
    }
    absent = [name for name, special in rules.package.items() if special.absent]
    there = {
        name: "licences.toml says that it is absent, and it is installed"
        for name in absent
        if name in components()
    }
    return gone | there


def refusal(package: Package, rules: Rules) -> str:
    """Say why a package may not be used where it is; nothing where it may."""
    special = rules.package.get(package.name)
    if special and special.accepted:
        order = list(PLACES)
        beyond = [p for p in package.places if special.only and order.index(p) < order.index(special.only)]
        return f"is accepted in {special.only} alone, and is in {', '.join(beyond)}" if beyond else ""
    if not package.licence:
        return "declares no licence"
    if not is_accepted(package.licence, rules.accepted):
        return f"has a licence that is not on the list: {package.licence}"
    return ""


def is_accepted(expression: str, accepted: Iterable[str]) -> bool:
    """Tell whether an SPDX expression leaves us a choice of accepted licences.

    Args:
        expression: Such as ``MIT OR (GPL-2.0-only AND Zlib)``.
        accepted: Identifiers, with exceptions as ``X WITH Y``.
    """
    known = {one.lower() for one in accepted}
    terms = re.sub(r"\s+WITH\s+", " with ", expression, flags=re.IGNORECASE)
    words = re.findall(r"[()]|\b(?:AND|OR)\b|(?:(?!\s+(?:AND|OR)\b)[^()])+", terms)
    return bool(terms.strip()) and _choice([word.strip() for word in words if word.strip()], known)


def _choice(words: list[str], known: set[str]) -> bool:
    """Read ``a AND b OR c`` from the left, and leave what follows a closing bracket."""
    value, all_of_it = False, True
    while words:
        word = words.pop(0)
        if word == ")":
            break
        if word == "OR":
            value, all_of_it = value or all_of_it, True
        elif word != "AND":
            is_known = _choice(words, known) if word == "(" else word.lower() in known
            all_of_it = all_of_it and is_known
    return value or all_of_it


@cache
def read(path: Path = WORDS) -> Rules:
    """Read the list.

    Raises:
        pydantic.ValidationError: A word has no reason, or means nothing.
    """
    return Rules.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))


@cache
def components() -> dict[str, dict[str, Any]]:
    """Give every package of this project's environment as CycloneDX has it, by its name."""
    words = [
        "environment",
        "--no-validate",
        "--output-reproducible",
        "--output-format",
        "JSON",
        "--spec-version",
        "1.6",
    ]
    told = answer([tool("cyclonedx-py"), *words, sys.executable])
    return {canonicalize_name(one["name"]): one for one in told["components"]}


def packages(rules: Rules | None = None) -> list[Package]:
    """Give the packages of all places, as they are installed here.

    Raises:
        GateError: A package of a lock is neither installed here nor said to be absent, or in another version.
    """
    rules = rules or read()
    locks = {place: locked(place) for place in PLACES}
    versions = {name: version for lock in locks.values() for name, version in lock.items()}
    return [
        Package(
            name,
            version,
            licence(known(name, version, rules), rules),
            [p for p in PLACES if name in locks[p]],
        )
        for name, version in sorted(versions.items())
    ]


def lock(place: str) -> str:
    """Give the text of a place's locks."""
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in PLACES[place])


def locked(place: str) -> dict[str, str]:
    """Give the versions of a place's packages by their names."""
    text = lock(place)
    if place in WITHOUT_TORCH:
        text += "\n".join(
            re.findall(r"^torch==\S+", (ROOT / "requirements.txt").read_text("utf-8"), re.MULTILINE)
        )
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    }


def known(name: str, version: str, rules: Rules) -> Mapping[str, Any]:
    """Give a package as CycloneDX has it; of one that is in an image alone what its lock says.

    Raises:
        GateError: It is neither installed here nor said to be absent, or in another version.
    """
    special = rules.package.get(name)
    if special and special.absent and name not in components():
        return {"name": name, "version": version}
    return installed(name, version)


def installed(name: str, version: str) -> dict[str, Any]:
    """Give a package as CycloneDX has it.

    Raises:
        GateError: It is not installed here, or in another version.
    """
    found = components().get(name, {})
    if found.get("version", "").partition("+")[0] != version:
        has = found.get("version", "nothing")
        raise GateError(f"{name} {version} is locked and {has} is installed; first: make install")
    return found


def licence(component: Mapping[str, Any], rules: Rules) -> str:
    """Give the licence of a package as one SPDX expression."""
    special = rules.package.get(canonicalize_name(component["name"]))
    if special and special.licence:
        return special.licence
    told = {_declared(entry, rules) for entry in component.get("licenses", [])} - {""}
    if any(one.startswith("BSD-") for one in told):
        told.discard("LicenseRef-BSD")
    return " AND ".join(f"({one})" if " " in one and len(told) > 1 else one for one in sorted(told))


def _declared(entry: Mapping[str, Any], rules: Rules) -> str:
    """Give the SPDX expression of one entry; what it says where that is none."""
    if "expression" in entry:
        return str(entry["expression"])
    words = entry["license"].get("id") or entry["license"].get("name", "")
    return rules.named.get(str(words), str(words))


def written(found: Iterable[Package], rules: Rules) -> str:
    """Write the page."""
    rows = [
        f"| {package.name} | {package.version} | {package.licence} | {package.places[0]} |"
        for package in found
    ]
    words = [
        f"| {name} | {special.only or 'anywhere'} | {special.reason} |"
        for name, special in sorted(rules.package.items())
        if special.accepted
    ]
    head = (ROOT / "gates" / "licences.head.md").read_text(encoding="utf-8")
    special = ["| package | may be in | why |", "|---|---|---|", *words]
    every = ["| package | version | licence | first place that has it |", "|---|---|---|---|", *rows]
    return head.replace("{{ special }}", "\n".join(special)).replace("{{ packages }}", "\n".join(every))


if __name__ == "__main__":
    PAGE.write_text(written(packages(), read()), encoding="utf-8")
