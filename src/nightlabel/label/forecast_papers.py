"""What is kept of a night's speed, and what is foretold from it."""

from typing import Annotated

from pydantic import Field

from nightlabel.label.paper import Paper

LONGEST = 1e9
"""Seconds that a pace may tell, so that no clock that was wrong makes a forecast infinite."""

Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Measured = Annotated[float, Field(ge=0, le=LONGEST, allow_inf_nan=False)]


class Pace(Paper):
    """How fast the pods of a night were; kept in its summary for the forecasts of later ones.

    Attributes:
        start: From the plan until the pods worked that worked first, their median.
        seconds: Of the shard that took longest; it decides when a night is done.
        files: Files of that shard.
        bytes: Their bytes.
        pod_seconds: Of all shards together.
        publish: From the end of the last shard to the commit.
    """

    start: Measured
    seconds: Measured
    files: int = Field(ge=0)
    bytes: int = Field(ge=0)
    pod_seconds: Measured
    publish: Measured


class Forecast(Paper):
    """When a night will be done; all seconds are counted from its plan.

    Attributes:
        pods: Pods that work side by side.
        nights: Past nights that the forecast rests on; 0 rests on the rates of the benchmark.
        start: Until the pods work.
        low: Until the labels stand, where all goes well.
        middle: The same, as likely to be later as to be earlier.
        high: The same, where much goes ill: with ten nights behind it, about one in ten is later.
        deadline: When they must stand, ISO 8601, UTC.
        makes_it: The middle is before the deadline.
    """

    pods: int = Field(ge=1)
    nights: int = Field(ge=0)
    start: Seconds
    low: Seconds
    middle: Seconds
    high: Seconds
    deadline: str
    makes_it: bool
