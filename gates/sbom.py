"""The bill of materials of an image, as CycloneDX JSON: its locked packages with hashes, licences and needs.

``python -m gates.sbom label FILE [STATUS]``. STATUS is the image's own ``/var/lib/dpkg/status``: with it,
Debian's packages are in the bill too.
"""

import json
import re
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path
from typing import Any
from urllib.parse import quote

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from gates.findings import ROOT, GateError
from gates.licences import Rules, known, licence, lock, locked, read
from gates.run import output, tool

IMAGES = {"label": "nightlabel", "train": "nightlabel-train", "airflow": "nightlabel-airflow"}
Component = dict[str, Any]


def main(image: str, target: str, status: str = "") -> None:
    """Write the bill of an image to a file, once it is known to keep to CycloneDX's schema."""
    told = Path(status).read_text(encoding="utf-8") if status else ""
    text = json.dumps(bill(image, told), indent=2, sort_keys=True) + "\n"
    if faults := invalid(text):
        raise GateError(f"the bill does not keep to the schema: {faults}")
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    Path(target).write_text(text, encoding="utf-8")
    print(f"{target}: {text.count('purl')} packages")


def bill(image: str, status: str = "") -> dict[str, Any]:
    """Give the bill of an image.

    Args:
        image: ``label``, ``train`` or ``airflow``.
        status: The image's list of Debian packages; empty leaves them out.

    Raises:
        GateError: A locked package is neither installed here nor said to be absent, or has another version.
    """
    rules, hashes = read(), _hashes(image)
    parts = [_part(name, version, rules, hashes.get(name, [])) for name, version in locked(image).items()]
    names = {part["name"]: part["bom-ref"] for part in parts}
    itself = _itself(image)
    needs = [{"ref": ref} | _needs(name, names) for name, ref in names.items()]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": itself, "lifecycles": [{"phase": "build"}]},
        "components": sorted([*parts, *debian(status)], key=lambda part: str(part["bom-ref"])),
        "dependencies": [{"ref": itself["bom-ref"], "dependsOn": sorted(names.values())}, *needs],
    }


def debian(status: str) -> list[Component]:
    """Give the packages of dpkg's list."""
    entries = [dict(re.findall(r"^([\w-]+): (.*)$", block, re.MULTILINE)) for block in status.split("\n\n")]
    return [_debian(entry) for entry in entries if {"Package", "Version"} <= entry.keys()]


def invalid(text: str) -> str:
    """Say what CycloneDX's strict schema has against a bill; nothing where it keeps to it."""
    program = (
        "import sys; from cyclonedx.schema import SchemaVersion; "
        "from cyclonedx.validation.json import JsonStrictValidator; "
        "print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read()) or '')"
    )
    return output([tool("python"), "-c", program], given=text).strip()


def _part(name: str, version: str, rules: Rules, hashes: list[str]) -> Component:
    told = licence(known(name, version, rules), rules)
    part: Component = {
        "type": "library",
        "name": name,
        "version": version,
        "bom-ref": f"pypi:{name}@{version}",
        "purl": f"pkg:pypi/{name}@{version}",
        "licenses": [{"expression": told, "acknowledgement": "declared"}],
    }
    if hashes:
        files = [{"alg": "SHA-256", "content": one} for one in hashes]
        part["externalReferences"] = [{"type": "distribution", "url": part["purl"], "hashes": files}]
    return part


def _debian(entry: dict[str, str]) -> Component:
    name, version = entry["Package"], entry["Version"]
    purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={entry.get('Architecture', 'all')}"
    return {
        "type": "library",
        "name": name,
        "version": version,
        "bom-ref": f"deb:{name}@{version}",
        "purl": purl,
    }


def _itself(image: str) -> Component:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    commit = output(["git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]).strip()
    return {
        "type": "container",
        "name": IMAGES[image],
        "version": version,
        "bom-ref": f"image:{IMAGES[image]}",
        "licenses": [{"expression": "Apache-2.0"}],
        "properties": [{"name": "org.opencontainers.image.revision", "value": commit}],
    }


def _hashes(image: str) -> dict[str, list[str]]:
    entries = re.findall(r"^([\w.-]+)==\S+.*\n((?: +--hash\S+.*\n)*)", lock(image), re.MULTILINE)
    return {canonicalize_name(name): re.findall(r"sha256:([0-9a-f]{64})", told) for name, told in entries}


def _needs(name: str, names: dict[str, str]) -> dict[str, list[str]]:
    """Give what a package needs of the image's; nothing is said of one that is not installed here."""
    try:
        asked = [Requirement(line) for line in requires(name) or []]
    except PackageNotFoundError:
        return {}
    found = {
        canonicalize_name(one.name) for one in asked if not one.marker or one.marker.evaluate({"extra": ""})
    }
    return {"dependsOn": sorted(names[one] for one in found if one in names)}


if __name__ == "__main__":
    main(*sys.argv[1:])
