"""How MLflow is asked over HTTP: what MLflow's own client reads from its own variables."""

from base64 import b64encode
from configparser import ConfigParser
from configparser import Error as ConfigError
from importlib.metadata import entry_points
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from nightlabel.errors import RefusedError

_SIGNERS = ("MLFLOW_TRACKING_AUTH", "MLFLOW_TRACKING_AWS_SIGV4")
_PLUGINS = "mlflow.request_header_provider"  # entry points whose headers only MLflow's own client sends


class Access(BaseModel):
    """Credentials, patience and TLS of one MLflow server; the aliases are the variables."""

    model_config = ConfigDict(frozen=True)

    username: str = Field(default="", alias="MLFLOW_TRACKING_USERNAME")
    password: SecretStr = Field(default=SecretStr(""), alias="MLFLOW_TRACKING_PASSWORD")
    token: SecretStr = Field(default=SecretStr(""), alias="MLFLOW_TRACKING_TOKEN")
    workspace: str = Field(default="", alias="MLFLOW_WORKSPACE")
    insecure: bool = Field(default=False, alias="MLFLOW_TRACKING_INSECURE_TLS")
    server_certificate: str = Field(default="", alias="MLFLOW_TRACKING_SERVER_CERT_PATH")
    client_certificate: str = Field(default="", alias="MLFLOW_TRACKING_CLIENT_CERT_PATH")
    redirects: bool = Field(default=True, alias="MLFLOW_ALLOW_HTTP_REDIRECTS")
    retries: int = Field(alias="MLFLOW_HTTP_REQUEST_MAX_RETRIES", ge=0, le=10)
    backoff: float = Field(alias="MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", ge=0, le=120)
    jitter: float = Field(default=1, alias="MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", ge=0)
    timeout: float = Field(alias="MLFLOW_HTTP_REQUEST_TIMEOUT", gt=0)
    heeds_retry_after: bool = Field(alias="MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER")

    @model_validator(mode="after")
    def _one_word_on_tls(self) -> "Access":
        if self.insecure and self.server_certificate:
            raise ValueError("MLFLOW_TRACKING_INSECURE_TLS excludes MLFLOW_TRACKING_SERVER_CERT_PATH")
        return self

    @property
    def headers(self) -> dict[str, str]:
        """The headers of every request; a name with a password comes before a token, as in MLflow."""
        found = {"User-Agent": "nightlabel"}
        if workspace := self.workspace.strip():
            found["X-MLFLOW-WORKSPACE"] = workspace
        password, token = self.password.get_secret_value(), self.token.get_secret_value()
        if self.username and password:
            found["Authorization"] = f"Basic {b64encode(f'{self.username}:{password}'.encode()).decode()}"
        elif token:
            found["Authorization"] = f"Bearer {token}"
        return found

    @property
    def verify(self) -> bool | str:
        """What the server's certificate is held against, in the words of ``requests``."""
        return self.server_certificate or not self.insecure


def is_plain(tracking_uri: str, environment: dict[str, str]) -> bool:
    """Say whether a place is a server that wants no signature and no plug-in of MLflow's own client.

    Args:
        tracking_uri: Server or database.
        environment: MLflow's variables.
    """
    signed = any(environment.get(name, "false").lower() not in {"false", "0"} for name in _SIGNERS)
    is_server = tracking_uri.startswith(("http://", "https://"))
    return is_server and not signed and not entry_points(group=_PLUGINS)


def read(environment: dict[str, str], home: Path) -> Access:
    """Read how to ask.

    Args:
        environment: MLflow's variables; of the fields without a default all must be there.
        home: The person's folder; its ``.mlflow/credentials`` gives what the environment does not.

    Raises:
        RefusedError: ``NL-S001``, a value is not allowed.
    """
    try:
        return Access.model_validate(_credentials(home / ".mlflow" / "credentials") | environment)
    except ValidationError as error:
        faults = error.errors(include_input=False, include_url=False)
        told = "; ".join(": ".join([*map(str, fault["loc"]), fault["msg"]]) for fault in faults)
        raise _refused(told, "correct or unset the variable") from None
    except ConfigError:  # its text may quote the password
        raise _refused(
            "~/.mlflow/credentials is no INI file", "correct the file, or set MLflow's variables"
        ) from None


def _credentials(path: Path) -> dict[str, str]:
    parser = ConfigParser(interpolation=None)
    parser.read(path, encoding="utf-8")
    found = dict(parser["mlflow"]) if "mlflow" in parser else {}
    return {name.upper(): value for name, value in found.items() if value}


def _refused(sentence: str, advice: str) -> RefusedError:
    return RefusedError(sentence, code="NL-S001", kept="everything: MLflow was not asked", advice=advice)
