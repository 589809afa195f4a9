"""Run the gates: ``python -m gates [NAME...]``, or ``python -m gates --plan FILE`` on a plan of Terraform.

Exit codes: 0 nothing was found that nobody accepted, 1 something was, 2 a gate could not look.
"""

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from gates.checkov import checkov
from gates.cloud import cloud, judge_all
from gates.code import bandit, hadolint, zizmor
from gates.compose import compose
from gates.findings import Exemption, Finding, GateError, Verdict, exemptions, judge
from gates.licences import licences
from gates.manifests import manifests
from gates.secrets import secrets
from gates.terraform import from_plan

GATES: dict[str, Callable[[], list[Finding]]] = {
    "secrets": secrets,
    "checkov": checkov,
    "bandit": bandit,
    "zizmor": zizmor,
    "hadolint": hadolint,
    "manifests": manifests,
    "compose": compose,
    "cloud": cloud,
    "licences": licences,
}
"""The slowest first: the others run beside it."""

PASSED, REFUSED, BLIND = 0, 1, 2


class Result(NamedTuple):
    """What a gate says.

    Attributes:
        gate: Its name.
        verdict: What it found, and what of it is accepted.
        seconds: How long it looked.
        blind: Why it could not look; empty where it could.
    """

    gate: str
    verdict: Verdict
    seconds: float
    blind: str = ""


def main(words: Sequence[str] | None = None) -> int:
    """Run the gates that are named, or all, and tell what they found."""
    parser = argparse.ArgumentParser(prog="python -m gates", description=__doc__)
    parser.add_argument("gates", nargs="*", help=f"of {', '.join(GATES)}; all when none is named")
    parser.add_argument(
        "--plan", type=Path, help="what terraform show -json printed: our own rules, held against it"
    )
    asked = parser.parse_args(words)
    if unknown := set(asked.gates) - set(GATES):
        parser.error(f"no gate is called {', '.join(sorted(unknown))}")
    if asked.plan:
        results = [
            _run("cloud", lambda: judge_all(from_plan(asked.plan.read_text("utf-8"), str(asked.plan))), [])
        ]
    else:
        results = _run_all([name for name in GATES if name in asked.gates or not asked.gates])
    _tell(results)
    return max(map(_code, results))


def _run_all(names: list[str]) -> list[Result]:
    accepted = exemptions()
    if strangers := {one.gate for one in accepted} - set(GATES):
        raise GateError(f"exemptions.toml speaks of {', '.join(sorted(strangers))}, which is no gate")
    with ThreadPoolExecutor(max_workers=2) as pool:
        return list(pool.map(lambda name: _run(name, GATES[name], accepted), names))


def _run(name: str, gate: Callable[[], list[Finding]], accepted: list[Exemption]) -> Result:
    began = time.monotonic()
    try:
        verdict, blind = judge(gate(), [one for one in accepted if one.gate == name]), ""
    except GateError as error:
        verdict, blind = Verdict([], [], []), str(error)
    return Result(name, verdict, time.monotonic() - began, blind)


def _tell(results: list[Result]) -> None:
    print(f"{'gate':<10} {'found':>6} {'accepted':>9} {'refused':>8} {'seconds':>8}")
    for gate, (refused, accepted, stale), seconds, _ in results:
        found = len(refused) + len(accepted)
        print(f"{gate:<10} {found:>6} {len(accepted):>9} {len(refused) + len(stale):>8} {seconds:>8.1f}")
    for gate, (refused, _, stale), _, blind in results:
        for said in [
            *map(str, refused),
            *(f"{gate} {one}" for one in stale),
            *([f"{gate}: {blind}"] if blind else []),
        ]:
            print(said)


def _code(result: Result) -> int:
    if result.blind:
        return BLIND
    return REFUSED if result.verdict.refused or result.verdict.stale else PASSED


if __name__ == "__main__":
    sys.exit(main())
