"""The place nightlabel runs in. The only module that reads the environment.

Every setting has a default, and the defaults together are a whole working laptop below ``./.nightlabel``.
A misspelt ``NIGHTLABEL_`` variable is an error and not a default.
"""

import os
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from nightlabel.errors import RefusedError

PREFIX = "NIGHTLABEL_"


class Settings(BaseModel):
    """Where data, models, proposals and metrics go.

    Attributes:
        home: Folder for everything local: lake, tracking database, scratch space.
        lake: Root of all data, ``file://`` or ``s3://`` URI; empty means ``{home}/lake``.
        s3_endpoint: Address of an S3 look-alike; empty means AWS.
        s3_region: Region of the bucket.
        tracking_uri: MLflow server or database; empty means SQLite in ``home``.
        usecases: Folder with one folder per use case; empty means the ones in the package.
        forge: Where proposals go: a bare git repository on this machine, or GitHub.
        forge_repository: Path of the bare repository, or ``owner/name`` on GitHub.
        forge_branch: The branch that a proposal asks to be merged into.
        github_api: Address of GitHub's REST API.
        github_token: Fine-grained token; or use the App's id, installation and private key.
        statsd_host: Host of the DogStatsD agent; nothing waits for it and nothing fails without it.
        statsd_port: UDP port of the DogStatsD agent.
        environment: Tag of all metrics, such as ``laptop`` or ``prod``.
        mlflow_url: Address of the MLflow UI for people, for links in reports; empty means no link.
        evidently_url: The same for the drift dashboard.
        airflow_url: The same for Airflow.
        commit: Git commit of the code that runs; empty means ask git.
        log_json: Log JSON lines instead of lines for people.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Field(default_factory=lambda: Path.cwd() / ".nightlabel")
    lake: str = ""
    s3_endpoint: str = ""
    s3_region: str = "us-east-1"
    tracking_uri: str = ""
    usecases: Path = Path(__file__).parent / "usecases"
    forge: Literal["local", "github"] = "local"
    forge_repository: str = ""
    forge_branch: str = "main"
    github_api: str = "https://api.github.com"
    github_token: SecretStr = SecretStr("")
    github_app_id: str = ""
    github_app_installation: str = ""
    github_app_key: SecretStr = SecretStr("")
    statsd_host: str = "127.0.0.1"
    statsd_port: int = Field(default=8125, ge=1, le=65535)
    environment: str = Field(default="laptop", pattern=r"^[a-z0-9_-]{1,32}$")
    mlflow_url: str = ""
    evidently_url: str = ""
    airflow_url: str = ""
    commit: str = ""
    log_json: bool = False

    @field_validator("lake")
    @classmethod
    def _lake_is_a_known_scheme(cls, lake: str) -> str:
        if lake and not lake.startswith(("file:///", "s3://")):
            raise ValueError("must start with file:/// or s3://")
        return lake.rstrip("/")

    @property
    def lake_uri(self) -> str:
        """The lake's root as a URI without a trailing slash."""
        return self.lake or (self.home / "lake").absolute().as_uri()

    @property
    def tracking(self) -> str:
        """The tracking URI that MLflow's clients take."""
        return self.tracking_uri or f"sqlite:///{(self.home / 'mlflow.db').absolute()}"

    @property
    def forge_remote(self) -> str:
        """The repository that proposals go to."""
        return self.forge_repository or str((self.home / "forge.git").absolute())


def read(environment: dict[str, str]) -> Settings:
    """Read the settings from variables that start with ``NIGHTLABEL_``.

    Args:
        environment: Names and values, such as ``os.environ``.

    Returns:
        The settings; what is not set has its default.

    Raises:
        RefusedError: A variable is misspelt (with the nearest right name) or its value is not allowed.
    """
    given = {k.removeprefix(PREFIX).lower(): v for k, v in environment.items() if k.startswith(PREFIX)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise RefusedError(
            _explain(error),
            code="NL-S001",
            advice="correct or unset the variable; docs/settings.md lists them all",
            variables=sorted(PREFIX + str(e["loc"][0]).upper() for e in error.errors()),
        ) from None


@cache
def settings() -> Settings:
    """Give the settings of this process, read once."""
    return read(dict(os.environ))


def child_environment(**variables: str) -> dict[str, str]:
    """Give this process's environment with some variables replaced, for a child process."""
    return {**os.environ, **variables}


def environment(prefix: str) -> dict[str, str]:
    """Give the variables of another program that start with ``prefix`` and are not empty."""
    return {name: value for name, value in os.environ.items() if name.startswith(prefix) and value}


def prefer_environment(variables: dict[str, str]) -> None:
    """Set what a person has left unset, for libraries that can be told in no other way."""
    for name, value in variables.items():
        os.environ.setdefault(name, value)


def _explain(error: ValidationError) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    parts = []
    for fault in error.errors(include_input=False, include_url=False):
        name = str(fault["loc"][0])
        near = get_close_matches(name, Settings.model_fields, n=1)
        hint = f", did you mean {PREFIX}{near[0].upper()}?" if near else ""
        unknown = fault["type"] == "extra_forbidden"
        parts.append(
            f"{PREFIX}{name.upper()} is not a setting{hint}"
            if unknown
            else f"{PREFIX}{name.upper()}: {fault['msg']}"
        )
    return "; ".join(parts)
