"""The way to MLflow: short patience, and its errors as ours. MLflow is imported at the first call.

``import mlflow`` takes about 2.3 CPU seconds and 185 MB, whichever part of it is wanted, so that a process
that asks nothing of the registry must not pay for it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from nightlabel.errors import NightlabelError, RefusedError, UnavailableError
from nightlabel.settings import prefer_environment

if TYPE_CHECKING:
    from mlflow import MlflowClient

HABITS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # of MLflow's own 7, which take four minutes
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""How we use MLflow where a person has not said otherwise; a dead server is given up within a minute."""

MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST"})
OURS = frozenset({"RESOURCE_ALREADY_EXISTS", "INVALID_PARAMETER_VALUE", "BAD_REQUEST", "INVALID_STATE"})
FORBIDDEN = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED"})


class MissingError(RefusedError):
    """MLflow answers, and has no such thing."""


def connect(tracking_uri: str) -> "MlflowClient":
    """Give a client of MLflow's tracking and registry.

    Args:
        tracking_uri: ``http(s)://`` address of a server, or ``sqlite:///`` database.

    Returns:
        The client; nothing is asked of the server yet.
    """
    prefer_environment(HABITS)
    from mlflow import MlflowClient  # noqa: PLC0415 - heavy, and not every process needs it
    from mlflow.telemetry import set_telemetry_client  # noqa: PLC0415

    set_telemetry_client()  # type: ignore[no-untyped-call]  # an import before the habits started it
    if tracking_uri.startswith("sqlite:///"):
        _database(tracking_uri).parent.mkdir(parents=True, exist_ok=True)
    with answered("open", tracking_uri):
        return MlflowClient(tracking_uri, registry_uri=tracking_uri)


def artifact_root(tracking_uri: str) -> str | None:
    """Say where a database without a server keeps artifacts: beside it; a server decides itself."""
    if not tracking_uri.startswith("sqlite:///"):
        return None
    return (_database(tracking_uri).parent / "mlflow-artifacts").absolute().as_uri()


def download(location: str, folder: str, target: Path, tracking_uri: str) -> Path:
    """Copy one artifact folder here.

    Args:
        location: Artifact URI of the model.
        folder: The wanted folder below it; nothing else is read.
        target: An existing, empty folder.
        tracking_uri: The server that ``location`` may point back to.

    Returns:
        The folder with the files.

    Raises:
        MissingError: ``NL-C007``, there is no such folder, or it is empty.
        UnavailableError: ``NL-C006``, the server or its artifact store did not answer.
    """
    from mlflow.artifacts import download_artifacts, list_artifacts  # noqa: PLC0415 - heavy, see above

    place = f"{location}/{folder}"
    with answered(f"give {folder} of {location[-80:]}", tracking_uri):
        if not list_artifacts(artifact_uri=place, tracking_uri=tracking_uri):
            raise MissingError(
                f"there is no {folder} at {location[-80:]!r}: the model was never logged whole",
                code="NL-C007",
                kept="everything: nothing was registered, planned or moved",
                advice="train the candidate again",
            )
        found = download_artifacts(artifact_uri=place, dst_path=str(target), tracking_uri=tracking_uri)
    return Path(found)


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
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - heavy, and not every process needs it

    try:
        yield
    except NightlabelError:
        raise
    except MlflowException as error:
        if error.error_code in OURS:
            raise
        raise _translated(str(error.error_code), str(error), question, tracking_uri) from error
    except OSError as error:
        raise _translated("", f"{type(error).__name__}: {error}", question, tracking_uri) from error


def _translated(code: str, said: str, question: str, tracking_uri: str) -> NightlabelError:
    line, server = _shown(" ".join(said.split()))[:200], _shown(tracking_uri)
    facts = {"server": server, "question": question}
    if code in MISSING:
        return MissingError(f"MLflow cannot {question}: {line}", code="NL-C002", **facts)
    if code in FORBIDDEN:
        return RefusedError(
            f"MLflow at {server} does not let us {question}: {line}",
            code="NL-C008",
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


def _database(tracking_uri: str) -> Path:
    return Path(tracking_uri.removeprefix("sqlite:///"))


def _shown(text: str) -> str:
    """Leave out the passwords of addresses."""
    return re.sub(r"://[^/@\s]+@", "://", text)
