"""Train a proposal again from its data version and parameters alone, and hold the figures against it.

Only the two files of a proposal may differ from the target branch, so that the code that gets the credentials
is code that was merged. The finding goes into a paper; what may write to the pull request reads it elsewhere.
"""

import re
import sys
import tomllib
from pathlib import Path

from delivery.changed import changed
from delivery.runner import ROOT, DeliveryError, call, event, fail, summary, variable
from nightlabel.errors import NightlabelError
from nightlabel.propose.forge import PARAMS, POINTER, USECASES, check_paths
from nightlabel.propose.reproduction import Check, Comparison
from nightlabel.propose.reproduction_report import render
from nightlabel.steps import folder, reproduce
from nightlabel.store import open_uri

PAPER = Path("reproduction") / "check.json"
_BIN = Path(sys.executable).parent


def work() -> None:
    """Write the paper, whatever is found; refuse where the proposal was not had again."""
    head = event()["pull_request"]["head"]
    usecase, comparison, problem = "", None, ""
    try:
        usecase = proposed(changed(variable("BASE", "")))
        _refuse_forks(head)
        comparison = _again(usecase)
    except (NightlabelError, DeliveryError) as error:
        problem = str(error)[:2000]
    check = Check(usecase=usecase, commit=head["sha"], problem=problem, comparison=comparison)
    (ROOT / PAPER).parent.mkdir(exist_ok=True)
    (ROOT / PAPER).write_text(check.model_dump_json(), encoding="utf-8")
    summary(render(check))
    if check.faults:
        fail(f"the proposal was not reproduced: {'; '.join(check.faults)}")


def proposed(paths: list[str] | None) -> str:
    """Give the use case that a pull request proposes for.

    Raises:
        DeliveryError: It is not known what changed.
        RefusedError: ``NL-F003``, something else changed too.
    """
    found = sorted(paths or ())
    usecase = next((m[1] for p in found if (m := re.match(rf"{USECASES}/([a-z][a-z0-9_]{{0,40}})/", p))), "")
    if not usecase:
        raise DeliveryError("git does not tell what the pull request changes")
    check_paths(found, usecase)
    return usecase


def _refuse_forks(head: dict[str, dict[str, str]]) -> None:
    source = (head.get("repo") or {}).get("full_name", "")
    if source.lower() != variable("GITHUB_REPOSITORY").lower():
        raise DeliveryError("a proposal comes from a branch of the repository; a fork is given no data")


def _again(usecase: str) -> Comparison:
    """Pull the data, run the stages, and compare."""
    lake, place = variable("PROPOSALS_LAKE"), ROOT / USECASES / usecase
    _no_script(place)
    dvc = [sys.executable, "-m", "dvc"]
    call([*dvc, "config", "--local", "remote.lake.url", _remote(lake)])
    if endpoint := variable("S3_ENDPOINT", ""):
        call([*dvc, "config", "--local", "remote.lake.endpointurl", endpoint])
    call([*dvc, "pull", f"{USECASES}/{usecase}/{POINTER}"])
    path = f"{_BIN}:{variable('PATH')}"
    print(call([*dvc, "repro", "--force", f"{USECASES}/{usecase}/dvc.yaml"], more={"PATH": path}))
    return reproduce.compare(
        folder.experiment(usecase, reproduce.RUN),
        open_uri(lake),
        (place / PARAMS).read_bytes(),
        (place / POINTER).read_bytes(),
    )


def _no_script(place: Path) -> None:
    """Refuse a candidate whose name DVC would put into a command line as more than a name."""
    try:
        candidate = tomllib.loads((place / PARAMS).read_text(encoding="utf-8")).get("candidate", "")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError):
        raise DeliveryError(f"{PARAMS} is no TOML") from None
    if not isinstance(candidate, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", candidate):
        raise DeliveryError(f"{PARAMS} does not name a candidate")


def _remote(lake: str) -> str:
    """Give the DVC remote of a lake, as the step that names data sets writes to it."""
    return f"{lake.removeprefix('file://')}/dvc"


if __name__ == "__main__":
    work()
