"""Were the figures of a proposal had again from its data version and parameters alone?

The paper of a check is written where a pull request's own code runs, so whoever reads it believes no word of
it: every field has a closed form, and text is shown as text.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from nightlabel.errors import RefusedError

TOLERANCES = {
    "accuracy": 0.005,
    "top3": 0.005,
    "log_loss": 0.005,
    "calibration_error": 0.005,
    "macro_f1": 0.02,
}
"""How far a figure may be from the proposal's; see docs/delivery.md for what was measured.

The same bytes, parameters and seed give the same figures on the same kind of processor. Another one adds in
another order, which moved one row of 1,340 and log loss by 0.00002; another seed moves it by 0.01 or more.
The gates tell 0.03 apart. Macro F1 hangs on classes with a handful of rows.
"""
LONGEST = 65_536
"""Bytes of a paper."""
MOST_CLASSES = 60

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
Md5 = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Number = Annotated[float, Field(allow_inf_nan=False, ge=0, le=1e6)]
Count = Annotated[int, Field(ge=0, le=10**9)]
Metrics = Annotated[dict[Name, Number], Field(max_length=20)]


class _Paper(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Figures(_Paper):
    """One candidate on the frozen holdout.

    Attributes:
        candidate: Its name.
        seed: Seed of everything random.
        data_version: MD5 of the data set.
        holdout: Digest of the rows that it was measured on.
        rows: Their number.
        metrics: The figures that are compared, by name.
    """

    candidate: Name
    seed: Count
    data_version: Md5
    holdout: Sha256
    rows: Count
    metrics: Metrics

    @model_validator(mode="after")
    def _nothing_is_missing(self) -> Self:
        if missing := sorted(TOLERANCES.keys() - self.metrics.keys()):
            raise ValueError(f"without {', '.join(missing)}")
        return self


class Class(_Paper):
    """F1 of one class, of the new model and of the champion."""

    name: Annotated[str, Field(max_length=200)]
    rows: Count
    new: Number
    current: Number | None = None


class Champion(_Paper):
    """The champion on the same rows."""

    version: Annotated[str, Field(pattern=r"^[0-9]{1,9}$")]
    metrics: Metrics


class Comparison(_Paper):
    """The figures of a proposal, the same had again, and the champion's.

    Attributes:
        run: The experiment that proposes.
        outcome: What the gates say of the candidate that was trained again.
        closed: Names of the gates that are closed.
    """

    run: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$")]
    proposed: Figures
    reproduced: Figures
    champion: Champion | None
    outcome: Literal["promote", "keep", "reject"]
    closed: Annotated[tuple[Name, ...], Field(max_length=40, strict=False)] = ()
    classes: Annotated[tuple[Class, ...], Field(max_length=MOST_CLASSES, strict=False)] = ()


class Check(_Paper):
    """What a check of a proposal found.

    Attributes:
        usecase: Name of the use case; empty where none could be told.
        commit: The commit that was checked.
        problem: Why nothing could be compared, or empty.
        comparison: What was compared.
    """

    usecase: Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]{0,40})?$")]
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    problem: Annotated[str, Field(max_length=2000)] = ""
    comparison: Comparison | None = None

    @property
    def faults(self) -> list[str]:
        """Say in one sentence each what is wrong; nothing where the proposal was had again."""
        if self.comparison is None:
            return [self.problem or "nothing was compared"]
        return [*filter(None, [self.problem]), *_faults(self.comparison)]


def read_check(paper: bytes) -> Check:
    """Read a paper that anybody may have written.

    Raises:
        RefusedError: ``NL-F010``, it is too long, or no such paper.
    """
    if len(paper) > LONGEST:
        raise _foreign(f"it has {len(paper):,} bytes")
    try:
        return Check.model_validate_json(paper)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        raise _foreign(f"{'.'.join(map(str, fault['loc']))[:80]}: {fault['msg'][:200]}") from None


def off_by(comparison: Comparison) -> dict[str, float]:
    """Give how far each figure is from the proposal's."""
    proposed, reproduced = comparison.proposed.metrics, comparison.reproduced.metrics
    return {name: reproduced[name] - proposed[name] for name in TOLERANCES}


def figures(evaluation: Mapping[str, Any], data_version: str) -> Figures:
    """Give the figures of a run's winner.

    Args:
        evaluation: The result of its step ``evaluate``.
        data_version: MD5 of its data set.

    Raises:
        RefusedError: ``NL-F010``, they are not there.
    """
    metrics = evaluation["models"]["candidate"]["metrics"]
    try:
        return Figures(
            candidate=evaluation["candidate"],
            seed=evaluation["seed"],
            data_version=data_version,
            holdout=evaluation["measured_digest"],
            rows=int(metrics["rows"]),
            metrics=compared(metrics),
        )
    except ValidationError as error:
        raise _foreign(str(error.errors(include_input=False, include_url=False)[0]["msg"])) from None


def compared(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Give the figures that a check compares."""
    return {name: float(metrics[name]) for name in TOLERANCES if metrics.get(name) is not None}


def _faults(comparison: Comparison) -> list[str]:
    proposed, reproduced = comparison.proposed, comparison.reproduced
    same = ("candidate", "seed", "data_version", "holdout", "rows")
    faults = [
        f"{name.replace('_', ' ')} is {getattr(reproduced, name)}, and {getattr(proposed, name)} was proposed"
        for name in same
        if getattr(proposed, name) != getattr(reproduced, name)
    ]
    faults += [
        f"{name.replace('_', ' ')} is {reproduced.metrics[name]:.4f}, and {proposed.metrics[name]:.4f} was"
        f" proposed: more than {TOLERANCES[name]} apart"
        for name, off in off_by(comparison).items()
        if abs(off) > TOLERANCES[name]
    ]
    if comparison.outcome != "promote":
        closed = f", closed: {', '.join(comparison.closed)}" if comparison.closed else ""
        faults.append(f"the gates say {comparison.outcome} now{closed}")
    return faults


def _foreign(reason: str) -> RefusedError:
    return RefusedError(
        f"the paper of the check is not one of ours: {reason}",
        code="NL-F010",
        kept="the pull request as it is",
        advice="look at the log of the check; then start it again",
    )
