"""Metrics of candidate and champion on the same rows, and the verdict of the gates."""

from nightlabel.gate.bootstrap import Comparison, Interval, compare, intervals
from nightlabel.gate.evidence import Contestant, Evidence, aligned
from nightlabel.gate.gather import Cost, Digests, Scored, all_classes, gather, positions, slices_of
from nightlabel.gate.judge import judge
from nightlabel.gate.metrics import ClassMetrics, Metrics, measure
from nightlabel.gate.slices import Part, parts
from nightlabel.gate.verdict import GateResult, Verdict

__all__ = [
    "ClassMetrics",
    "Comparison",
    "Contestant",
    "Cost",
    "Digests",
    "Evidence",
    "GateResult",
    "Interval",
    "Metrics",
    "Part",
    "Scored",
    "Verdict",
    "aligned",
    "all_classes",
    "compare",
    "gather",
    "intervals",
    "judge",
    "measure",
    "parts",
    "positions",
    "slices_of",
]
