"""One watched column, ready to be compared; or the reason why it cannot be.

Evidently says "no drift" for a missing column and stumbles over empty ones, so all of that is settled
here, before it is asked.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nightlabel.contract.card import DriftColumn
from nightlabel.errors import RefusedError
from nightlabel.monitor.verdict import PREDICTIONS

COMMON, MOST = 0.01, 20
"""A category keeps its name from this share of the snapshot on, and at most so many do."""
REST, MISSING = "(other)", "(missing)"
MISSING_MORE = 0.10
"""Rise of the share of missing numbers from which the column counts as drifted."""
_AT_LEAST = 2  # values; one value has no distribution

_ADVICE = {
    "NL-M001": "check the inbox of these nights, and the training snapshot",
    "NL-M002": "check the columns of the source against the card",
    "NL-M003": "ask the source why the column is empty",
    "NL-M004": "ask the source where the infinite numbers come from",
    "NL-M005": "wait for more nights; if it stays, ask the source",
    "NL-M006": "change the column or its method on the card",
    "NL-M007": "correct the schema, or the column's kind on the card",
}


@dataclass(frozen=True, slots=True)
class Pair:
    """The two sides of one column, computable.

    Attributes:
        reference: Values of the training snapshot, float64 or text.
        current: Values of the window, of the same type.
        missing_more: Share of missing values now, less that of the snapshot.
    """

    reference: pd.Series
    current: pd.Series
    missing_more: float


def pair(name: str, rule: DriftColumn, reference: pd.DataFrame, current: pd.DataFrame) -> Pair:
    """Make one column's two sides comparable.

    Numbers become float64. Categories that the snapshot does not know well become ``(other)``: a long tail
    of rare values would drown the statistic, and no free text of a record reaches a report.

    Args:
        name: The column.
        rule: Its kind, from the card.
        reference: The training snapshot.
        current: The window's records.

    Raises:
        RefusedError: ``NL-M001`` to ``NL-M007``, why the column cannot be compared.
    """
    sides = [_side(name, frame, where) for frame, where in ((reference, "snapshot"), (current, "window"))]
    if name in PREDICTIONS:
        sides[0] = sides[0].dropna()  # a prediction is empty where the record was in the fit
    missing = [float(side.isna().mean()) for side in sides]
    if rule.kind == "number":
        before, now = (_numbers(name, side) for side in sides)
        _spread(name, before)
    else:
        before, now = _categories(name, *sides)
    for side, where in ((before, "snapshot"), (now, "window")):
        if side.count() < _AT_LEAST:
            raise _refused(
                "NL-M005", name, f"has one value in the {where}, and one value has no distribution"
            )
    return Pair(before.reset_index(drop=True), now.reset_index(drop=True), missing[1] - missing[0])


def _side(name: str, frame: pd.DataFrame, where: str) -> pd.Series:
    if frame.empty and len(frame) == 0:
        raise _refused("NL-M001", name, f"has no records in the {where}")
    if name not in frame:
        raise _refused("NL-M002", name, f"is missing in the {where}")
    if frame[name].isna().all():
        raise _refused("NL-M003", name, f"is empty in every record of the {where}")
    side: pd.Series = frame[name]
    return side


def _numbers(name: str, side: pd.Series) -> pd.Series:
    try:
        values: pd.Series = side.astype("float64")
    except (TypeError, ValueError):
        raise _refused("NL-M007", name, "holds something that is no number") from None
    if np.isinf(values).any():
        raise _refused("NL-M004", name, "holds infinite numbers")
    return values


def _spread(name: str, before: pd.Series) -> None:
    if before.nunique() < _AT_LEAST:
        raise _refused("NL-M006", name, "is constant in the snapshot, so a distance has no unit")


def _categories(name: str, reference: pd.Series, current: pd.Series) -> tuple[pd.Series, pd.Series]:
    before, now = (side.astype("str").fillna(MISSING) for side in (reference, current))
    shares = before.value_counts(normalize=True)
    named = shares[shares >= COMMON].index[:MOST]
    if named.empty:
        raise _refused("NL-M006", name, f"has no category with a share of {COMMON:.0%} in the snapshot")
    return before.where(before.isin(named), REST), now.where(now.isin(named), REST)


def _refused(code: str, name: str, why: str) -> RefusedError:
    return RefusedError(
        f"{name} {why}", code=code, kept="the labels stay committed", advice=_ADVICE[code], column=name
    )
