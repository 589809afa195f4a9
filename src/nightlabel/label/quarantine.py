"""Why records were not labelled, and how they are labelled after a fix."""

from typing import TYPE_CHECKING

import pandas as pd

from nightlabel.contract import UseCase
from nightlabel.label.labels import read_labels
from nightlabel.label.names import printable
from nightlabel.label.papers import Plan
from nightlabel.label.plan import plan
from nightlabel.store import Store

if TYPE_CHECKING:
    from nightlabel.registry.models import Pinned

EXAMPLES = 3
"""Examples that are given of each reason."""

_COLUMNS = ["source", "row", "outcome", "error_code", "error_detail"]


def quarantined(usecase: UseCase, lake: Store, date: str) -> pd.DataFrame:
    """Give the reasons of a partition's quarantine.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date.

    Returns:
        One row per code, the most frequent first: ``code``, ``records`` (a whole file counts as one),
        ``files``, and ``examples``, a list of up to three escaped sentences.

    Raises:
        RefusedError: ``NL-H002``, the date is not allowed.
        UnavailableError: The store did not answer.
    """
    rows = read_labels(lake, usecase.name, date, _COLUMNS)
    if rows.empty:
        return pd.DataFrame(columns=["code", "records", "files", "examples"])
    faulty = rows[rows["outcome"] == "quarantined"]
    reasons = [_reason(str(code), group) for code, group in faulty.groupby("error_code")]
    frame = pd.DataFrame(reasons, columns=["code", "records", "files", "examples"])
    return frame.sort_values(["records", "code"], ascending=[False, True], ignore_index=True)


def replay(
    usecase: UseCase, lake: Store, date: str, run: str, model: "Pinned", *, commit: str, image: str = ""
) -> Plan:
    """Plan to label the files with records in quarantine once more, as whole files.

    The generation that is published from the plan replaces all records of these files.

    Args:
        usecase: The use case.
        lake: The lake.
        date: The label date.
        run: Name of a run of its own.
        model: The model, resolved once.
        commit: Git commit of the code.
        image: Image of the pods; empty in a process.

    Returns:
        The plan; it has no shards, and changes nothing, where nothing is in quarantine.

    Raises:
        RefusedError: ``NL-N007``, the date was not labelled yet; or as ``plan``.
    """
    return plan(usecase, lake, date, run, model, commit=commit, image=image, reason="replay")


def _reason(code: str, group: pd.DataFrame) -> tuple[str, int, int, list[str]]:
    first = group.sort_values(["source", "row"]).head(EXAMPLES)
    examples = [
        _example(*cells) for cells in zip(first["source"], first["row"], first["error_detail"], strict=True)
    ]
    return code, len(group), int(group["source"].nunique()), examples


def _example(source: str, row: int | None, detail: str) -> str:
    where = printable(source) if pd.isna(row) else f"{printable(source)} row {row}"
    return f"{where}: {printable(detail)}"
