"""Which addresses people may name: those below the roots of the place, and no others."""

from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from nightlabel.errors import RefusedError, plain
from nightlabel.settings import Settings

_SCHEMES = ("file", "s3")


def require_allowed(uri: str, place: Settings) -> None:
    """Hold an address that a person named against the places that data may come from.

    Args:
        uri: A URI; or a key, which has no ``://``: it is below the lake, and must stay there.
        place: Settings with the roots.

    Raises:
        RefusedError: ``NL-H001``, its scheme is not known, or it is below none of the roots.
    """
    if "://" not in uri:
        if {".", ".."} & set(uri.split("/")) or uri.startswith("/"):
            raise _refused(f"{plain(uri)[:80]!r} leads out of the lake")
        return
    parts, roots = _split(uri), place.data_roots
    if parts is None or parts.scheme not in _SCHEMES:
        raise _refused(f"the scheme of {plain(uri)[:80]!r} is not file:// or s3://")
    if roots and not any(_is_below(parts, urlsplit(root)) for root in roots):
        raise _refused(f"{plain(uri)[:80]!r} is at no place that data may come from here")


def _split(uri: str) -> SplitResult | None:
    try:
        return urlsplit(uri)
    except ValueError:  # an address in brackets that is none
        return None


def _is_below(parts: SplitResult, root: SplitResult) -> bool:
    if (parts.scheme, parts.netloc) != (root.scheme, root.netloc):
        return False
    if parts.scheme == "file":
        return _path(parts).is_relative_to(_path(root))
    named, wanted = parts.path.split("/"), root.path.rstrip("/").split("/")
    return named[: len(wanted)] == wanted and not {".", ".."} & {unquote(step) for step in named}


def _path(parts: SplitResult) -> Path:
    return Path(unquote(parts.path).replace("\0", "")).resolve()


def _refused(sentence: str) -> RefusedError:
    return RefusedError(
        sentence,
        code="NL-H001",
        kept="everything; the address was not asked",
        advice="name a key below the lake, or ask whoever runs the place to add it to NIGHTLABEL_DATA_FROM",
    )
