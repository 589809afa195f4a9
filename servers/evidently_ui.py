"""Evidently's UI behind a sign-in: ``python -m servers.evidently_ui``, told by variables alone.

Evidently's own ``--secret`` guards writing and leaves reading open.
"""

from typing import Annotated

import uvicorn
from pydantic import AfterValidator, BaseModel, Field, SecretStr

from nightlabel.settings import environment, prefer_environment
from servers.signin import SignIn
from servers.told import LEAST_PASSWORD, names, told


class Told(BaseModel):
    """What the UI is told; the aliases are the variables."""

    workspace: str = Field(alias="DRIFT_UI_WORKSPACE", min_length=1)
    password: SecretStr = Field(alias="DRIFT_UI_PASSWORD", min_length=LEAST_PASSWORD)
    allowed: Annotated[str, AfterValidator(lambda text: ",".join(names(text)))] = Field(
        alias="DRIFT_UI_ALLOWED_HOSTS"
    )
    user: str = Field(default="admin", alias="DRIFT_UI_USER", pattern=r"^[^:]+$")
    host: str = Field(default="127.0.0.1", alias="DRIFT_UI_HOST")
    port: int = Field(default=8000, alias="DRIFT_UI_PORT", ge=1, le=65535)


def main() -> None:
    """Serve the workspace until a signal ends it."""
    mine = told(Told, environment("DRIFT_UI_"))
    prefer_environment({"DO_NOT_TRACK": "1"})
    from evidently.ui.service.app import create_app, get_config  # noqa: PLC0415 - reads the environment

    password = mine.password.get_secret_value()
    application = create_app(get_config(workspace=mine.workspace))
    door = SignIn(application, user=mine.user, password=password, hosts=names(mine.allowed))
    uvicorn.run(door, host=mine.host, port=mine.port, server_header=False)


if __name__ == "__main__":
    main()
