"""The files of a model, copied here from where MLflow keeps them."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.registry import client
from nightlabel.registry.rest import AnswerError, Rest
from nightlabel.settings import environment, settings
from nightlabel.store import open_uri

if TYPE_CHECKING:
    from nightlabel.registry.client import Reader

Files = Iterator[tuple[str, Iterable[bytes]]]
"""Names below a folder, with slashes, and the chunks of each file."""

_S3_OPTIONS = frozenset({"MLFLOW_S3_IGNORE_TLS", "MLFLOW_S3_EXPECTED_BUCKET_OWNER"})  # our store has none


def copy(location: str, folder: str, target: Path, reader: "Reader", tracking_uri: str) -> Path:
    """Copy one artifact folder here.

    Args:
        location: Artifact URI of the model.
        folder: The wanted folder below it; nothing else is read.
        target: An existing, empty folder.
        reader: The client of the MLflow that named ``location``, which may point back to it.
        tracking_uri: The address of that MLflow.

    Returns:
        The folder with the files.

    Raises:
        MissingError: ``NL-C007``, there is no such folder, or it is empty.
        RefusedError: ``NL-C004``, a file's name leads out of the folder; ``NL-C008``, the server or its
            artifact store does not let us.
        UnavailableError: ``NL-C006``, the server or its artifact store did not answer.
    """
    place = f"{location.rstrip('/')}/{folder}"
    shown = location[-80:]
    copied = None
    with suppress(client.MissingError), client.answered(f"give {folder} of {shown}", tracking_uri):
        files = _files(place, reader)
        copied = client.download(place, target, tracking_uri) if files is None else _write(files, target)
    if copied is None:
        raise client.MissingError(
            f"there is no {folder} at {shown!r}: the model was never logged whole",
            code="NL-C007",
            kept="everything: nothing was registered, planned or moved",
            advice="train the candidate again",
        )
    return copied


def _files(place: str, reader: "Reader") -> Files | None:
    """Give the files of a place that can be read without MLflow's own client, else nothing."""
    parts = urlsplit(place)
    match parts.scheme:
        case "":
            return _local(Path(place))
        case "file":
            return _local(Path(unquote(parts.path)))
        case "s3" if not environment("MLFLOW_S3_").keys() & _S3_OPTIONS:
            return _stored(place)
        case "mlflow-artifacts" if isinstance(reader, Rest) and not parts.netloc:
            return _proxied(reader, parts.path.strip("/"))
    return None


def _local(folder: Path, inside: str = "") -> Files:
    if not folder.is_dir():
        return
    for item in sorted(folder.iterdir()):
        if item.is_dir():
            yield from _local(item, f"{inside}{item.name}/")
        else:
            yield f"{inside}{item.name}", [item.read_bytes()]


def _stored(place: str) -> Files:
    """Give the files of a place on S3, which our store reads as it reads the lake."""
    endpoint = environment("MLFLOW_S3_").get("MLFLOW_S3_ENDPOINT_URL", settings().s3_endpoint)
    store = open_uri(place, settings().model_copy(update={"s3_endpoint": endpoint}))
    try:
        for entry in store.list():
            yield entry.key, [store.get(entry.key)]
    except (RefusedError, UnavailableError) as error:
        code = "PERMISSION_DENIED" if error.code == "NL-B009" else "INTERNAL_ERROR"
        raise AnswerError(error.sentence, code) from error


def _proxied(rest: Rest, folder: str, inside: str = "") -> Files:
    for item in rest.list_artifacts(f"{folder}/{inside}".rstrip("/")):
        name = f"{inside}{item.path}"
        if item.is_dir:
            yield from _proxied(rest, folder, f"{name}/")
        else:
            yield name, rest.read_artifact(f"{folder}/{name}")


def _write(files: Files, target: Path) -> Path | None:
    """Write files below a folder; nothing where there are none."""
    found = None
    for name, chunks in files:
        place = target.joinpath(*_parts(name))
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("xb") as file:
            file.writelines(chunks)
        found = target
    return found


def _parts(name: str) -> list[str]:
    """Split a name that came from outside; none of its parts may lead out of the folder."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} or "\\" in part or not part.isprintable() for part in parts):
        raise RefusedError(
            f"a model's file cannot be called {name[:60]!r}",
            code="NL-C004",
            kept="everything; nothing was written outside the model's folder",
            advice="do not load it; find out who wrote it, and register the model again",
        )
    return parts
