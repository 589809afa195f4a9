"""What people ask of a partition: accounting, labels, quarantine, replay."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from nightlabel import catalog
from nightlabel import label as room
from nightlabel.store import open_lake

Result = dict[str, Any]
SHOWN = ["source", "row", "outcome", "label", "confidence", "abstain", "top_labels", "error_code"]


def verify(usecase: str, date: str) -> Result:
    """Account for every record of a partition."""
    return room.verify(catalog.load(usecase), open_lake(), date).model_dump(mode="json")


def labels(usecase: str, date: str, rows: int) -> Result:
    """Give the first labels of a partition, in the order of files and rows."""
    carried = list(catalog.load(usecase).card.carry)
    frame = room.read_labels(open_lake(), usecase, date)
    told = {"date": date, "records": len(frame), "carried": carried}
    if frame.empty:
        return {**told, "rows": []}
    ordered = frame.sort_values(["source", "row"]).head(rows)[[*SHOWN, *carried]].astype(object)
    plain = [{name: _plain(value) for name, value in row.items()} for row in ordered.to_dict("records")]
    return {**told, "rows": plain}


def trace(usecase: str, date: str, source: str) -> Result:
    """Follow a file to the attempt that labelled it; ``log`` finds its lines."""
    found = room.trace(open_lake(), catalog.load(usecase).name, date, source)
    return {**asdict(found), "log": f"@attempt:{found.attempt}"}


def quarantine(usecase: str, date: str) -> Result:
    """Give the reasons of a partition's quarantine, with examples."""
    frame = room.quarantined(catalog.load(usecase), open_lake(), date)
    return {"date": date, "reasons": frame.to_dict("records")}


def replay(usecase: str, date: str) -> Result:
    """Label the quarantined files of a partition again, as a new generation."""
    from nightlabel.steps import whole  # noqa: PLC0415 - it needs every room, and the questions above need few

    return whole.night(usecase, date, f"replay-{datetime.now(UTC):%Y%m%dT%H%M%S}", reason="replay")


def clean(usecase: str, days: int, *, delete: bool) -> Result:
    """Name data files that nobody names, or delete them."""
    card = catalog.load(usecase).card
    found = room.clean(open_lake(), card.name, days=days, delete=delete)
    told = {"deleted" if delete else "would delete": len(found.files), "bytes": found.bytes}
    return {**told, "files": list(found.files), "left": dict(found.left)}


def _plain(value: Any) -> Any:
    """Turn a cell into a plain value; what is missing is nothing."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    return None if pd.isna(value) else value
