"""A data set's name is the hash of its content, given and kept by DVC.

DVC runs inside this process: its import takes 0.4 CPU seconds, naming 0.7 (1.5 on S3), while each of the
three commands would take one to two. Each call has a workspace of its own, so that processes do not meet;
they meet in the remote, where an object is written under its hash.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import yaml

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.settings import settings

if TYPE_CHECKING:
    from dvc.repo import Repo

DATA = "data"
"""Name of the data in a workspace, whatever a person called the file."""

_HEX = frozenset("0123456789abcdef")


@dataclass(frozen=True, slots=True)
class DataVersion:
    """A data set, named by its content.

    Attributes:
        md5: MD5 of the bytes, hex: DVC's name, and no protection against forgery.
        size: Bytes.
        pointer: Text of the ``.dvc`` file that stands for the data in git.
    """

    md5: str
    size: int
    pointer: str


def name(data: Path, home: Path, remote: str, *, path: str = DATA) -> DataVersion:
    """Name a file by its content, and keep its bytes in the DVC remote; repeat it freely.

    Args:
        data: The file.
        home: Folder for scratch space.
        remote: Where the bytes go, a ``file://`` or ``s3://`` URI or a folder.
        path: Where ``dvc pull`` puts the data, relative to the pointer; see ``checkout_path``.

    Raises:
        UnavailableError: ``NL-V003``, the remote did not take the bytes.
    """
    with _workspace(home, remote) as (repo, folder), _dvc_answers("take", remote):
        shutil.copyfile(data, folder / DATA)
        (stage,) = repo.add(str(folder / DATA))
        repo.push(str(folder / f"{DATA}.dvc"))
        out = stage.outs[0]
        return _version(str(out.hash_info.value), int(out.meta.size), path)


def fetch(md5: str, size: int | None, home: Path, remote: str, target: Path) -> None:
    """Write exactly the bytes that a data version names.

    Args:
        md5: The data version.
        size: Its bytes, where they are known.
        home: Folder for scratch space.
        remote: Where the bytes are, as in ``name``.
        target: The file to write, whole or not at all.

    Raises:
        RefusedError: ``NL-V001``, the remote has no such version; one whose bytes are damaged counts as
            missing.
        UnavailableError: ``NL-V003``, the remote did not answer.
    """
    if len(md5) != hashlib.md5(usedforsecurity=False).digest_size * 2 or not _HEX.issuperset(md5):
        raise _unknown(md5[:40], remote)
    with _workspace(home, remote) as (repo, folder):
        (folder / f"{DATA}.dvc").write_text(_pointer(md5, size, DATA), encoding="utf-8")
        _pull(repo, folder, md5, remote)
        found = folder / DATA
        if _md5(found) != md5:
            raise _unknown(md5, remote)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(found, target)


def pointed(pointer: str) -> DataVersion:
    """Read the text of a ``.dvc`` file.

    Raises:
        RefusedError: ``NL-V004``, it names no data version.
    """
    try:
        (out,) = yaml.safe_load(pointer)["outs"]
        return DataVersion(str(out["md5"]), int(out["size"]), pointer)
    except (yaml.YAMLError, KeyError, TypeError, ValueError):
        raise RefusedError(
            "the data version's pointer is no .dvc file with one md5 and size",
            code="NL-V004",
            kept="everything: nothing was pulled",
            advice="take the pointer of the proposal as it is",
        ) from None


def checkout_path(key: str) -> str:
    """Say where a pointer beside ``params.toml`` puts its data: below the checkout's own lake.

    Args:
        key: Key below the lake, such as the card's ``default_data``; of a URI only the last part counts.
    """
    inside = "://" not in key and ".." not in key.split("/")
    return f"../../../../.nightlabel/lake/{key if inside else key.rpartition('/')[2] or DATA}"


def _pull(repo: "Repo", folder: Path, md5: str, remote: str) -> None:
    from dvc.exceptions import CheckoutError  # noqa: PLC0415 - heavy, loaded by now

    try:
        with _dvc_answers("give", remote):
            repo.pull(str(folder / f"{DATA}.dvc"))
    except CheckoutError:
        raise _unknown(md5, remote) from None


@contextmanager
def _workspace(home: Path, remote: str) -> Iterator[tuple["Repo", Path]]:
    from dvc.repo import Repo  # noqa: PLC0415 - heavy, and few processes need it

    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="dvc-", dir=home.absolute()) as scratch:
        folder = Path(scratch)
        (folder / ".dvc").mkdir()
        (folder / ".dvc" / "config").write_text(
            "[core]\n    no_scm = true\n    analytics = false\n", encoding="utf-8"
        )
        config = {
            "core": {"remote": "lake", "site_cache_dir": str(folder / "site")},
            "remote": {"lake": _remote(remote)},
        }
        with Repo(str(folder), config=config) as repo:
            yield repo, folder


def _remote(remote: str) -> dict[str, Any]:
    parts = urlsplit(remote)
    if parts.scheme != "s3":
        return {"url": unquote(parts.path) if parts.scheme == "file" else remote, "verify": True}
    place = settings()
    endpoint = {"endpointurl": place.s3_endpoint} if place.s3_endpoint else {}
    return {"url": remote, "verify": True, "region": place.s3_region, **endpoint}


@contextmanager
def _dvc_answers(verb: str, remote: str) -> Iterator[None]:
    from dvc.exceptions import CheckoutError, DvcException  # noqa: PLC0415 - heavy, loaded by now

    try:
        yield
    except CheckoutError:
        raise
    except Exception as error:
        if not isinstance(error, DvcException | OSError) and not type(error).__module__.startswith(
            "botocore"
        ):
            raise
        raise UnavailableError(
            f"the DVC remote {remote!r} did not {verb} the data: {str(error)[:200]}",
            code="NL-V003",
            kept="the data where it was",
            advice="check the lake with nightlabel doctor, then run the step again",
        ) from error


def _version(md5: str, size: int, path: str) -> DataVersion:
    return DataVersion(md5, size, _pointer(md5, size, path))


def _pointer(md5: str, size: int | None, path: str) -> str:
    out: dict[str, Any] = {"md5": md5, "size": size, "hash": "md5", "path": path}
    return yaml.safe_dump({"outs": [{k: v for k, v in out.items() if v is not None}]}, sort_keys=False)


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _unknown(md5: str, remote: str) -> RefusedError:
    return RefusedError(
        f"there is no whole data version {md5!r} in the DVC remote {remote!r}",
        code="NL-V001",
        kept="everything",
        advice="look for data_version in the tags of the MLflow runs, or give the file itself with --data",
        md5=md5,
    )
