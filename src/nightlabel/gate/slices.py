"""Slices and classes: is the candidate much worse somewhere, although it is good on average?

A part fails only if it loses more than allowed *and* a one-sided exact McNemar test, corrected for the
number of parts by Holm, says that it is no chance. A slice also fails where the log loss is proven to be
worse than that of the class frequencies: this finds a broken slice when there is no champion. A client's
city or group is personal: it is named by its rank among the values of its column, never by its value.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.stats import binom, t

from nightlabel.contract import Gates
from nightlabel.gate.evidence import Evidence, Probabilities
from nightlabel.gate.gather import GROUP
from nightlabel.gate.metrics import losses

LONGEST_NAME = 40
Kind = Literal["slice", "class"]


class Part(BaseModel):
    """One slice or class, candidate against reference.

    Attributes:
        kind: A slice of the rows, or all rows of one true class.
        name: What people read, such as ``month 2020-01`` or ``cidade no. 3 by rows``.
        rows: Holdout rows.
        accuracy: Share of the rows that the candidate gets right; of a class: its recall.
        reference: The same of the champion, or of the strongest trivial model.
        loss: ``reference - accuracy``; of a class the loss in F1 where that is smaller, because a class
            that is named less often but more precisely is no worse.
        significance: Corrected probability of such a loss by chance, 0 to 1.
        excess: Log loss minus that of the class frequencies, nats; below 0 for a model with skill.
        excess_significance: Corrected probability of such an excess by chance, 0 to 1.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Kind
    name: str
    rows: int
    accuracy: float
    reference: float
    loss: float
    significance: float
    excess: float
    excess_significance: float


class _Cut(NamedTuple):
    kind: Kind
    name: str
    chosen: NDArray[np.bool_]
    place: int = -1


class _Rows(NamedTuple):
    """True class, the classes that both models name, and the excess log loss; shape (rows,) each."""

    truth: NDArray[np.int64]
    candidate: NDArray[np.int64]
    reference: NDArray[np.int64]
    excess: NDArray[np.float64]


def parts(gates: Gates, evidence: Evidence) -> tuple[Part, ...]:
    """Test every slice and class that has enough rows.

    The reference is the champion. Without one, slices are held against the trivial model with the higher
    accuracy, and classes against nothing: a trivial model finds all of one class and none of the others.

    Args:
        gates: The rules; they name slices and support.
        evidence: Valid evidence.

    Returns:
        The parts, the largest loss first.

    Source:
        McNemar, Psychometrika 12, 1947, as an exact binomial test of the rows that one model alone gets
        right. The excess is tested by a one-sided paired t test. Both are corrected by ``holm``.
    """
    rows = _rows(evidence)
    cuts = [cut for cut in _cuts(gates, evidence) if cut.chosen.sum() >= gates.slice_support]
    if not cuts:
        return ()
    loss = holm([_loss_by_chance(rows, cut) for cut in cuts])
    excess = holm([_excess_by_chance(rows, cut) for cut in cuts])
    tested = [_part(rows, cut, float(p), float(q)) for cut, p, q in zip(cuts, loss, excess, strict=True)]
    return tuple(sorted(tested, key=lambda part: (-part.loss, part.name)))


def proven(tested: tuple[Part, ...], significance: float) -> tuple[Part, ...]:
    """Give the parts whose loss is no chance, the largest loss first."""
    return tuple(part for part in tested if part.loss > 0 and part.significance < significance)


def holm(chances: Sequence[float]) -> NDArray[np.float64]:
    """Correct several p-values for their number, shape (tests,), each at least what it was.

    Source:
        Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scand. J. Statist. 6, 1979.
    """
    p = np.asarray(chances, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def _rows(evidence: Evidence) -> _Rows:
    truth, candidate = evidence.truth, evidence.candidate.probabilities
    excess = losses(truth, candidate) - losses(truth, evidence.majority)
    return _Rows(truth, candidate.argmax(axis=1), _reference(evidence).argmax(axis=1), excess)


def _reference(evidence: Evidence) -> Probabilities:
    if evidence.champion is not None:
        return evidence.champion.probabilities
    trivial = (evidence.majority, evidence.group_prior)
    return max(trivial, key=lambda p: int((p.argmax(axis=1) == evidence.truth).sum()))


def _cuts(gates: Gates, evidence: Evidence) -> Iterator[_Cut]:
    private = {*gates.group, GROUP}
    for column in gates.slices:
        for rank, (value, chosen) in enumerate(_values(evidence.slices[column]), start=1):
            name = f"no. {rank} by rows" if column in private else _short(value)
            yield _Cut("slice", f"{column} {name}", chosen)
    if evidence.champion is not None:
        for place, name in enumerate(evidence.classes):
            yield _Cut("class", _short(name), evidence.truth == place, place)


def _values(column: "pd.Series[Any]") -> list[tuple[Any, NDArray[np.bool_]]]:
    codes, values = pd.factorize(column, use_na_sentinel=False)
    rows = np.bincount(codes, minlength=len(values))
    order = sorted(range(len(values)), key=lambda code: (-rows[code], str(values[code])))
    return [(values[code], codes == code) for code in order]


def _loss_by_chance(rows: _Rows, cut: _Cut) -> float:
    right = (rows.candidate == rows.truth)[cut.chosen]
    reference = (rows.reference == rows.truth)[cut.chosen]
    only_reference, only_candidate = int((reference & ~right).sum()), int((right & ~reference).sum())
    return float(binom.sf(only_reference - 1, only_reference + only_candidate, 0.5))


def _excess_by_chance(rows: _Rows, cut: _Cut) -> float:
    excess = np.sort(rows.excess[cut.chosen])
    if np.ptp(excess) == 0:
        return float(excess[0] <= 0)
    spread = excess.std(ddof=1) / np.sqrt(len(excess))
    return float(t.sf(excess.mean() / spread, len(excess) - 1))


def _part(rows: _Rows, cut: _Cut, significance: float, excess_significance: float) -> Part:
    accuracy, reference = (
        float((model == rows.truth)[cut.chosen].mean()) for model in (rows.candidate, rows.reference)
    )
    loss = reference - accuracy
    if cut.kind == "class":
        f1, expected = (_f1(rows.truth, m, cut.place) for m in (rows.candidate, rows.reference))
        loss = min(loss, expected - f1)
    return Part(
        kind=cut.kind,
        name=cut.name,
        rows=int(cut.chosen.sum()),
        accuracy=accuracy,
        reference=reference,
        loss=loss,
        significance=significance,
        excess=float(np.sort(rows.excess[cut.chosen]).mean()),
        excess_significance=excess_significance,
    )


def _f1(truth: NDArray[np.int64], model: NDArray[np.int64], place: int) -> float:
    found = ((truth == place) & (model == place)).sum()
    return float(2 * found / ((truth == place).sum() + (model == place).sum()))


def _short(value: Any) -> str:
    text = "".join(c if c.isprintable() else "?" for c in str(value))
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "…"
