"""Do merged parameters, data pointer and challenger belong together? Asked before the champion moves."""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from nightlabel.errors import RefusedError
from nightlabel.version import pointed

PARAMS_DIGEST, DATA_VERSION, SHA256, COMPARED = "params_digest", "data_version", "sha256", "champion"
"""Tags of a registered version that a release reads; ``champion`` is the version it was compared with."""

_MD5 = re.compile(r"[0-9a-f]{32}(\.dir)?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def params_digest(params: bytes) -> str:
    """Name the parameters of ``params.toml`` by their content; order, comments and spelling do not count.

    Args:
        params: The file.

    Returns:
        SHA-256 of the canonical JSON, hex.

    Raises:
        RefusedError: ``NL-F005``, the file is no TOML.
    """
    try:
        content = tomllib.loads(params.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refused(f"params.toml is no TOML: {error}") from None
    return hashlib.sha256(_canonical(content).encode()).hexdigest()


def data_version(pointer: bytes) -> str:
    """Read the data version that a pointer names.

    Args:
        pointer: The ``.dvc`` file.

    Returns:
        MD5 of the data set, hex.

    Raises:
        RefusedError: ``NL-F005``, the file names no single data set.
    """
    try:
        version = pointed(pointer.decode()).md5
    except (UnicodeDecodeError, RefusedError):
        raise _refused("the data pointer is no .dvc file of one data set") from None
    if not _MD5.fullmatch(version):
        raise _refused("the data pointer names no MD5")
    return version


def check_release(
    params: bytes, pointer: bytes, tags: Mapping[str, str], *, champion: str | None = None
) -> None:
    """Refuse a release whose parts do not belong together.

    Args:
        params: ``params.toml`` of the merged target branch.
        pointer: The data pointer of the merged target branch.
        tags: Tags of the challenger's version.
        champion: Version of the champion now, empty where there is none. Given, the challenger must have
            been compared with this very version: another champion since then makes its gates stale.

    Raises:
        RefusedError: ``NL-F005``, with what differs.
    """
    merged = {PARAMS_DIGEST: params_digest(params), DATA_VERSION: data_version(pointer)}
    if champion is not None:
        merged[COMPARED] = champion
    differs = {
        name: {"merged": value, "challenger": tags.get(name)}
        for name, value in merged.items()
        if tags.get(name) != value
    }
    if not _SHA256.fullmatch(tags.get(SHA256, "")):
        differs[SHA256] = {"merged": "64 hex digits", "challenger": tags.get(SHA256)}
    if differs:
        raise _refused(f"{', '.join(map(_said, differs, differs.values()))}", differs=differs)


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=lambda moment: moment.isoformat())


def _said(name: str, pair: Mapping[str, str | None]) -> str:
    known = {COMPARED: "champion at the gates"}.get(name, name.replace("_", " "))
    return f"{known} is {_cut(pair['merged'])} now, but {_cut(pair['challenger'])} for the challenger"


def _cut(value: str | None) -> str:
    return (value[:12] if value.isprintable() else "unreadable") if value else "none"


def _refused(reason: str, **facts: Any) -> RefusedError:
    return RefusedError(
        f"the release is refused: {reason}",
        code="NL-F005",
        kept="the champion as it is",
        advice="merge the challenger's own proposal, or run the experiment again",
        **facts,
    )
