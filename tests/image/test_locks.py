"""The images' locks: versions stand once, in requirements.txt; every package has its hashes."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.locks import script

ROOT = Path(__file__).parents[2]
IMAGE = ROOT / "inference_image"
LOCKS = ("requirements.txt", "requirements-build.txt", "requirements-train.txt")


def locked(name: str) -> dict[str, tuple[str, list[str]]]:
    """Give version and hashes of each package of a lock."""
    entries = re.findall(
        r"^([\w.-]+)==(\S+) *\\?\n((?: +--hash\S+.*\n)*)", (IMAGE / name).read_text(), re.MULTILINE
    )
    return {
        package: (version, re.findall(r"sha256:[0-9a-f]{64}", told)) for package, version, told in entries
    }


@pytest.mark.parametrize("name", LOCKS)
def test_every_version_is_the_one_of_requirements_txt(name):
    everything = script().versions()

    found = {package: version for package, (version, _) in locked(name).items()}

    assert found
    assert found == {package: everything[package] for package in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_package_has_hashes_and_no_line_is_anything_else(name):
    lines = [line for line in (IMAGE / name).read_text().splitlines() if re.match(r"[^ #]", line)]

    assert len(lines) == len(locked(name))
    assert [package for package, (_, hashes) in locked(name).items() if not hashes] == []


@pytest.mark.parametrize("package", ["numpy", "pyarrow", "onnxruntime", "deltalake"])
def test_a_compiled_package_has_the_hashes_of_several_platforms(package):
    assert len(locked("requirements.txt")[package][1]) > 2


def test_the_lock_for_labelling_holds_what_is_asked_for_and_all_that_it_needs():
    asked = (IMAGE / "requirements.in").read_text()
    wanted = re.findall(r"^[\w-]+", asked, re.MULTILINE)
    without = re.findall(r"^# without ([\w-]+)", asked, re.MULTILINE)

    assert set(locked("requirements.txt")) == script().closure(wanted, without)


def test_the_lock_for_training_holds_all_that_the_project_needs_but_torch():
    needs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    found = set(locked("requirements-train.txt"))

    assert found == script().closure(needs) - {"torch"}
    assert not {name for name in found if name.startswith(("apache-airflow", "pytest", "torch"))}


def test_a_closure_follows_extras_and_leaves_out_what_it_is_told():
    found = script().closure(["PyJWT[crypto]"], {"cffi"})

    assert {"pyjwt", "cryptography"} <= found
    assert "cffi" not in found
