"""Where the bytes of a labelled file come from: a named version, the lake, or a URI."""

import tempfile
from pathlib import Path

from nightlabel.errors import RefusedError
from nightlabel.settings import settings
from nightlabel.steps.folder import Experiment, Request
from nightlabel.store import open_uri
from nightlabel.store.store import MissingError
from nightlabel.version import fetch


def read_data(place: Experiment, request: Request) -> bytes:
    """Read the labelled file of an experiment.

    Raises:
        RefusedError: ``NL-R003``, there is no such file; or its version is not in the DVC remote.
    """
    if request.data_version:
        with tempfile.TemporaryDirectory() as scratch:
            target = Path(scratch) / "data"
            fetch(request.data_version, None, settings().home, place.lake.at("dvc"), target)
            return target.read_bytes()
    try:
        return _read(place, request.data)
    except MissingError:
        raise RefusedError(
            f"there is no file {request.data!r}",
            code="NL-R003",
            advice="name a key below the lake, or a file:// or s3:// URI",
        ) from None


def _read(place: Experiment, data: str) -> bytes:
    if "://" not in data:
        return place.lake.get(data)
    root, _, name = data.rpartition("/")
    return open_uri(root).get(name)
