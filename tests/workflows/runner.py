"""Runs the steps of a real workflow: each ``run:`` in a checkout of its own, each ``uses:`` by a stand-in.

A stand-in is declared for an action, and looks at what it is given. Expressions are evaluated, so that a name
that does not exist, or a step that runs when it must not, is seen.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.workflows.expressions import filled, holds

ROOT = Path(__file__).parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"
PINNED = re.compile(r"(?P<action>[\w.-]+(/[\w.-]+)+)@(?P<sha>[0-9a-f]{40})")
StandIn = Callable[["Job", dict[str, str]], None]


def workflow(name: str) -> dict[str, Any]:
    """Read a workflow; YAML takes the word ``on`` for a truth."""
    read = yaml.safe_load((WORKFLOWS / f"{name}.yml").read_text(encoding="utf-8"))
    return {"on" if key is True else key: value for key, value in read.items()}


@dataclass
class Job:
    """One job of a workflow on a machine of its own.

    Attributes:
        name: The workflow and the job, such as ``model-pr/model``.
        folder: Scratch space; the checkout is below it.
        event: The event, as GitHub sends it.
        github: Further words of the context ``github``.
        actions: Stand-ins by the name of their action; the others do nothing.
    """

    name: str
    folder: Path
    event: dict[str, Any]
    github: dict[str, Any] = field(default_factory=dict)
    vars: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    needs: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    machine: dict[str, str] = field(default_factory=dict)
    actions: dict[str, StandIn] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    ran: list[str] = field(default_factory=list)
    steps: dict[str, Any] = field(default_factory=dict)
    log: str = ""
    failed: bool = False

    def __post_init__(self) -> None:
        file, job = self.name.split("/")
        self.workflow = workflow(file)
        self.job = self.workflow["jobs"][job]
        self.checkout = self.folder / "work"
        self.bin = self.folder / "bin"
        for place in (self.checkout, self.bin):
            place.mkdir(parents=True)
        for word in ("python", "python3"):
            self.program(word, f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        self.program("make", MAKE)
        self.folder.joinpath("event.json").write_text(json.dumps(self.event))

    def program(self, name: str, text: str) -> None:
        """Put a program onto the machine."""
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def run(self) -> "Job":
        """Run the job; a job whose condition does not hold does nothing."""
        if holds(self.job.get("if"), self._contexts(), failed=False):
            for step in self.job["steps"]:
                if holds(step.get("if"), self._contexts(), failed=self.failed):
                    self._step(step)
        return self

    @property
    def outputs(self) -> dict[str, str]:
        return {k: filled(v, self._contexts()) for k, v in self.job.get("outputs", {}).items()}

    @property
    def summary(self) -> str:
        path = self.folder / "summary"
        return path.read_text() if path.exists() else ""

    def _step(self, step: dict[str, Any]) -> None:
        if "uses" in step:
            action = PINNED.fullmatch(step["uses"])["action"]
            given = {k: filled(str(v), self._contexts()) for k, v in step.get("with", {}).items()}
            self.used.append(action)
            self.actions.get(action, lambda *_: None)(self, given)
            return
        self.ran.append(step["run"])
        output = self.folder / f"output-{len(self.ran)}"
        output.touch()
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.checkout,
            env=self._environment(output) | self._filled(step.get("env", {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self.log += done.stdout
        self.failed |= done.returncode != 0 and not step.get("continue-on-error", False)
        if "id" in step:
            lines = output.read_text().splitlines()
            self.steps[step["id"]] = {"outputs": dict(line.split("=", 1) for line in lines)}

    def _filled(self, variables: dict[str, Any]) -> dict[str, str]:
        return {name: filled(str(value), self._contexts()) for name, value in variables.items()}

    def _contexts(self) -> dict[str, Any]:
        own = {"repository": "o/r", "event": self.event, "token": "", "run_id": "77", "actor": "ann"}
        return {
            "github": own | self.github,
            "vars": self.vars,
            "secrets": self.secrets,
            "needs": self.needs,
            "inputs": self.inputs,
            "steps": self.steps,
        }

    def _environment(self, output: Path) -> dict[str, str]:
        context = self._contexts()["github"]
        named = ("repository", "sha", "actor", "api_url", "server_url", "workflow_ref")
        told = {f"GITHUB_{name.upper()}": str(context[name]) for name in named if name in context}
        return {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "CI": "true",
            "LC_ALL": "C.UTF-8",
            "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(self.checkout / "src"),
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            **told,
            **self.machine,
        }


MAKE = f"""#!/bin/sh
# The packages are there already; everything else of make is the real one's.
[ "$1" = install ] || exec /usr/bin/make "$@"
ln -s {Path(sys.executable).parents[1]} .venv
"""


def checkout(repository: Path, commit: str) -> StandIn:
    """Clone what the workflow is about; credentials must not stay behind."""

    def clone(job: Job, given: dict[str, str]) -> None:
        assert given["persist-credentials"] == "False", "a token would lie in the checkout"
        assert "ref" not in given, "only what started the workflow is checked out"
        git = ["git", "-c", "advice.detachedHead=false"]
        subprocess.run([*git, "clone", "-q", repository, job.checkout], check=True)
        subprocess.run([*git, "checkout", "-q", commit], cwd=job.checkout, check=True)

    return clone
