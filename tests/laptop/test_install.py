"""What scripts/install says and does on machines where something is missing, in a checkout of its own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STAND_IN = Path(__file__).with_name("python")
TOOLS = ("bash", "dirname", "cat", "sha256sum", "cut", "df", "du", "awk", "rm", "touch", "mkdir", "cp")
FILES = ("requirements.txt", "locks/development.txt", "pyproject.toml", "scripts/install")


class Machine:
    """A machine with the plain tools, a Python that stands in, git, and a checkout to install."""

    def __init__(self, folder: Path) -> None:
        self.checkout, self.bin, self.calls = folder / "checkout", folder / "bin", folder / "calls"
        for name in ("scripts", "locks"):
            (self.checkout / name).mkdir(parents=True)
        self.bin.mkdir()
        for name in FILES:
            shutil.copy(ROOT / name, self.checkout / name)
        for name in (*TOOLS, "git"):
            (self.bin / name).symlink_to(shutil.which(name))
        (self.bin / "python3.11").symlink_to(STAND_IN)

    def install(self, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": str(self.bin), "STAND_IN_CALLS": str(self.calls), "NEEDED_MB": "1"} | variables
        command = [self.checkout / "scripts" / "install"]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def disk(self, free_mb: int) -> None:
        """Let ``df`` report a disk with so much left."""
        (self.bin / "df").unlink()
        (self.bin / "df").write_text(f"#!/bin/sh\necho header\necho disk 1 1 {free_mb} 1% /\n")
        (self.bin / "df").chmod(0o755)

    def pip_calls(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def stamps(self) -> list[Path]:
        return list((self.checkout / ".venv").glob("installed-*"))


@pytest.fixture
def machine(tmp_path) -> Machine:
    return Machine(tmp_path)


def refused(result: subprocess.CompletedProcess[str]) -> str:
    """Give the one sentence of a refusal."""
    lines = result.stderr.strip().splitlines()
    assert result.returncode == 1
    assert len(lines) == 1, lines
    assert lines[0].startswith("nightlabel: ")
    return lines[0]


def test_a_machine_without_python_is_told_which_and_how_to_name_one(machine):
    (machine.bin / "python3.11").unlink()

    said = refused(machine.install())

    assert "Python 3.11 is needed and 'python3.11' is not found" in said
    assert "make install PYTHON=/path/to/python3.11" in said


@pytest.mark.parametrize("version", ["3.10.14", "3.12.1", "3.1.1"])
def test_another_python_is_named_with_its_version(machine, version):
    assert f"'python3.11' is Python {version}; name another" in refused(
        machine.install(STAND_IN_VERSION=version)
    )


def test_a_python_may_be_named(machine):
    (machine.bin / "python3.11").rename(machine.bin / "mine")

    assert machine.install(PYTHON="mine").returncode == 0
    assert "'theirs' is not found" in refused(machine.install(PYTHON="theirs", VENV="other"))


def test_a_machine_without_git_is_told_to_install_it(machine):
    (machine.bin / "git").unlink()

    assert "git is needed and is not found; install it first" in refused(machine.install())


def test_a_full_disk_is_named_with_both_figures_before_anything_is_made(machine):
    said = refused(machine.install(NEEDED_MB="999999999"))

    assert "need 999999999 MB of disk and only " in said
    assert "clone onto another disk" in said
    assert not (machine.checkout / ".venv").exists()


def test_what_an_environment_holds_already_needs_no_disk_again(machine):
    machine.disk(free_mb=98)
    assert "need 100 MB of disk and only 98 MB" in refused(machine.install(NEEDED_MB="100"))
    (machine.checkout / ".venv").mkdir()
    (machine.checkout / ".venv" / "package").write_bytes(os.urandom(3 * 2**20))

    assert machine.install(NEEDED_MB="100").returncode == 0


def test_a_python_that_makes_no_environment_says_why_and_which_package_is_missing(machine):
    (machine.bin / "mkdir").unlink()

    result = machine.install()

    assert result.returncode == 1
    assert "mkdir" in result.stderr
    assert "apt-get install python3.11-venv" in result.stderr.splitlines()[-1]


def test_a_pip_that_fails_shows_its_reason_and_the_next_command_and_leaves_no_mark(machine):
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_CONFIG_FILE": "/dev/null",
    }

    result = machine.install(PYTHON=sys._base_executable, **nowhere)

    reason, said = result.stderr.splitlines()[-2:]
    assert result.returncode == 1
    assert "pip==26.3" in reason
    assert said.startswith("nightlabel: pip could not install the packages")
    assert "give the same command again" in said
    assert machine.stamps() == []


def test_the_second_call_installs_nothing_and_needs_nothing(machine):
    assert machine.install().returncode == 0
    calls = machine.pip_calls()
    for name in ("python3.11", "git", "df"):
        (machine.bin / name).unlink()

    again = machine.install()

    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert len(calls) == 4
    assert machine.pip_calls() == calls


@pytest.mark.parametrize("name", FILES)
def test_a_changed_lock_is_installed_and_only_the_newest_mark_stays(machine, name):
    machine.install()
    before = machine.stamps()
    with (machine.checkout / name).open("a") as file:
        file.write("# changed\n")

    machine.install()

    assert len(machine.pip_calls()) == 8
    assert len(machine.stamps()) == 1
    assert machine.stamps() != before


def test_an_environment_that_no_longer_starts_is_not_trusted(machine):
    machine.install()

    said = refused(machine.install(STAND_IN_BROKEN="1"))

    assert "do not start" in said
    assert "rm -rf .venv && make install" in said


def test_make_passes_the_sentence_on_and_fails(machine):
    (machine.bin / "python3.11").unlink()
    shutil.copy(ROOT / "Makefile", machine.checkout)
    command = [shutil.which("make"), "demo"]
    result = subprocess.run(
        command,
        cwd=machine.checkout,
        env={"PATH": str(machine.bin)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert "nightlabel: Python 3.11 is needed" in result.stderr
