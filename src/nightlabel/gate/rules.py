"""The gates, one function each: numbers in, open or closed out."""

import math

from nightlabel.gate.case import Case, at_least, at_most, flag
from nightlabel.gate.evidence import Contestant
from nightlabel.gate.slices import Part, proven
from nightlabel.gate.verdict import GateResult, number

NO_CHAMPION = "no champion yet"
LEAK = "suspected leak, too good to be true"


def evidence(case: Case) -> GateResult:
    """Rows are there and aligned, and all probabilities are probabilities."""
    rows = f"{len(case.evidence.truth)} holdout rows, {len(case.evidence.classes)} classes"
    return flag("evidence", passed=not case.fault, reason=case.fault or rows)


def holdout_frozen(case: Case) -> GateResult:
    """The measured holdout is the one that the data version froze."""
    measured, frozen = case.evidence.holdout_digest, case.evidence.frozen_digest
    passed = bool(frozen) and measured == frozen
    said = "is" if passed else "is not"
    reason = (
        f"the holdout {said} that of the data version ({measured[:12] or 'none'}, {frozen[:12] or 'none'})"
    )
    return flag("holdout_frozen", passed=passed, reason=reason)


def time_order(case: Case) -> GateResult:
    """The candidate learned from nothing of the holdout's time or later."""
    return _in_past("time_order", "the candidate", case.evidence.candidate, case)


def accuracy(case: Case) -> GateResult:
    """Floor of the accuracy."""
    return at_least("accuracy", "accuracy", case.metrics.accuracy, case.gates.accuracy_at_least)


def log_loss(case: Case) -> GateResult:
    """Ceiling of the log loss."""
    return at_most("log_loss", "log loss", case.metrics.log_loss, case.gates.log_loss_at_most)


def top3(case: Case) -> GateResult:
    """Floor of the share of rows whose class is among the three most probable."""
    return at_least("top3", "top 3", case.metrics.top3, case.gates.top3_at_least)


def calibration(case: Case) -> GateResult:
    """Ceiling of the calibration error."""
    error, bound = case.metrics.calibration_error, case.gates.calibration_error_at_most
    return at_most("calibration", "calibration error", error, bound)


def largest_class(case: Case) -> GateResult:
    """Ceiling of the share of predictions that name one class."""
    what = f"share of the predictions that name {case.metrics.largest_class[:40]!r}"
    return at_most("largest_class", what, case.metrics.largest_class_share, case.gates.largest_class_at_most)


def over_majority(case: Case) -> GateResult:
    """Better than always naming the most frequent class."""
    gain = case.metrics.accuracy - case.majority.accuracy
    what = f"accuracy above the majority class ({number(case.majority.accuracy)})"
    return at_least("over_majority", what, gain, case.gates.over_majority)


def over_group_prior(case: Case) -> GateResult:
    """Better than naming the most frequent class of the group."""
    gain = case.metrics.accuracy - case.group_prior.accuracy
    what = f"accuracy above the prior of the group ({number(case.group_prior.accuracy)})"
    return at_least("over_group_prior", what, gain, case.gates.over_group_prior)


def log_loss_skill(case: Case) -> GateResult:
    """Better in log loss than the class frequencies."""
    skill = 1 - case.metrics.log_loss / case.majority.log_loss
    return at_least("log_loss_skill", "log-loss skill", skill, case.gates.log_loss_skill_at_least)


def leak_accuracy(case: Case) -> GateResult:
    """Not so accurate that only a leak explains it."""
    bound = case.gates.accuracy_suspicious
    return at_most("leak_accuracy", "accuracy", case.metrics.accuracy, bound, strictly=True, said=LEAK)


def leak_log_loss(case: Case) -> GateResult:
    """Not so sure and right that only a leak explains it."""
    bound = case.gates.log_loss_suspicious
    return at_least("leak_log_loss", "log loss", case.metrics.log_loss, bound, said=LEAK)


def classes_kept(case: Case) -> GateResult:
    """No class that training offered was lost: each keeps a part of the probability that it had there."""
    gates, found = case.gates, case.evidence
    known, total = set(found.candidate.known), sum(found.fit_rows.values())
    given = dict(zip(found.classes, found.candidate.probabilities.mean(axis=0), strict=True))
    kept = {
        name: float(given.get(name, 0.0)) * total / rows if name in known else 0.0
        for name, rows in found.fit_rows.items()
        if rows >= gates.class_rows
    }
    if not kept:
        return flag("classes_kept", passed=False, reason=f"no class has {gates.class_rows} training rows")
    lost = sorted((n for n in kept if kept[n] < gates.class_kept_at_least), key=lambda n: (kept[n], n))
    worst = min(kept, key=lambda name: (kept[name], name))
    said = f"dropped: {', '.join(repr(name[:40]) for name in lost[:5])}"
    what = f"share of its training frequency that {worst[:40]!r} keeps"
    return at_least("classes_kept", what, kept[worst], gates.class_kept_at_least, said=said)


def slices(case: Case) -> GateResult:
    """No slice is proven to be much worse than the reference."""
    return _no_worse("slices", [part for part in case.parts if part.kind == "slice"], case)


