"""Places to break: two champions in a registry, nights in a lake, and the commands of the runbook."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest
from mlflow import MlflowClient
from typer.testing import CliRunner

from benchmarks.network import Network
from nightlabel import catalog
from nightlabel.cli import app
from nightlabel.registry.models import ARTIFACT, Registry
from nightlabel.settings import settings
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike
from tests.security.conftest import others, snapshot
from tests.test_startup import network

ROOT = Path(__file__).parents[2]
USECASE, DATE, NEXT = "card_spending", "2020-03-31", "2020-04-01"


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> tuple[Network, Network]:
    """Two models of the use case that label differently."""
    folder, case = tmp_path_factory.mktemp("models"), catalog.load(USECASE)
    return network(folder / "good", case), network(folder / "bad", case, lookalike.make(300, 8))


def release(model: Network, by: str) -> str:
    """Register a model and make it champion; gives its version."""
    uri = settings().tracking
    registry, book = Registry(uri), MlflowClient(uri, registry_uri=uri)
    place = book.create_experiment(uuid.uuid4().hex, (settings().home / "mlflow-artifacts").as_uri())
    run = book.create_run(place).info.run_id
    logged = book.create_logged_model(place, "made", run).model_id
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(model.folder, Path(folder) / ARTIFACT)
        book.log_model_artifacts(logged, folder)
    tags = {"candidate": "made", "run": run}
    version = registry.add(USECASE, run, f"models:/{logged}", model.sha256, tags).version
    registry.move_champion(USECASE, version, by=by, reason="release")
    snapshot(version)
    return version


def deliver(date: str) -> None:
    open_lake().put(f"{USECASE}/inbox/date={date}/cards.csv", others())


@dataclass(frozen=True)
class Runbook:
    """The command blocks of one drill, as docs/operations.md has them."""

    blocks: tuple[tuple[str, ...], ...]

    def run(self, number: int, **words: str) -> list[tuple[int, str]]:
        """Run the commands of a block, with words for its capitals; gives exit codes and what was said."""
        return [_run(shlex.split(_filled(line, words))) for line in self.blocks[number]]


def _filled(line: str, words: dict[str, str]) -> str:
    return re.sub(r"\b[A-Z]{4,}\b", lambda found: words.get(found[0], found[0]), line)


def _run(words: list[str]) -> tuple[int, str]:
    if words[0] == "nightlabel":  # in this process, so that Evidently is imported once
        done = CliRunner().invoke(app, words[1:])
        return _code(done.exception) if done.exception else done.exit_code, done.output
    if words[0].startswith("scripts/"):
        words = [sys.executable, str(ROOT / words[0]), *words[1:]]
    ended = subprocess.run(words, capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout + ended.stderr


def _code(error: BaseException) -> int:
    return getattr(error, "exit_code", 1)


@pytest.fixture
def runbook(request) -> Runbook:
    """Read the drill that a test's module is about."""
    text = (ROOT / "docs" / "operations.md").read_text()
    section = text.partition(f"### {request.module.DRILL}\n")[2].partition("\n### ")[0]
    blocks = re.findall(r"^```\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    assert blocks, f"docs/operations.md has no commands for {request.module.DRILL}"
    return Runbook(tuple(tuple(block.splitlines()) for block in blocks))


@pytest.fixture
def versioned(s3_place):
    """Switch on the versioning of the place's bucket; gives a client of it."""
    import boto3  # noqa: PLC0415 - the door of the store stands elsewhere

    client = boto3.client("s3", endpoint_url=os.environ["AWS_ENDPOINT_URL"])
    bucket = settings().lake_uri.split("/")[2]
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return client
