"""The command line of nightlabel, here or in an image, and what it answers."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from delivery.runner import DeliveryError

TOLD = ("AWS_", "MLFLOW_", "NIGHTLABEL_")
"""Variables that a container is told, by name: their values are in no command line."""


class Answer(NamedTuple):
    """What a command said."""

    code: int
    told: dict[str, Any]

    @property
    def refusal(self) -> str:
        """The code of the error, or empty."""
        return str(self.told.get("error", {}).get("code", ""))

    @property
    def sentence(self) -> str:
        """The error in words."""
        error = self.told.get("error", {})
        return f"{error.get('code')} {error.get('sentence')}" if error else f"exit code {self.code}"


def ask(words: Sequence[str], *, more: Mapping[str, str] | None = None, prefix: Sequence[str] = ()) -> Answer:
    """Run a command of nightlabel that answers with JSON.

    Args:
        words: The command and its options.
        more: Further variables.
        prefix: What starts it elsewhere, such as a container; here, where it is empty.
    """
    here = [str(Path(sys.executable).with_name("nightlabel"))]
    command = [*(prefix or here), *words, "--json"]
    environment = {**os.environ, **(more or {})}
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False, env=environment)  # noqa: S603 - an argument list
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    return Answer(done.returncode, json.loads(lines[-1]) if lines else {})


def answered(words: Sequence[str], **how: Any) -> dict[str, Any]:
    """Run a command that must succeed; as ``ask``.

    Raises:
        DeliveryError: It did not.
    """
    answer = ask(words, **how)
    if answer.code:
        raise DeliveryError(f"nightlabel {words[0]}: {answer.sentence}")
    return answer.told


def container(engine: str, image: str, folder: Path, variables: Mapping[str, str]) -> list[str]:
    """Give the words that start a container as a pod is, read-only and without rights, on the host's network.

    Args:
        engine: ``docker`` or ``podman``.
        image: The image, by digest.
        folder: Folder that it may write, under its own path.
        variables: All variables of the process; of these it is told those that nightlabel reads.
    """
    named = [word for name in sorted(variables) if name.startswith(TOLD) for word in ("--env", name)]
    safe = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--tmpfs=/tmp"]
    user = f"--user={os.getuid()}:{os.getgid()}"
    return [
        engine,
        "run",
        "--rm",
        "--network=host",
        user,
        *safe,
        f"--volume={folder}:{folder}",
        *named,
        image,
    ]
