"""What another model would say to a night that is labelled already; nothing is written."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from nightlabel.contract import UseCase
from nightlabel.label import history, inputs, table
from nightlabel.label.batch import Batch
from nightlabel.label.inputs import Input
from nightlabel.label.labels import read_labels
from nightlabel.label.names import label_date
from nightlabel.label.reading import BATCH_FILES, batches
from nightlabel.label.writing import checked_labels, frame_of
from nightlabel.store import Store

if TYPE_CHECKING:
    from nightlabel.registry.artifact import Labeller

KEY = ["source", "source_version", "row"]
COLUMNS = ["source", "row", "old_label", "old_confidence", "new_label", "new_confidence"]


def relabel(
    usecase: UseCase, lake: Store, date: str, labeller: "Labeller", *, batch_files: int = BATCH_FILES
) -> pd.DataFrame:
    """Label the files of a committed night with another model, and set old beside new.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date.
        labeller: The other model.
        batch_files: Files that are labelled at once, at most.

    Returns:
        One row for each labelled record whose file is still in the inbox in that version: ``source``,
        ``row``, ``old_label``, ``old_confidence``, ``new_label``, ``new_confidence``; the unchanged ones
        too, so that shares can be taken. No rows where the date was not labelled.

    Raises:
        RefusedError: ``NL-C005``, the model gives labels that break its contract.
        UnavailableError: The store did not answer.
    """
    files = _files(usecase, lake, label_date(date))
    new = [_labels(batch, labeller) for batch in batches(usecase, lake, files, batch_files=batch_files)]
    if not files or not any(len(part) for part in new):
        return pd.DataFrame(columns=COLUMNS)
    old = read_labels(lake, usecase.name, date, [*KEY, "label", "confidence"])
    old = old.rename(columns={"label": "old_label", "confidence": "old_confidence"}).dropna(
        subset="old_label"
    )
    both = old.merge(pd.concat(new, ignore_index=True), on=KEY, validate="one_to_one")
    return both.sort_values(["source", "row"], ignore_index=True)[COLUMNS]


def _files(usecase: UseCase, lake: Store, date: str) -> list[Input]:
    snapshot = table.find(lake, usecase.name)
    head = history.head(snapshot, usecase.name, date) if snapshot else None
    return list(inputs.rows(history.inputs_of(lake, usecase.name, head)))


def _labels(batch: Batch, labeller: "Labeller") -> pd.DataFrame:
    if not len(batch.valid):
        return pd.DataFrame(columns=[*KEY, "new_label", "new_confidence"])
    given = checked_labels(batch, labeller.predict(labeller.encode(frame_of(batch), batch.memory)))
    sources, versions = ([getattr(f, name) for f in batch.files] for name in ("source", "version"))
    return pd.DataFrame(
        {
            "source": pd.Series(sources, dtype="str").take(batch.file).to_numpy(),
            "source_version": pd.Series(versions, dtype="str").take(batch.file).to_numpy(),
            "row": pd.array(batch.row, dtype="Int64"),
            "new_label": np.array(given.classes, dtype=object)[given.order[:, 0]],
            "new_confidence": given.confidences[:, 0],
        }
    )
