"""What the gates say, each with its numbers; as JSON for machines and as rows for people."""

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError, model_validator

from nightlabel.errors import RefusedError

Outcome = Literal["promote", "keep", "reject"]
SHOWN = 3
"""Closed gates that a reason tells in full; the others it only names."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GateResult(_Closed):
    """What one gate says.

    Attributes:
        name: The gate.
        passed: The gate is open; a gate that could not be computed is closed.
        value: What was measured; ``None`` where it could not be.
        bound: What it is held against; ``None`` where the gate has no number.
        margin: Room left where positive, what is missing where negative, in the unit of the value.
        reason: One sentence with the numbers.
        closed_means: Closed, the gate rejects the candidate and alarms; or it only keeps the champion.
    """

    name: str
    passed: bool
    value: FiniteFloat | None
    bound: FiniteFloat | None
    margin: FiniteFloat | None
    reason: str
    closed_means: Literal["reject", "keep"] = "reject"


class Verdict(_Closed):
    """What all gates say together.

    Attributes:
        outcome: ``promote``: every gate is open. ``keep``: not better than the champion, which stays; no
            alarm. ``reject``: another gate is closed; alarm.
        gates: Every gate, in the order of ``judge``.
        candidate: Name of the candidate.
        champion: Version of the champion; ``None`` where there is none yet.
    """

    outcome: Outcome
    gates: tuple[GateResult, ...] = Field(min_length=1)
    candidate: str
    champion: str | None

    @model_validator(mode="after")
    def _outcome_follows_from_gates(self) -> Self:
        if self.outcome != outcome_of(self.gates):
            raise ValueError(f"the gates say {outcome_of(self.gates)!r}, not {self.outcome!r}")
        return self

    @property
    def closed(self) -> tuple[GateResult, ...]:
        """The gates that are closed, those that reject first."""
        shut = [gate for gate in self.gates if not gate.passed]
        return tuple(sorted(shut, key=lambda gate: gate.closed_means == "keep"))

    def reason(self) -> str:
        """Say the outcome in one sentence that names the closed gates."""
        against = f"champion {self.champion}" if self.champion is not None else "no champion yet"
        if self.outcome == "promote":
            return f"{self.candidate} passes all {len(self.gates)} gates ({against})"
        if self.outcome == "keep":
            return f"champion {self.champion} stays, {self.candidate} is not better: {self._said()}"
        return (
            f"{self.candidate} is rejected by {len(self.closed)} of {len(self.gates)} gates: {self._said()}"
        )

    def _said(self) -> str:
        shown = "; ".join(f"{gate.name}: {gate.reason}" for gate in self.closed[:SHOWN])
        rest = ", ".join(gate.name for gate in self.closed[SHOWN:])
        return f"{shown}; also {rest}" if rest else shown

    def rows(self) -> list[dict[str, str]]:
        """Give one row of texts per gate, for a table."""
        return [
            {
                "gate": gate.name,
                "state": "open" if gate.passed else f"closed ({gate.closed_means})",
                "value": number(gate.value),
                "bound": number(gate.bound),
                "margin": number(gate.margin, signed=True),
                "reason": gate.reason,
            }
            for gate in self.gates
        ]

    def to_json(self) -> dict[str, Any]:
        """Give the verdict as plain JSON values."""
        return self.model_dump(mode="json")

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read a verdict back; one whose outcome does not follow from its gates is refused.

        Raises:
            RefusedError: The value is no verdict (``NL-J004``).
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            faults = "; ".join(fault["msg"] for fault in error.errors()[:3])
            raise RefusedError(
                f"this is no verdict: {faults}",
                code="NL-J004",
                kept="the stored verdict, and the other results of the run",
                advice="run the step gate again",
            ) from error


def outcome_of(gates: tuple[GateResult, ...]) -> Outcome:
    """Give the outcome that follows from the gates; without any gate nothing is promoted."""
    closed = {gate.closed_means for gate in gates if not gate.passed}
    if "reject" in closed or not gates:
        return "reject"
    return "keep" if closed else "promote"


def number(value: float | None, *, signed: bool = False) -> str:
    """Write a number with three decimals, a margin with its sign, a missing one as a dash."""
    if value is None:
        return "-"
    return f"{value:+.3f}" if signed else f"{value:.3f}"
