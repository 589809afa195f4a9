"""A registered model, fetched, verified and ready to label."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nightlabel.contract import UseCase
from nightlabel.registry import artifact
from nightlabel.registry.artifact import Labeller
from nightlabel.registry.models import Pinned, Registry


@contextmanager
def loaded(registry: Registry, pinned: Pinned, usecase: UseCase) -> Iterator[Labeller]:
    """Fetch a model, verify its SHA-256, and load it; its files go when the block ends.

    Raises:
        RefusedError: ``NL-C003`` its files are not those that were registered, ``NL-C004`` there is a
            file that no model has, ``NL-C005`` it is not a model of this use case.
        UnavailableError: ``NL-C006``, the registry did not answer.
    """
    with tempfile.TemporaryDirectory() as scratch:
        folder = registry.fetch(pinned, Path(scratch))
        yield artifact.load(folder, usecase, sha256=pinned.sha256)
