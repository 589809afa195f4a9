"""Trains the network on look-alike data, by the library's own room."""

from pathlib import Path

import pandas as pd

from nightlabel.contract import UseCase
from nightlabel.registry import artifact
from nightlabel.train.export import to_onnx
from nightlabel.train.loop import train as fitted
from nightlabel.usecases.card_spending import lookalike
from nightlabel.validate import check
from nightlabel.version import split

_RECORDS, _SEED = 4_000, 7


def train(usecase: UseCase, folder: Path, candidate: str) -> str:
    """Train a candidate and save it as an artifact.

    Args:
        usecase: ``card_spending``.
        folder: Where to.
        candidate: Its name on the card.

    Returns:
        The digest of the artifact.
    """
    card, params, rows = usecase.card, usecase.card.candidates[candidate], _records(usecase)
    months = {"holdout_months": card.holdout_months, "validation_months": card.validation_months}
    roles = split(rows[card.split_time], **months)
    made = fitted(usecase, rows[roles == "fit"], rows[roles == "validation"], params, _SEED)
    example = rows.head(5).drop(columns=usecase.schema.LABEL)
    network = to_onnx(made.network, made.encoder.encode(example))
    return artifact.save(folder, usecase, made.encoder, network, params=params, seed=_SEED, example=example)


def _records(usecase: UseCase) -> pd.DataFrame:
    schema = usecase.schema
    reading = schema.read(lookalike.make(_RECORDS, _SEED), labelled=True)
    frame = check(reading, schema.LabelledRecord, schema.COLUMNS).frame
    return frame.assign(source="made.csv").sort_values("data", kind="stable", ignore_index=True)