def slice_skill(case: Case) -> GateResult:
    """No slice is proven to be worse in log loss than the class frequencies."""
    tested = sorted((p for p in case.parts if p.kind == "slice"), key=lambda p: (-p.excess, p.name))
    if not tested:
        return flag("slice_skill", passed=True, reason=_untested(case))
    failed = [p for p in tested if p.excess > 0 and p.excess_significance < case.gates.slice_significance]
    said = ", ".join(f"{p.name!r} {p.excess:+.3f}, {p.rows} rows" for p in failed[:5])
    seen = f"{len(tested)} tested, the largest seen is {tested[0].name!r} {tested[0].excess:+.3f}"
    what = f"largest proven log loss above the class frequencies ({seen})"
    return at_most("slice_skill", what, failed[0].excess if failed else 0.0, 0.0, said=said)


def classes(case: Case) -> GateResult:
    """No class is proven to be found much less often than by the champion."""
    if case.evidence.champion is None:
        return flag("classes", passed=True, reason=NO_CHAMPION)
    return _no_worse("classes", [part for part in case.parts if part.kind == "class"], case)


def speed(case: Case) -> GateResult:
    """Fast enough for the night."""
    bound = case.gates.seconds_per_100k_at_most
    seconds = _cost(case.evidence.seconds_per_100k, "seconds")
    return at_most("speed", "seconds for 100,000 records", seconds, bound)


def size(case: Case) -> GateResult:
    """Small enough to be fetched by every pod."""
    return at_most("size", "size in MB", _cost(case.evidence.size_mb, "size"), case.gates.size_mb_at_most)


def champion_fair(case: Case) -> GateResult:
    """The champion learned from nothing of the holdout's time, or the comparison would be unfair to it."""
    if case.evidence.champion is None:
        return flag("champion_fair", passed=True, reason=NO_CHAMPION)
    return _in_past("champion_fair", "the champion", case.champion, case)


def champion_log_loss(case: Case) -> GateResult:
    """Better than the champion in log loss, beyond chance."""
    if case.evidence.champion is None:
        return flag("champion_log_loss", passed=True, reason=NO_CHAMPION)
    if case.champion.sha256 == case.evidence.candidate.sha256:
        reason = "the candidate is the champion itself: same digest"
        return flag("champion_log_loss", passed=False, reason=reason, closed_means="keep")
    difference = case.comparison.log_loss
    what = f"log loss minus the champion's {difference.value:+.3f}, upper bound"
    result = at_most("champion_log_loss", what, difference.high, 0.0, strictly=True, said=_told_apart(case))
    return result.model_copy(update={"closed_means": "keep"})


def champion_accuracy(case: Case) -> GateResult:
    """Not worse than the champion in accuracy, beyond a margin."""
    if case.evidence.champion is None:
        return flag("champion_accuracy", passed=True, reason=NO_CHAMPION)
    difference, bound = case.comparison.accuracy, -case.gates.champion_accuracy_margin
    what = f"accuracy minus the champion's {difference.value:+.3f}, lower bound"
    result = at_least("champion_accuracy", what, difference.low, bound, strictly=True)
    return result.model_copy(update={"closed_means": "keep"})


def _told_apart(case: Case) -> str:
    if case.comparison.identical:
        return "cannot be told apart from the champion, all probabilities are identical"
    return (
        "worse than the champion"
        if case.comparison.log_loss.low > 0
        else "cannot be told apart from the champion"
    )


def _in_past(name: str, who: str, model: Contestant, case: Case) -> GateResult:
    start, until = case.evidence.holdout_from, model.trained_until
    days = (start - until).days
    reason = f"{who} was trained on records until {until:%Y-%m-%d}, the holdout starts on {start:%Y-%m-%d}"
    seen = "" if days > 0 else ": it saw data from the future, no figure here is fair"
    return GateResult(
        name=name, passed=days > 0, value=days, bound=1, margin=days - 1, reason=f"{reason}{seen} (days)"
    )


def _no_worse(name: str, tested: list[Part], case: Case) -> GateResult:
    gates = case.gates
    if not tested:
        return flag(name, passed=True, reason=_untested(case))
    against = "the champion" if case.evidence.champion is not None else "the strongest trivial model"
    worse = proven(tuple(tested), gates.slice_significance)
    failed = [part for part in worse if part.loss > gates.slice_loss_at_most]
    said = ", ".join(_described(part) for part in failed[:5])
    seen = f"{len(tested)} tested, the largest seen is {_described(tested[0])}"
    what = f"largest proven loss against {against} ({seen})"
    return at_most(name, what, worse[0].loss if worse else 0.0, gates.slice_loss_at_most, said=said)


def _untested(case: Case) -> str:
    return f"none has {case.gates.slice_support} rows, nothing was tested"


def _described(part: Part) -> str:
    return (
        f"{part.name!r} {part.accuracy:.3f} against {part.reference:.3f}, "
        f"{part.rows} rows, p {part.significance:.3f}"
    )


def _cost(value: float, what: str) -> float:
    if not (math.isfinite(value) and value > 0):
        raise ValueError(f"{what} was not measured: {value}")
    return value
