"""From labelled records to data files of the table, which no reader sees before the commit."""

import hashlib
import io
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from nightlabel.contract import UseCase
from nightlabel.errors import RefusedError
from nightlabel.label import columns
from nightlabel.label.names import data_file, labels
from nightlabel.label.papers import DataFile, Outcome, Plan
from nightlabel.label.reading import FileRecords
from nightlabel.store import Store

_DETAIL = 500  # characters of a fault that are kept


def frame_of(batch: Sequence[FileRecords]) -> pd.DataFrame:
    """Join the valid records of files, with their identity.

    Args:
        batch: The files.

    Returns:
        The columns of the schema's record, ``source``, ``source_version`` and ``row``; rows of one file
        stand together in file order; the index counts from 0.
    """
    parts = [f for f in batch if len(f.valid)]
    if not parts:
        return pd.DataFrame({"source": [], "source_version": [], "row": []})
    sizes = [len(f.valid) for f in parts]
    frame = pd.concat([f.valid for f in parts], ignore_index=True)
    frame["source"] = np.repeat([f.file.source for f in parts], sizes).astype(object)
    frame["source_version"] = np.repeat([f.file.version for f in parts], sizes).astype(object)
    frame["row"] = np.concatenate([f.valid.index.to_numpy(np.int64) for f in parts])
    return frame.astype({"source": "str", "source_version": "str"})


def checked_labels(frame: pd.DataFrame, labelled: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Hold what a model gave against what a label is.

    Args:
        frame: The records that went in.
        labelled: ``label``, ``confidence``, ``top_labels``, ``top_confidences`` that came out.
        classes: The labels that the model knows.

    Raises:
        RefusedError: ``NL-C005``, a record has no label, a foreign one, or no confidence in [0, 1].
    """
    fits = len(labelled) == len(frame) and labelled.index.equals(frame.index)
    if fits and labelled["label"].isin(list(classes)).all() and labelled["confidence"].between(0, 1).all():
        return labelled
    raise RefusedError(
        "the model gives labels that do not fit its contract",
        code="NL-C005",
        kept="everything; the shard left no receipt",
        advice="nightlabel rollback, then look at the model",
        records=len(frame),
    )


def labelled_rows(usecase: UseCase, plan: Plan, frame: pd.DataFrame, labelled: pd.DataFrame) -> pa.Table:
    """Make the table rows of labelled records.

    Args:
        usecase: Whose card names the carried columns and the threshold of ``abstain``.
        plan: The night's plan, with its model.
        frame: The records, as of ``frame_of``.
        labelled: Their labels, as of ``checked_labels``.
    """
    known = {name: frame[name] for name in ("source", "source_version", "row", *usecase.card.carry)}
    known |= {name: labelled[name] for name in ("label", "confidence", "top_labels", "top_confidences")}
    known["abstain"] = labelled["confidence"] < usecase.card.abstain_below
    return _rows(usecase, plan, known, len(frame))


def quarantined_rows(usecase: UseCase, plan: Plan, batch: Sequence[FileRecords]) -> pa.Table:
    """Make the table rows of the records, and whole files, that could not be labelled."""
    faults = [(f.file, fault) for f in batch for fault in f.faults]
    known = {
        "source": [file.source for file, _ in faults],
        "source_version": [file.version for file, _ in faults],
        "row": [fault.row for _, fault in faults],
        "error_code": [fault.code for _, fault in faults],
        "error_detail": [fault.detail[:_DETAIL] for _, fault in faults],
    }
    return _rows(usecase, plan, known, len(faults))


def store(lake: Store, plan: Plan, rows: pa.Table, *, outcome: Outcome, name: str) -> DataFile:
    """Write one data file under a name of its own; nothing is ever overwritten.

    Args:
        lake: The lake.
        plan: The night's plan.
        rows: The rows, without the partition columns.
        outcome: The partition of the rows.
        name: Name of the file, unique by its attempt's UUID.
    """
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd", write_page_checksum=True)
    data = buffer.getvalue()
    path = data_file(plan.date, outcome, name)
    lake.create(f"{labels(plan.usecase)}/{path}", data)
    sha256 = hashlib.sha256(data).hexdigest()
    return DataFile(path=path, outcome=outcome, rows=len(rows), size=len(data), sha256=sha256)


def _rows(usecase: UseCase, plan: Plan, known: Mapping[str, object], n: int) -> pa.Table:
    schema = columns.file_schema(usecase)
    constants = {"model": plan.model.name, "model_version": plan.model.version, "run": plan.run}
    arrays = []
    for field in schema:
        values = known.get(field.name, [constants.get(field.name)] * n)
        arrays.append(pa.array(values, field.type, from_pandas=True))
    return pa.table(arrays, schema=schema)
