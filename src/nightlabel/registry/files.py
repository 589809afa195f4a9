"""The files of a model, copied here from where MLflow keeps them.

Whoever may write to the registry says what is copied: names, sizes and addresses are held against bounds
before they cost anything.
"""

import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

from nightlabel.errors import RefusedError, UnavailableError, without_passwords
from nightlabel.registry import client
from nightlabel.registry.rest import CHUNK, AnswerError, Rest
from nightlabel.settings import environment, settings
from nightlabel.store import open_uri

if TYPE_CHECKING:
    from nightlabel.registry.client import Reader

Files = Iterator[tuple[str, Iterable[bytes]]]
"""Names below a folder, with slashes, and the chunks of each file."""

LARGEST = 2**31
"""Bytes of all files of a model: no ONNX network is larger."""

MOST_FILES, DEEPEST, LONGEST_NAME = 100, 8, 200

_OVER_HTTP = frozenset({"http", "https", "mlflow-artifacts"})
_READ_HERE = frozenset({"", "file", "s3"})
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
        RefusedError: ``NL-C004``, a file's name leads out of the folder, or there are too many or too large
            ones; ``NL-C008``, the server or its artifact store does not let us; ``NL-H001``, the address is
            of another server.
        UnavailableError: ``NL-C006``, the server or its artifact store did not answer.
    """
    place = f"{location.rstrip('/')}/{folder}"
    shown = without_passwords(location)[-80:]
    _require_known(place, tracking_uri)
    copied = None
    with suppress(client.MissingError), client.answered(f"give {folder} of {shown}", tracking_uri):
        files = _files(place, reader)
        copied = _downloaded(place, target, tracking_uri) if files is None else _write(files, target)
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


def _require_known(place: str, tracking_uri: str) -> None:
    """Refuse an address but of a folder, of S3, and of MLflow itself.

    MLflow's own client follows ``runs:/`` and ``models:/`` to whatever address stands in the registry, and
    asks the hosts that other schemes name.
    """
    parts, known = urlsplit(place), urlsplit(tracking_uri)
    ours = parts.scheme in _OVER_HTTP and parts.netloc in {"", known.netloc.rpartition("@")[2]}
    if not ours and parts.scheme not in _READ_HERE:
        host = f"//{parts.hostname}" if parts.hostname else ""
        raise RefusedError(
            f"the files of a model cannot be at {parts.scheme}:{host}",
            code="NL-H001",
            kept="everything; the address was not asked",
            advice="find out who registered it; roll back: nightlabel rollback",
        )


def _downloaded(place: str, target: Path, tracking_uri: str) -> Path | None:
    try:
        return client.download(place, target, tracking_uri)
    except Exception as error:
        if getattr(error, "error_code", "") == "INVALID_PARAMETER_VALUE":  # MLflow's word for a way out
            raise _refused(f"MLflow does not copy the files of a model: {error}"[:200]) from None
        raise


def _local(folder: Path, inside: str = "") -> Files:
    if not folder.is_dir():
        return
    _require_depth(inside)
    for item in sorted(folder.iterdir()):
        kind = item.lstat().st_mode
        if stat.S_ISDIR(kind):
            yield from _local(item, f"{inside}{item.name}/")
        elif stat.S_ISREG(kind):
            yield f"{inside}{item.name}", _chunks(item)
        else:
            raise _refused(f"{inside}{item.name}"[:LONGEST_NAME] + " is a link or a device, and no file")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk


def _stored(place: str) -> Files:
    """Give the files of a place on S3, which our store reads as it reads the lake."""
    endpoint = environment("MLFLOW_S3_").get("MLFLOW_S3_ENDPOINT_URL", settings().s3_endpoint)
    store = open_uri(place, settings().model_copy(update={"s3_endpoint": endpoint}))
    try:
        for entry in store.list():
            if entry.size > LARGEST:
                raise _refused(f"a file of a model cannot have {entry.size:,} bytes")
            yield entry.key, [store.get(entry.key)]
    except (RefusedError, UnavailableError) as error:
        if error.code == "NL-C004":
            raise
        code = "PERMISSION_DENIED" if error.code == "NL-B009" else "INTERNAL_ERROR"
        raise AnswerError(error.sentence, code) from error


def _proxied(rest: Rest, folder: str, inside: str = "") -> Files:
    _require_depth(inside)
    for item in rest.list_artifacts(f"{folder}/{inside}".rstrip("/")):
        name = f"{inside}{item.path}"
        if item.is_dir:
            yield from _proxied(rest, folder, f"{name}/")
        else:
            yield name, rest.read_artifact(f"{folder}/{name}")


def _write(files: Files, target: Path) -> Path | None:
    """Write files below a folder; nothing where there are none."""
    found, room = None, LARGEST
    for number, (name, chunks) in enumerate(files, start=1):
        if number > MOST_FILES:
            raise _refused(f"a model cannot have more than {MOST_FILES} files")
        with _new_file(target.joinpath(*_parts(name))) as file:
            for chunk in chunks:
                if (room := room - len(chunk)) < 0:
                    raise _refused(f"a model cannot have more than {LARGEST:,} bytes")
                file.write(chunk)
        found = target
    return found


def _new_file(place: Path) -> BinaryIO:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        return place.open("xb")
    except (FileExistsError, NotADirectoryError):
        raise _refused(f"a model's file {place.name[:60]!r} stands twice") from None


def _parts(name: str) -> list[str]:
    """Split a name that came from outside; none of its parts may lead out of the folder."""
    parts = name.split("/")
    if len(name.encode("utf-8", "replace")) > LONGEST_NAME or not all(map(_is_plain, parts)):
        raise _refused(f"a model's file cannot be called {name[:60]!r}")
    return parts


def _is_plain(part: str) -> bool:
    return part not in {"", ".", ".."} and "\\" not in part and part.isprintable()


def _require_depth(inside: str) -> None:
    if inside.count("/") > DEEPEST:
        raise _refused(f"a model cannot have folders {DEEPEST} deep")


def _refused(sentence: str) -> RefusedError:
    return RefusedError(
        sentence,
        code="NL-C004",
        kept="everything; nothing was written outside the model's folder",
        advice="do not load it; find out who wrote it, and register the model again",
    )
