"""Runs every gate on the evidence. A gate that cannot be computed is closed, never skipped."""

from collections.abc import Callable

from nightlabel.contract import Gates
from nightlabel.gate import rules
from nightlabel.gate.case import Case, flag
from nightlabel.gate.evidence import Evidence
from nightlabel.gate.verdict import GateResult, Verdict, outcome_of

RULES: tuple[Callable[[Case], GateResult], ...] = (
    rules.evidence,
    rules.holdout_frozen,
    rules.time_order,
    rules.accuracy,
    rules.log_loss,
    rules.top3,
    rules.calibration,
    rules.largest_class,
    rules.over_majority,
    rules.over_group_prior,
    rules.log_loss_skill,
    rules.leak_accuracy,
    rules.leak_log_loss,
    rules.classes_kept,
    rules.slices,
    rules.slice_skill,
    rules.classes,
    rules.speed,
    rules.size,
    rules.champion_fair,
    rules.champion_log_loss,
    rules.champion_accuracy,
)
"""Every gate, in the order in which people read them; there is no switch that leaves one out."""


def judge(gates: Gates, evidence: Evidence) -> Verdict:
    """Hold a candidate against every gate.

    Args:
        gates: The rules, set before the run.
        evidence: Candidate, champion and trivial models on the same holdout rows.

    Returns:
        The verdict, the same for the same evidence in any order of the rows. Whatever goes wrong closes
        gates; nothing is raised, so that every experiment ends with a verdict.
    """
    case = Case(gates, evidence)
    results = tuple(_run(rule, case) for rule in RULES)
    champion = evidence.champion
    return Verdict(
        outcome=outcome_of(results),
        gates=results,
        candidate=evidence.candidate.name,
        champion=None if champion is None else champion.name,
    )


def _run(rule: Callable[[Case], GateResult], case: Case) -> GateResult:
    try:
        if case.fault and rule is not rules.evidence:
            return flag(rule.__name__, passed=False, reason=f"not computed: {case.fault}")
        return rule(case)
    except Exception as error:  # noqa: BLE001 - whatever a rule stumbles over must close its gate
        return flag(
            rule.__name__, passed=False, reason=f"not computed: {type(error).__name__}: {error}"[:300]
        )
