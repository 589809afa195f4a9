"""What a write to the registry may meet: a model that is there already, a champion that moved."""

from typing import Any

from nightlabel.errors import NightlabelError, RefusedError


def create(mlflow: Any, name: str) -> None:
    """Make a registered model, or find that it is there."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - loaded already

    try:
        mlflow.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def overtaken(name: str, version: str, over: str, current: str) -> NightlabelError:
    """Say that another version became champion since a version was measured against it."""
    return RefusedError(
        f"version {version} of {name} was measured against champion {over}, which is now {current or 'none'}",
        code="NL-C009",
        kept="the champion",
        advice="run the experiment again, so that the gates compare with the champion of today",
    )
