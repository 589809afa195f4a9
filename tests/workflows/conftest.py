"""A team for the workflows: a repository on the fake GitHub, a lake, an MLflow server, one open proposal."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.startup import mlflow_server as serve
from nightlabel.propose.comments import ROBOT
from nightlabel.settings import settings
from nightlabel.steps import whole
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike
from tests.fake_github.repository import WHO, Repository
from tests.fake_github.server import FakeGitHub
from tests.workflows.runner import ROOT, Job, checkout

USECASE, DATA = "card_spending", "card_spending/data/cards.csv"
OPENS, WRITES, READS = "ghp_" + "o" * 36, "ghs_" + "w" * 36, "ghs_" + "r" * 36
IMAGES = [f"127.0.0.1/nightlabel@sha256:{digit * 64}" for digit in "1234"]


def tree(folder: Path) -> Path:
    """Copy what git knows of this checkout, as it stands."""
    listed = subprocess.check_output(["git", "ls-files", "-cozm", "--exclude-standard"], cwd=ROOT, text=True)
    for name in sorted(set(filter(None, listed.split("\0")))):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # another test may take away what it left in the checkout
                shutil.copy(ROOT / name, folder / name)
    return folder


def repository(folder: Path) -> Repository:
    """Make GitHub's side of the repository, with this checkout on ``main``."""
    place = tree(folder / "tree")
    bare = folder / "github.git"
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "Start"]):
        subprocess.run(["git", *words], cwd=place, check=True, env=WHO | {"PATH": "/usr/bin:/bin"})
    subprocess.run(["git", "clone", "-q", "--bare", place, bare], check=True)
    return Repository(bare)


@dataclass
class Team:
    """All that the workflows meet."""

    fake: FakeGitHub
    folder: Path
    tracking_uri: str
    lake: str
    jobs: list[Job] = field(default_factory=list)

    @property
    def vars(self) -> dict[str, str]:
        named = {"MLFLOW_URI": self.tracking_uri, "LAKE": self.lake, "AWS_REGION": "eu-west-1"}
        return named | {"AWS_READER_ROLE": "arn:reader", "AWS_CI_ROLE": "arn:ci", "ENGINE": "process"}

    def job(self, name: str, event: dict[str, Any], commit: str, token: str = READS, **more: Any) -> Job:
        """Make a job that checks out a commit."""
        github = {"sha": commit, "token": token, "api_url": self.fake.url, **more.pop("github", {})}
        actions = {"actions/checkout": checkout(self.fake.repository.path, commit), **more.pop("actions", {})}
        folder = self.folder / f"job-{len(self.jobs)}"
        variables = self.vars | more.pop("vars", {})
        self.jobs.append(Job(name, folder, event, github, variables, actions=actions, **more))
        return self.jobs[-1]

    def sha(self, branch: str) -> str:
        found = self.fake.repository.sha(f"refs/heads/{branch}")
        assert found
        return found


@pytest.fixture(scope="module")
def team(tmp_path_factory) -> Iterator[Team]:
    """A team whose experiment has just opened a proposal."""
    folder = tmp_path_factory.mktemp("team")
    with FakeGitHub(repository(folder)) as fake, serve(folder) as tracking_uri:
        fake.tokens |= {
            OPENS: {"contents": "write", "pull_requests": "write"},
            READS: {"contents": "read"},
            WRITES: {"contents": "read", "actions": "read", "pull_requests": "write"},
        }
        fake.logins[WRITES] = ROBOT
        made = Team(fake, folder, tracking_uri, (folder / "lake").as_uri())
        with pytest.MonkeyPatch.context() as patch:
            for name, value in _place(made).items():
                patch.setenv(name, value)
            settings.cache_clear()
            open_lake().put(DATA, lookalike.make(5_000, 7))
            verdict = whole.experiment(USECASE, "first", data=DATA, candidates=("baseline", "habits"))
            assert verdict["outcome"] == "promote", verdict["reason"]
        settings.cache_clear()
        yield made
        assert fake.violations == []


def _place(team: Team) -> dict[str, str]:
    return {
        "NIGHTLABEL_HOME": str(team.folder / "home"),
        "NIGHTLABEL_LAKE": team.lake,
        "NIGHTLABEL_TRACKING_URI": team.tracking_uri,
        "NIGHTLABEL_FORGE": "github",
        "NIGHTLABEL_FORGE_REPOSITORY": "o/r",
        "NIGHTLABEL_GITHUB_API": team.fake.url,
        "NIGHTLABEL_GITHUB_TOKEN": OPENS,
    }


@pytest.fixture
def _of_the_team(team, monkeypatch):
    """This process in the team's place."""
    for name, value in _place(team).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


@pytest.fixture
def hub(tmp_path) -> Iterator[Callable[..., FakeGitHub]]:
    """A fake GitHub with one open pull request and nothing else behind it."""
    with FakeGitHub(Repository.made(tmp_path / "github.git", {"README.md": b"hello\n"})) as fake:
        fake.tokens[WRITES] = {"contents": "read", "actions": "read", "pull_requests": "write"}
        fake.logins[WRITES] = ROBOT
        fake.repository.put("mine", {"a.txt": b"a\n"}, "Mine")
        told = {"head": "mine", "base": "main", "title": "Mine", "body": ""}
        fake.pulls.append(told | {"number": 1, "state": "open", "merged_at": None})
        yield fake
        assert fake.violations == []
