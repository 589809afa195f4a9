"""MLflow's server with its own sign-in: ``python -m servers.mlflow_server``, told by variables alone.

They are MLflow's variables. What MLflow lets pass is refused here, its sign-in is given its configuration,
and then this process becomes ``mlflow server``.
"""

import os
import sys
from configparser import ConfigParser
from io import StringIO
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from nightlabel.settings import child_environment, environment
from servers import private
from servers.told import LEAST_PASSWORD, names, told

LEAST_KEY = 32
"""Characters of the key that signs MLflow's cookies."""
PASSWORD_SECONDS = 60
"""How long a password that was right is not hashed again; hashing takes longer than most answers."""
PRIVATE = 0o077
ROOT = str(Path(__file__).parents[1])

_List = Annotated[str, AfterValidator(lambda text: ",".join(names(text)))]


class Told(BaseModel):
    """What the server is told, as far as this project has a say in it; the aliases are the variables."""

    password: SecretStr = Field(alias="MLFLOW_AUTH_ADMIN_PASSWORD", min_length=LEAST_PASSWORD)
    key: SecretStr = Field(alias="MLFLOW_FLASK_SERVER_SECRET_KEY", min_length=LEAST_KEY)
    hosts: _List = Field(alias="MLFLOW_SERVER_ALLOWED_HOSTS")
    origins: _List | None = Field(default=None, alias="MLFLOW_SERVER_CORS_ALLOWED_ORIGINS")
    config: Path = Field(alias="MLFLOW_AUTH_CONFIG_PATH")
    accounts: SecretStr = Field(alias="MLFLOW_AUTH_DATABASE_URI", min_length=1)
    permission: Literal["READ", "NO_PERMISSIONS"] = Field("READ", alias="MLFLOW_AUTH_DEFAULT_PERMISSION")
    unguarded: Literal["false"] = Field("false", alias="MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE")
    closed: Literal["true"] = Field("true", alias="MLFLOW_BASIC_AUTH_FAIL_CLOSED")


def main() -> None:
    """Become MLflow's server."""
    mine = told(Told, environment("MLFLOW_"))
    os.umask(PRIVATE)
    private.write(mine.config, _configuration(mine))
    program = str(Path(sys.executable).with_name("mlflow"))
    habits = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    paths = os.pathsep.join([ROOT, *environment("PYTHONPATH").values()])
    variables = child_environment(**habits, PYTHONPATH=paths)
    os.execve(program, [program, "server", "--app-name", "basic-auth"], variables)  # noqa: S606 - no shell


def _configuration(mine: Told) -> str:
    """Give the file that MLflow's sign-in reads; the password is not in it."""
    parser, text = ConfigParser(), StringIO()
    parser["mlflow"] = {
        "default_permission": mine.permission,
        "database_uri": mine.accounts.get_secret_value().replace("%", "%%"),
        "admin_username": "admin",
        "authorization_function": "servers.mlflow_origin:authenticate",
        "auth_cache_ttl_seconds": str(PASSWORD_SECONDS),
    }
    parser.write(text)
    return text.getvalue()


if __name__ == "__main__":
    main()
