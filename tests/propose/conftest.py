"""Both forges behind one fixture: the laws of a proposal hold on each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydantic import SecretStr

from nightlabel.propose.flow import Ground
from nightlabel.propose.forge import Change, Forge, Proposal, change
from nightlabel.propose.github import GitHubForge
from nightlabel.propose.local import LocalForge, init_from
from nightlabel.propose.patience import Patience
from nightlabel.settings import Settings
from tests.fake_github.repository import Repository
from tests.fake_github.server import FakeGitHub

FOLDER = "src/nightlabel/usecases/cards"
PARAMS, POINTER = f"{FOLDER}/params.toml", f"{FOLDER}/data.dvc"
SEED = {PARAMS: b"seed = 1\n", POINTER: b"outs: old\n", "README.md": b"hello\n"}
CANARY = "github_pat_CANARYCANARYCANARY"
DATA = "5f2d" * 8


def changed(
    candidate="linear", *, params=b"seed = 2\n", body="# Report\n", data=DATA, usecase="cards"
) -> Change:
    return change(usecase, candidate, data, params=params, pointer=b"outs: new\n", body=body)


@dataclass
class Waits:
    """Takes the place of sleeping, and remembers for how long."""

    slept: list[float] = field(default_factory=list)

    def patience(self, seconds: float = 300) -> Patience:
        return Patience(seconds, sleep=self.slept.append, now=lambda: 1_000_000.0)


@dataclass
class Local:
    """The forge of a laptop, and what a person does there."""

    forge: LocalForge
    repository: Repository

    def another(self) -> Forge:
        return LocalForge(self.repository.path)

    def plumbing(self) -> Ground:
        return self.forge

    def merge(self, proposal: Proposal) -> None:
        self.forge.merge(proposal, "Ann")

    def close(self, proposal: Proposal) -> None:
        self.forge.close(proposal, "Ann")

    def bodies(self) -> list[str]:
        return [pull.body for pull in self.forge.pulls.all()]

    def states(self) -> list[str]:
        return [pull.state for pull in self.forge.pulls.all()]

    def words(self) -> list[tuple[int, str]]:
        return [(pull.number, pull.reason) for pull in self.forge.pulls.all() if pull.reason]


@dataclass
class Team:
    """GitHub, and what a person does there."""

    forge: GitHubForge
    fake: FakeGitHub
    place: Settings
    waits: Waits

    @property
    def repository(self) -> Repository:
        return self.fake.repository

    def another(self, **settings: object) -> GitHubForge:
        return GitHubForge(self.place.model_copy(update=settings), patience=self.waits.patience, gap=0)

    def plumbing(self) -> Ground:
        return self.forge._hub(self.waits.patience())

    def merge(self, proposal: Proposal) -> None:
        self.fake.merge(proposal.number)

    def close(self, proposal: Proposal) -> None:
        self.fake.close(proposal.number)

    def bodies(self) -> list[str]:
        return [pull["body"] for pull in self.fake.pulls]

    def states(self) -> list[str]:
        return ["merged" if pull["merged_at"] else pull["state"] for pull in self.fake.pulls]

    def words(self) -> list[tuple[int, str]]:
        return self.fake.comments


@pytest.fixture
def laptop(tmp_path: Path) -> Local:
    forge = init_from(tmp_path / "forge.git", SEED)
    return Local(forge, Repository(forge.repository))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with FakeGitHub(Repository.made(tmp_path / "github.git", SEED)) as fake:
        fake.tokens[CANARY] = {"contents": "write", "pull_requests": "write"}
        place = Settings(
            forge="github", forge_repository="o/r", github_api=fake.url, github_token=SecretStr(CANARY)
        )
        waits = Waits()
        yield Team(GitHubForge(place, patience=waits.patience, gap=0), fake, place, waits)
        assert fake.violations == []


@pytest.fixture(params=["laptop", "team"])
def ground(request):
    """One forge and the people at it, once on a laptop and once on GitHub."""
    return request.getfixturevalue(request.param)
