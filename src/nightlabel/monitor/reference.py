"""The training snapshot: what the champion's records and its predictions looked like when it was approved.

Inputs come from all records of the training data. Predictions come from records outside the fit alone
(validation and holdout): on the records that it was fitted on a model is over-confident, and against such
a snapshot every night would look drifted. Where a record was in the fit, its prediction is empty.
"""

import io

import pandas as pd

from nightlabel.contract import Card
from nightlabel.errors import RefusedError
from nightlabel.monitor.verdict import PREDICTIONS
from nightlabel.store import Store
from nightlabel.store.store import MissingError

RECORDS = 100_000
"""Largest number of records of a snapshot."""


def snapshot(
    card: Card, frame: pd.DataFrame, predictions: pd.DataFrame, *, seed: int = 0, records: int = RECORDS
) -> pd.DataFrame:
    """Take the training snapshot.

    Args:
        card: Names the watched columns.
        frame: Records of the training data, in the schema's columns.
        predictions: ``label`` and ``confidence`` of the records outside the fit, by the index of ``frame``.
        seed: Seed of the sample.
        records: Largest number of records.

    Returns:
        The watched columns: numbers as float64, categories as text, predictions empty where not given.

    Raises:
        RefusedError: ``NL-M011``, a prediction belongs to no record, or a watched column is missing.
    """
    watched = card.monitoring.columns
    inputs = frame[[name for name in watched if name in frame and name not in PREDICTIONS]]
    own = predictions[[name for name in watched if name in predictions and name in PREDICTIONS]]
    _agree(card, inputs, own)
    whole = inputs.join(own)[list(watched)]
    if len(whole) > records:
        whole = whole.sample(records, random_state=seed)
    kinds = {name: "float64" if column.kind == "number" else "str" for name, column in watched.items()}
    return whole.astype(kinds)


def key(usecase: str, model_version: str) -> str:
    """Give the key of a model version's snapshot."""
    return f"{usecase}/drift/reference/{model_version}.parquet"


def save(lake: Store, card: Card, model_version: str, taken: pd.DataFrame) -> str:
    """Keep a snapshot beside the model's version; gives its key."""
    buffer = io.BytesIO()
    taken.to_parquet(buffer, index=False, compression="zstd")
    lake.put(key(card.name, model_version), buffer.getvalue())
    return key(card.name, model_version)


def load(lake: Store, card: Card, model_version: str) -> pd.DataFrame:
    """Read a snapshot.

    Raises:
        RefusedError: ``NL-M009``, this version has none.
    """
    try:
        raw = lake.get(key(card.name, model_version))
    except MissingError:
        raise RefusedError(
            f"version {model_version} of {card.name} has no training snapshot, so drift cannot be told",
            code="NL-M009",
            kept="the labels of the night stay committed",
            advice=f"nightlabel register --usecase {card.name} --run RUN, for the run of this version",
        ) from None
    return pd.read_parquet(io.BytesIO(raw))


def _agree(card: Card, inputs: pd.DataFrame, predictions: pd.DataFrame) -> None:
    foreign = int((~predictions.index.isin(inputs.index)).sum())
    missing = sorted(set(card.monitoring.columns) - set(inputs) - set(predictions))
    if foreign or missing:
        what = f"lacks {', '.join(missing)}" if missing else f"has {foreign} predictions without a record"
        raise RefusedError(
            f"the training snapshot {what}",
            code="NL-M011",
            kept="the run and its model; no snapshot was written",
            advice="correct the drift columns on the card, then run the step register again",
            columns=missing,
            foreign=foreign,
        )
