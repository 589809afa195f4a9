"""The bill of an image names the packages of its lock, with their files and licences, and nothing else."""

import json
import re

import pytest

from gates.findings import ROOT
from gates.sbom import bill, debian, invalid, main

LOCKS = {
    "label": ["inference_image/requirements.txt"],
    "train": ["inference_image/requirements-train.txt"],
    "airflow": ["locks/airflow.txt", "compose/requirements.txt"],
}
ALONE = {"asyncpg": "Apache-2.0", "psycopg2-binary": "LGPL-3.0-or-later"}
"""Packages of the image ``airflow`` that are not installed here."""
STATUS = "Package: libc6\nArchitecture: amd64\nVersion: 1:2.36-9+deb12u10\n\nPackage: no-version\n"


@pytest.fixture(scope="module", params=LOCKS)
def image(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def made(image, tmp_path_factory) -> dict:
    target = tmp_path_factory.mktemp("sbom") / "deep" / "bill.json"
    main(image, str(target))
    return json.loads(target.read_text())


def locked(image) -> dict[str, set[str]]:
    text = "".join((ROOT / name).read_text() for name in LOCKS[image])
    found = re.findall(r"^([\w.-]+==\S+).*\n((?: +--hash\S+.*\n)*)", text, re.MULTILINE)
    return {name: set(re.findall(r"[0-9a-f]{64}", hashes)) for name, hashes in found}


def test_it_names_exactly_the_packages_of_the_lock(image, made):
    torch = re.findall(r"^torch==\S+", (ROOT / "requirements.txt").read_text(), re.MULTILINE)

    named = sorted(f"{part['name']}=={part['version']}" for part in made["components"])

    assert named == sorted([*locked(image), *(torch if image != "label" else [])])


def test_each_package_has_the_hashes_of_the_lock_and_a_licence(image, made):
    for part in made["components"]:
        files = [one for told in part.get("externalReferences", []) for one in told["hashes"]]
        assert {one["content"] for one in files} == locked(image).get(
            f"{part['name']}=={part['version']}", set()
        )
        assert part["licenses"][0]["expression"]
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"


def test_every_need_leads_to_a_part(image, made):
    refs = {part["bom-ref"] for part in made["components"]}
    (whole,) = [entry for entry in made["dependencies"] if entry["ref"].startswith("image:")]
    needs = {e["ref"]: set(e.get("dependsOn", ())) for e in made["dependencies"] if e != whole}

    assert set(whole["dependsOn"]) == refs == set(needs)
    assert set().union(*needs.values()) <= refs
    (pandas,) = [ref for ref in refs if ref.startswith("pypi:pandas@")]
    assert any(ref.startswith("pypi:numpy@") for ref in needs[pandas])


def test_it_says_what_image_it_is_of(image, made):
    itself = made["metadata"]["component"]

    assert itself["name"] == {"label": "nightlabel"}.get(image, f"nightlabel-{image}")
    assert re.match(r"[0-9a-f]{40}", itself["properties"][0]["value"])


def test_what_is_in_the_image_alone_has_its_licence_by_our_word_and_no_needs_that_were_guessed():
    found = bill("airflow")
    licences = {p["name"]: p["licenses"][0]["expression"] for p in found["components"]}
    silent = {entry["ref"].split(":")[1] for entry in found["dependencies"] if "dependsOn" not in entry}

    assert licences.items() >= ALONE.items()
    assert {ref.rpartition("@")[0] for ref in silent} == ALONE.keys()


def test_the_image_holds_all_that_its_first_stage_installs():
    dockerfile = (ROOT / "inference_image" / "Dockerfile").read_text()
    stage = dockerfile[dockerfile.index("FROM packages AS airflow") :].partition("\nFROM ")[0]

    assert all(name in stage for name in LOCKS["airflow"])
    assert locked("train").keys() <= locked("airflow").keys()


def test_the_same_tree_gives_the_same_bill():
    assert bill("label") == bill("label")


def test_debians_packages_are_in_it_where_the_image_lists_them():
    found = bill("label", STATUS)
    extra = [part for part in found["components"] if part["purl"].startswith("pkg:deb/")]

    assert extra == debian(STATUS)
    assert [part["purl"] for part in extra] == ["pkg:deb/debian/libc6@1%3A2.36-9%2Bdeb12u10?arch=amd64"]
    assert invalid(json.dumps(found)) == ""


def test_a_bill_that_does_not_keep_to_the_schema_is_seen():
    spoiled = bill("label") | {"components": [{"name": "a"}]}

    assert "'type' is a required property" in invalid(json.dumps(spoiled))
