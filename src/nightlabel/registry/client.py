"""The way to MLflow: short patience, and its errors as ours.

Questions to a server go over its REST API (``rest``). MLflow's own client writes, and reads what only it
reads; it is imported at its first call.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from nightlabel.errors import NightlabelError, RefusedError, UnavailableError, without_passwords
from nightlabel.registry import access
from nightlabel.registry.rest import AnswerError, Rest
from nightlabel.settings import environment, prefer_environment

if TYPE_CHECKING:
    from mlflow import MlflowClient

Reader: TypeAlias = Union["MlflowClient", Rest]
"""Who answers questions of the registry; both have the same method names for it."""

HABITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of MLflow's own 7, which take four minutes
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER": "false",  # a server may ask for an hour
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""How we use MLflow where a person has not said otherwise; a dead server is given up within a minute."""

MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST"})
OURS = frozenset({"RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE", "INVALID_STATE"})
FORBIDDEN = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED"})
REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})


class MissingError(RefusedError):
    """MLflow answers, and has no such thing."""


def reader(tracking_uri: str) -> Reader:
    """Give the lightest client that can answer questions.

    Args:
        tracking_uri: ``http(s)://`` address of a server, or ``sqlite:///`` database.

    Returns:
        The client; nothing is asked yet.

    Raises:
        RefusedError: ``NL-S001``, one of MLflow's variables has a value that is not allowed.
    """
    told = environment("MLFLOW_")
    if access.is_plain(tracking_uri, told):
        return Rest(tracking_uri, access.read(HABITS | told, Path.home()))
    return connect(tracking_uri)


def connect(tracking_uri: str) -> "MlflowClient":
    """Give a client of MLflow's tracking and registry.

    Args:
        tracking_uri: ``http(s)://`` address of a server, or ``sqlite:///`` database.

    Returns:
        The client; nothing is asked of the server yet.

    Raises:
        RefusedError: ``NL-C010``, MLflow's client, or the driver of a database, is not installed, as in an
            image for labelling.
    """
    prefer_environment(HABITS)
    try:
        from mlflow import MlflowClient  # noqa: PLC0415 - heavy, and not every process needs it
        from mlflow.telemetry import set_telemetry_client  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise _without_client(tracking_uri, error) from None

    set_telemetry_client()  # type: ignore[no-untyped-call]  # an import before the habits started it
    if tracking_uri.startswith("sqlite:///"):
        _database(tracking_uri).parent.mkdir(parents=True, exist_ok=True)
    try:
        with answered("open", tracking_uri):
            return MlflowClient(tracking_uri, registry_uri=tracking_uri)
    except ModuleNotFoundError as error:  # the driver of a database
        raise _without_client(tracking_uri, error) from None


def now(tracking_uri: str) -> datetime | None:
    """Give the moment by the clock of a server; nothing where a database has no clock of its own.

    Raises:
        UnavailableError: ``NL-C006``, it did not answer, or without a date.
    """
    if not tracking_uri.startswith(("http://", "https://")):
        return None
    server = Rest(tracking_uri, access.read(HABITS | environment("MLFLOW_"), Path.home()))
    with answered("say what time it is", tracking_uri):
        try:
            return parsedate_to_datetime(server.date())
        except ValueError as error:
            raise AnswerError(f"the answer has no date: {error}") from None


def has_database(tracking_uri: str) -> bool:
    """Say whether a database is there already; of a server, that it has one."""
    return not tracking_uri.startswith("sqlite:///") or _database(tracking_uri).exists()


def artifact_root(tracking_uri: str) -> str | None:
    """Say where a database without a server keeps artifacts: beside it; a server decides itself."""
    if not tracking_uri.startswith("sqlite:///"):
        return None
    return (_database(tracking_uri).parent / "mlflow-artifacts").absolute().as_uri()


def download(place: str, target: Path, tracking_uri: str) -> Path | None:
    """Copy one artifact folder here by MLflow's own client, which knows all kinds of artifact stores.

    Args:
        place: Artifact URI of the folder.
        target: An existing, empty folder.
        tracking_uri: The server that ``place`` may point back to.

    Returns:
        The folder with the files; nothing where there is no such folder, or it is empty.
    """
    prefer_environment(HABITS)
    from mlflow.artifacts import download_artifacts, list_artifacts  # noqa: PLC0415 - heavy

    if not list_artifacts(artifact_uri=place, tracking_uri=tracking_uri):
        return None
    return Path(download_artifacts(artifact_uri=place, dst_path=str(target), tracking_uri=tracking_uri))


@contextmanager
def answered(question: str, tracking_uri: str) -> Iterator[None]:
    """Turn what MLflow raises into our errors.

    Args:
        question: What was asked, as a verb and its object.
        tracking_uri: Whom.

    Raises:
        MissingError: ``NL-C002``, MLflow answers that there is no such thing.
        RefusedError: ``NL-C008``, MLflow does not let us.
        UnavailableError: ``NL-C006``, no answer, or none that MLflow would give.
    """
    try:
        yield
    except NightlabelError:
        raise
    except Exception as error:
        if (code := _code(error)) is None or code in OURS:
            raise
        said = str(error) if code else f"{type(error).__name__}: {error}"
        raise _translated(code, said, question, tracking_uri) from error


def _code(error: Exception) -> str | None:
    """Give MLflow's code of an error: empty where no answer came, none where the error is not MLflow's."""
    library = sys.modules.get("mlflow.exceptions")  # an error of MLflow's client comes from nowhere else
    if isinstance(error, AnswerError) or (library and isinstance(error, library.MlflowException)):
        return str(error.error_code)
    if not isinstance(error, OSError):
        return None
    status = getattr(getattr(error, "response", None), "status_code", None)  # of an artifact's request
    return "PERMISSION_DENIED" if status in REFUSALS else ""


def _translated(code: str, said: str, question: str, tracking_uri: str) -> NightlabelError:
    line, server = without_passwords(" ".join(said.split()))[:200], without_passwords(tracking_uri)
    facts = {"server": server, "question": question}
    if code in MISSING:
        return MissingError(
            f"MLflow cannot {question}: {line}",
            code="NL-C002",
            kept="everything: nothing was registered, labelled or moved",
            advice="look it up in MLflow: it was deleted, or never made",
            **facts,
        )
    if code in FORBIDDEN:
        return RefusedError(
            f"MLflow at {server} does not let us {question}: {line}",
            code="NL-C008",
            kept="all results so far; nothing was labelled or moved",
            advice="nightlabel doctor; check the credentials and the server's --allowed-hosts",
            **facts,
        )
    return UnavailableError(
        f"MLflow at {server} did not {question}: {line}",
        code="NL-C006",
        kept="all results so far; nothing was labelled or moved",
        advice="start or check the MLflow server, then run the step again",
        **facts,
    )


def _without_client(tracking_uri: str, error: ModuleNotFoundError) -> NightlabelError:
    """Refuse a place that only MLflow's own client can ask; the labelling image has none."""
    server = without_passwords(tracking_uri)
    return RefusedError(
        f"{server} needs MLflow's own client, and {error.name} is not installed here",
        code="NL-C010",
        kept="everything: MLflow was not asked",
        advice="name a server: NIGHTLABEL_TRACKING_URI=https://...; or use the training image",
    )


def _database(tracking_uri: str) -> Path:
    return Path(tracking_uri.removeprefix("sqlite:///"))
