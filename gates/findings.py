"""Findings of the gates, and the exemptions: each stands once, in exemptions.toml, with its reason.

An exemption that no longer fits anything is refused as well, so that the list never outgrows the tree.
"""

import fnmatch
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

ROOT = Path(__file__).parents[1]
EXEMPTIONS = Path(__file__).with_name("exemptions.toml")


class GateError(Exception):
    """A gate could not look, so nothing was judged: this is never a pass."""


class Finding(NamedTuple):
    """Something that a gate has against a file.

    Attributes:
        gate: Name of the gate.
        rule: Name of the rule, as the gate's tool calls it.
        path: File, relative to the project's root; or a package.
        line: Line, from 1; 0 where there is none.
        text: What is wrong, one sentence.
        key: What tells this finding from others of the same rule in the same file, such as a digest.
    """

    gate: str
    rule: str
    path: str
    line: int
    text: str
    key: str = ""

    def __str__(self) -> str:
        where = f"{self.path}:{self.line}" if self.line else self.path
        return f"{self.gate} {self.rule} {where} {self.text}" + (f" [{self.key}]" if self.key else "")


class Exemption(BaseModel):
    """Findings that are accepted.

    Attributes:
        gate: Name of the gate.
        rule: Name of the rule.
        path: File, or a pattern of files.
        reason: Why they are no fault.
        count: How many there are, no more and no fewer; without it, any number.
        keys: The keys of all that are accepted; without it, any.
        history: They stand in the history alone, of which a checkout may hold a part.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    gate: str
    rule: str
    path: str
    reason: Annotated[str, Field(min_length=20)]
    count: int | None = None
    keys: tuple[str, ...] | None = None
    history: bool = False

    def fits(self, finding: Finding) -> bool:
        """Tell whether a finding is one of these."""
        same = (self.gate, self.rule) == (finding.gate, finding.rule)
        known = self.keys is None or finding.key in self.keys
        return same and known and fnmatch.fnmatchcase(finding.path, self.path)


class Verdict(NamedTuple):
    """What stays of findings when the exemptions are taken off.

    Attributes:
        refused: Findings that nobody accepted.
        accepted: Findings with a reason.
        stale: Sentences about exemptions that do not fit the tree any more.
    """

    refused: list[Finding]
    accepted: list[Finding]
    stale: list[str]


def exemptions(path: Path = EXEMPTIONS) -> list[Exemption]:
    """Read the exemptions.

    Raises:
        pydantic.ValidationError: One has no reason, or a word that means nothing.
    """
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return [Exemption(gate=gate, **entry) for gate, entries in told.items() for entry in entries]


def judge(findings: Iterable[Finding], accepted: Sequence[Exemption]) -> Verdict:
    """Take the exemptions off the findings.

    Args:
        findings: Of the gates whose exemptions are given.
        accepted: The exemptions.
    """
    left, taken, stale = list(findings), [], []
    for exemption in accepted:
        fitting = [finding for finding in left if exemption.fits(finding)]
        if said := _misfit(exemption, fitting):
            stale.append(said)
        if exemption.count is None or len(fitting) <= exemption.count:
            taken += fitting
            left = [finding for finding in left if finding not in fitting]
    return Verdict(left, taken, stale)


def _misfit(exemption: Exemption, fitting: list[Finding]) -> str:
    """Say how an exemption does not fit; nothing where it does."""
    which = f"exemption {exemption.gate} {exemption.rule} {exemption.path}"
    if exemption.history:
        return ""
    if not fitting:
        return f"{which} fits nothing any more: take it out"
    if exemption.count is not None and len(fitting) != exemption.count:
        return f"{which} is for {exemption.count}, and {len(fitting)} are found"
    if unseen := set(exemption.keys or ()) - {finding.key for finding in fitting}:
        return f"{which} names {', '.join(sorted(unseen))}, and these are not found any more"
    return ""
