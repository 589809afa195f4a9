"""Gates and evidence of one verdict, with what several gates share computed once."""

from functools import cached_property

from nightlabel.contract import Gates
from nightlabel.gate.bootstrap import Comparison, compare
from nightlabel.gate.evidence import Contestant, Evidence, Probabilities, fault
from nightlabel.gate.metrics import Metrics, measure
from nightlabel.gate.slices import Part, parts
from nightlabel.gate.verdict import GateResult, Outcome, number


class Case:
    """One candidate before the gates."""

    def __init__(self, gates: Gates, evidence: Evidence) -> None:
        self.gates = gates
        self.evidence = evidence

    @cached_property
    def fault(self) -> str:
        """Why nothing can be computed; empty where it can."""
        return fault(self.evidence)

    @cached_property
    def metrics(self) -> Metrics:
        """The candidate on the holdout."""
        return self._measure(self.evidence.candidate.probabilities)

    @cached_property
    def majority(self) -> Metrics:
        """The class frequencies on the holdout."""
        return self._measure(self.evidence.majority)

    @cached_property
    def group_prior(self) -> Metrics:
        """The class frequencies of the row's group on the holdout."""
        return self._measure(self.evidence.group_prior)

    @cached_property
    def comparison(self) -> Comparison:
        """Candidate minus champion."""
        evidence = self.evidence
        return compare(
            evidence.truth,
            evidence.candidate.probabilities,
            self.champion.probabilities,
            confidence=self.gates.confidence,
        )

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Every slice and class with enough rows, each with its test."""
        return parts(self.gates, self.evidence)

    @property
    def champion(self) -> Contestant:
        """The champion; only gates that found one ask for it."""
        if self.evidence.champion is None:
            raise LookupError("there is no champion")
        return self.evidence.champion

    def _measure(self, probabilities: Probabilities) -> Metrics:
        return measure(self.evidence.truth, probabilities, self.evidence.classes)


def at_least(
    name: str, what: str, value: float, bound: float, *, strictly: bool = False, said: str = ""
) -> GateResult:
    """Close where the value is below the bound, or on it if ``strictly``; NaN closes."""
    return _held(
        name, what, value, bound, margin=value - bound, strictly=strictly, said=said, word="at least"
    )


def at_most(
    name: str, what: str, value: float, bound: float, *, strictly: bool = False, said: str = ""
) -> GateResult:
    """Close where the value is above the bound, or on it if ``strictly``; NaN closes."""
    return _held(name, what, value, bound, margin=bound - value, strictly=strictly, said=said, word="at most")


def flag(name: str, *, passed: bool, reason: str, closed_means: Outcome = "reject") -> GateResult:
    """Give a gate that has no number."""
    return GateResult(
        name=name,
        passed=passed,
        value=None,
        bound=None,
        margin=None,
        reason=reason,
        closed_means="keep" if closed_means == "keep" else "reject",
    )


def _held(
    name: str,
    what: str,
    value: float,
    bound: float,
    *,
    margin: float,
    strictly: bool,
    said: str,
    word: str,
) -> GateResult:
    passed = margin > 0 if strictly else margin >= 0
    limit = {"at least": "above", "at most": "below"}[word] if strictly else word
    state = f"room {number(margin, signed=True)}" if passed else f"missed by {number(abs(margin))}"
    prefix = f"{said}; " if said and not passed else ""
    return GateResult(
        name=name,
        passed=passed,
        value=value,
        bound=bound,
        margin=margin,
        reason=f"{prefix}{what} {number(value)}, must be {limit} {number(bound)}: {state}",
    )
