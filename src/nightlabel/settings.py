"""The place nightlabel runs in. The only module that reads the environment.

Every setting has a default, and the defaults together are a whole working laptop below ``./.nightlabel``.
A misspelt ``NIGHTLABEL_`` variable is an error and not a default.
"""

import os
import re
from functools import cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)

from nightlabel.errors import RefusedError

PREFIX = "NIGHTLABEL_"

IMAGE_BY_DIGEST = r"^([^\s@]+@sha256:[0-9a-f]{64})?$"
"""An image as a registry names it; or nothing."""
OF_CHAMPION = "champion"
"""Says that the pods run in the image that the champion was released with."""

_DNS_LABEL = r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$"
_TRACKING = re.compile(r"(https?|sqlite|(postgresql|mysql|mssql)(\+\w+)?)://")
_OF_PODS = (
    *("lake", "data_from", "s3_endpoint", "s3_region", "tracking_uri"),
    *("statsd_host", "statsd_port", "environment"),
    *("mlflow_url", "evidently_url", "airflow_url"),
    *("price_cpu_hour", "price_gb_hour"),
)
"""What a pod is told of the place; its secrets come from the cluster."""


class Settings(BaseModel):
    """Where data, models, proposals and metrics go.

    Attributes:
        home: Folder for everything local: lake, tracking database, scratch space.
        lake: Root of all data, ``file://`` or ``s3://`` URI; empty means ``{home}/lake``.
        data_from: Folders and buckets that people may name data in, ``file://`` or ``s3://`` URIs between
            blanks; the lake is one of them. Empty: any, where the lake is a folder; else its bucket alone.
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
        price_cpu_hour: US dollars for an hour of a pod's core, for what labels cost; Fargate's by default.
        price_gb_hour: The same for an hour of 1 GB of a pod's memory.
        mlflow_url: Address of the MLflow UI for people, for links in reports; empty means no link.
        evidently_url: The same for the drift dashboard.
        airflow_url: The same for Airflow.
        commit: Git commit of the code that runs; empty means ask git.
        log_json: Log JSON lines instead of lines for people.
        prepare_with: What validates and encodes training data: pandas in this process, or Spark.
        spark_master: Where Spark runs: threads of this machine, or the address of a cluster.
        steps_in: Where Airflow runs the steps: a process of the task, pods of a cluster, or pods of EKS.
        pod_image: Image of the labelling pods, by digest; ``champion`` is the one that was released with it.
        pod_training_image: Image of the pods of an experiment, by digest; empty leaves them processes.
        pod_namespace: Namespace of the pods.
        pod_secret: A Secret whose entries the pods get as environment, such as MLflow's password.
        pod_connection: Airflow's connection to the cluster, or to AWS for EKS; empty is the own place.
        pod_deferrable: Pods are waited for by Airflow's triggerer, not by a worker.
        eks_cluster: Name of the EKS cluster.
        image: Image that this process runs in, by digest; set by the task that started it.
        result: Key of an object that also gets what a command says in JSON; set by the task too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    home: Path = Field(default_factory=lambda: Path.cwd() / ".nightlabel")
    lake: str = ""
    data_from: str = ""
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
    price_cpu_hour: float = Field(default=0.04048, ge=0, allow_inf_nan=False)
    price_gb_hour: float = Field(default=0.004445, ge=0, allow_inf_nan=False)
    mlflow_url: str = ""
    evidently_url: str = ""
    airflow_url: str = ""
    commit: str = ""
    log_json: bool = False
    prepare_with: Literal["pandas", "spark"] = "pandas"
    spark_master: str = Field(
        default="local[*]", pattern=r"^(local(\[(\*|[1-9][0-9]*)\])?|yarn|(spark|k8s)://\S+)$"
    )
    steps_in: Literal["process", "kubernetes", "eks"] = "process"
    pod_image: str = Field(default="", pattern=rf"{IMAGE_BY_DIGEST}|^{OF_CHAMPION}$")
    pod_training_image: str = Field(default="", pattern=IMAGE_BY_DIGEST)
    pod_namespace: str = Field(default="nightlabel", pattern=_DNS_LABEL)
    pod_secret: str = ""
    pod_connection: str = ""
    pod_deferrable: bool = False
    eks_cluster: str = ""
    image: str = ""
    result: str = ""

    @field_validator("lake")
    @classmethod
    def _lake_is_a_known_scheme(cls, lake: str) -> str:
        if lake and not lake.startswith(("file:///", "s3://")):
            raise ValueError("must start with file:/// or s3://")
        return lake.rstrip("/")

    @field_validator("data_from")
    @classmethod
    def _data_is_from_known_schemes(cls, roots: str) -> str:
        if not all(root.startswith(("file:///", "s3://")) for root in roots.split()):
            raise ValueError("must be addresses that start with file:/// or s3://, between blanks")
        return roots

    @field_validator("tracking_uri")
    @classmethod
    def _tracking_is_a_server_or_a_database(cls, uri: str) -> str:
        if uri and not _TRACKING.match(uri):
            raise ValueError("must be the address of an MLflow server, http(s)://, or of a database")
        return uri

    @model_validator(mode="after")
    def _pods_have_an_image(self) -> Self:
        if self.steps_in != "process" and not self.pod_image:
            raise ValueError(f"{PREFIX}STEPS_IN={self.steps_in} needs {PREFIX}POD_IMAGE, an image by digest")
        if self.steps_in == "eks" and not self.eks_cluster:
            raise ValueError(f"{PREFIX}STEPS_IN=eks needs {PREFIX}EKS_CLUSTER")
        return self

    def without_secrets(self) -> Self:
        """Give this place as other machines may know it; the address of a database may hold a password."""
        hidden = {"github_token": SecretStr(""), "github_app_key": SecretStr(""), "tracking_uri": ""}
        return self.model_copy(update=hidden)

    def for_pods(self) -> dict[str, str]:
        """Give the variables that tell a pod of this place; none is a secret."""
        told = {f"{PREFIX}{name.upper()}": str(getattr(self, name)) for name in _OF_PODS}
        return {name: value for name, value in told.items() if value}

    @property
    def lake_uri(self) -> str:
        """The lake's root as a URI without a trailing slash."""
        return self.lake or (self.home / "lake").absolute().as_uri()

    @property
    def data_roots(self) -> tuple[str, ...]:
        """The URIs below which people may name data; none means that they may name any."""
        parts = urlsplit(self.lake_uri)
        if parts.scheme == "s3":
            return (*self.data_from.split(), f"s3://{parts.netloc}")
        return (*self.data_from.split(), self.lake_uri) if self.data_from.strip() else ()

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
            kept="everything: nothing was begun",
            advice="correct or unset the variable; docs/settings.md lists them all",
            variables=sorted(PREFIX + str(e["loc"][0]).upper() for e in error.errors() if e["loc"]),
        ) from None


@cache
def settings() -> Settings:
    """Give the settings of this process, read once."""
    return read(dict(os.environ))


def adopt(variables: dict[str, str]) -> Settings:
    """Make another place this process's own; of its own settings only what is of this machine stays.

    Args:
        variables: The ``NIGHTLABEL_`` variables of the place.

    Raises:
        RefusedError: ``NL-S001``, a variable is misspelt or its value is not allowed.
    """
    of_machine = {f"{PREFIX}{name}" for name in ("HOME", "USECASES", "LOG_JSON")}
    for name in [n for n in os.environ if n.startswith(PREFIX) and n not in of_machine]:
        del os.environ[name]
    os.environ.update(variables)
    settings.cache_clear()
    return settings()


def child_environment(without: tuple[str, ...] = (), /, **variables: str) -> dict[str, str]:
    """Give this process's environment with some variables replaced, for a child process.

    Args:
        without: What the names of variables begin with that the child shall not have.
        variables: Names and values that it gets.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    return {**kept, **variables}


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
        if not fault["loc"]:
            parts.append(fault["msg"].removeprefix("Value error, "))
            continue
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
