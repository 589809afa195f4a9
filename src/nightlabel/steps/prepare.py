"""Validation and encoding of training data, by pandas in this process or spread over Spark: one result."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from numpy.typing import NDArray

from nightlabel import spread
from nightlabel.contract import Encoder, UseCase
from nightlabel.settings import settings
from nightlabel.steps.data import DataSet
from nightlabel.steps.folder import Experiment
from nightlabel.store.store import MissingError
from nightlabel.validate import Source, Validated, validated

Encode = Callable[[Encoder, pd.DataFrame], dict[str, NDArray[Any]]]
"""Turns valid records without their label into the network's inputs."""


def validate(usecase: UseCase, data: DataSet) -> Iterator[Validated]:
    """Validate the files of a data set, in their order."""
    place, alone = settings(), not data.folder
    if place.prepare_with == "pandas":
        for source in data.sources:
            yield validated(usecase.schema, source.read(place), source.name, alone=alone)
        return
    with spread.session(place) as spark:
        yield from spread.validate(spark, usecase, data.sources, place, alone=alone)


@contextmanager
def encoding(place: Experiment) -> Iterator[Encode]:
    """Give what encodes the records of a run."""
    if settings().prepare_with == "pandas":
        yield plain
        return
    with spread.session(settings()) as spark:

        def encode(encoder: Encoder, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
            ids = frame[["source", "row"]]
            parts = spread.encode(
                spark, place.usecase, encoder, rows=_stored(place), wanted=ids, place=settings()
            )
            return spread.joined(parts)

        yield encode


def plain(encoder: Encoder, frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """Encode in this process."""
    return encoder.encode(frame)


def _stored(place: Experiment) -> Source:
    key = place.key("rows.parquet")
    entry = place.lake.head(key)
    if entry is None:
        raise MissingError(
            f"there is no object {key!r}",
            code="NL-B012",
            kept="the other results of the run",
            advice="find out who deleted it, then start a new run",
        )
    return Source("rows", place.lake.uri, key, entry.version, entry.size)
