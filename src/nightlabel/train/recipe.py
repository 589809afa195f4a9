"""The parameters of one candidate: each must be there; only ``views`` may be left out."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from nightlabel.contract.usecase import Params
from nightlabel.errors import RefusedError

_ADVICE = "correct the candidate in usecase.toml"
_SHARED = ("members", "views", "half_life_days", "class_beta", "floor")  # of all members: no view has its own


class Recipe(BaseModel):
    """How a candidate is trained; its other parameters belong to preparation and network.

    Attributes:
        members: Networks that are averaged.
        views: Parameters of the network, its steps and its passes that members override in turn; empty
            means that all are alike.
        rate: Step size of AdamW.
        decay: Decoupled weight decay of AdamW.
        batch: Rows of one step.
        epochs: Largest number of passes over the training rows.
        patience: Passes without a lower validation log loss after which a member stops.
        smoothing: Label smoothing.
        half_life_days: Days after which a training row counts half; 0 weighs all the same.
        class_beta: Class balance by effective number of rows; 0 weighs all classes the same.
        floor: Share of the class prior in every answer.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)

    members: int = Field(ge=1, le=32)
    views: tuple[dict[str, Any], ...] = Field(default=(), strict=False)
    rate: float = Field(gt=0, le=1)
    decay: float = Field(ge=0, le=10)
    batch: int = Field(ge=1)
    epochs: int = Field(ge=1, le=1000)
    patience: int = Field(ge=1)
    smoothing: float = Field(ge=0, lt=1)
    half_life_days: float = Field(ge=0)
    class_beta: float = Field(ge=0, lt=1)
    floor: float = Field(ge=0, lt=1)

    @field_validator("views")
    @classmethod
    def _own(cls, views: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
        if shared := sorted({name for view in views for name in view if name in _SHARED}):
            raise ValueError(f"members share {', '.join(shared)}")
        return views

    @classmethod
    def read(cls, params: Params) -> Self:
        """Read the recipe out of a candidate's parameters.

        Raises:
            RefusedError: ``NL-T001`` a parameter is missing or out of range.
        """
        try:
            return cls.model_validate(dict(params))
        except ValidationError as error:
            faults = "; ".join(f"{fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
            raise RefusedError(
                f"the candidate cannot be trained: {faults}",
                code="NL-T001",
                kept="everything: this candidate was not trained",
                advice=_ADVICE,
            ) from None

    def member(self, params: Params, index: int) -> "Parameters":
        """Give the network's parameters of one member.

        Args:
            params: The candidate's parameters.
            index: Ordinal of the member, from 0.
        """
        view = self.views[index % len(self.views)] if self.views else {}
        return Parameters({**params, **view})

    def of(self, params: Params, index: int) -> Self:
        """Give the recipe of one member, whose view may have steps and passes of its own.

        Args:
            params: The candidate's parameters.
            index: Ordinal of the member, from 0.
        """
        return self.read(self.member(params, index))


class Parameters(dict[str, Any]):
    """A candidate's parameters; one that is missing is refused by name, none has a silent default."""

    def __missing__(self, name: str) -> Any:
        """Refuse."""
        raise RefusedError(
            f"the candidate has no parameter {name!r}",
            code="NL-T001",
            kept="everything: this candidate was not trained",
            advice=_ADVICE,
            parameter=name,
        )
