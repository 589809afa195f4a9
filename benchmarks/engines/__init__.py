"""What is compared: nightlabel, its peers as their users write them and once tuned, and a bare loop."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import cast

from benchmarks.engines.task import Engine


@dataclass(frozen=True, slots=True)
class Entry:
    """One engine.

    Attributes:
        title: For people.
        place: Module and function.
        package: What it needs beside the project's own dependencies.
        kind: ``own``, ``peer``, or ``bound``: the loop that does less than is needed; ``part`` of our own.
        few: Labels the few files only, because all would take too long.
    """

    title: str
    place: str
    package: str
    kind: str = "peer"
    few: bool = False

    @property
    def installed(self) -> bool:
        """Whether the package is there."""
        return find_spec(self.package) is not None

    def load(self) -> Engine:
        """Import the engine."""
        module, _, name = self.place.partition(":")
        return cast("Engine", getattr(import_module(f"benchmarks.engines.{module}"), name))


ENGINES = {
    "nightlabel": Entry("nightlabel", "own:engine", "nightlabel", kind="own"),
    "plan": Entry("nightlabel, planning alone", "own:planning", "nightlabel", kind="part"),
    "bare": Entry("bare loop, unvalidated", "bare:engine", "obstore", kind="bound"),
    "polars": Entry("Polars, as documented", "polars:documented", "polars"),
    "polars-tuned": Entry("Polars, tuned", "polars:tuned", "polars"),
    "daft": Entry("Daft, as documented", "daft:documented", "daft", few=True),
    "daft-tuned": Entry("Daft, tuned", "daft:tuned", "daft"),
    "boto3": Entry("boto3, pandas per file", "boto3:documented", "boto3", few=True),
    "boto3-tuned": Entry("boto3, in batches", "boto3:tuned", "boto3"),
}
