"""Say on a pull request what a check found, in one comment that is brought up to date.

This runs with a token that may write, after a workflow that ran the pull request's own code without one. So
what that left is believed in nothing: the pull request is found by the event, which GitHub made; the paper is
small, has a closed form, and its text is written here.
"""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from github.PullRequest import PullRequest

from delivery import forge, infra_report
from delivery.artifacts import papers
from delivery.runner import DeliveryError, call, event, main, summary, variable
from nightlabel.errors import NightlabelError
from nightlabel.propose import reproduction_report
from nightlabel.propose.comments import CML, Comments, comments
from nightlabel.propose.reproduction import read_check


class Kind(NamedTuple):
    """One kind of paper: the artifact that holds it, and what makes the text of it."""

    artifact: str
    marker: str
    text: Callable[[bytes], tuple[str, str]]


def _reproduction(paper: bytes) -> tuple[str, str]:
    check = read_check(paper)
    return check.commit, reproduction_report.render(check)


def _infra(name: str) -> Kind:
    return Kind(f"infra-{name}", infra_report.marker(name), lambda paper: infra_report.text(paper, name))


KINDS = (Kind("reproduction", reproduction_report.MARKER, _reproduction), _infra("dev"), _infra("prod"))


def work() -> None:
    """Post what the finished workflow left."""
    run = event()["workflow_run"]
    head = f"{run['head_repository']['owner']['login']}:{run['head_branch']}"
    try:
        room = comments(forge.place(), gap=float(variable("GAP", "1")))
        found = papers(room.client, int(run["id"]), tuple(kind.artifact for kind in KINDS))
        pull = room.pull(head, run["head_sha"]) if found else None
        for kind in KINDS:
            if pull and kind.artifact in found:
                _post(room, pull, kind, found[kind.artifact], run["head_sha"])
    except NightlabelError as error:
        raise DeliveryError(str(error)) from None
    if not pull:
        summary("Nothing to say: no paper was left, or the pull request has moved on.")


def _post(room: Comments, pull: PullRequest, kind: Kind, paper: bytes, sha: str) -> None:
    commit, text = kind.text(paper)
    if commit != sha:
        raise DeliveryError("the paper is of another commit than the workflow's")
    how = _by_cml(room, pull, kind, text) or room.post(pull, text, kind.marker)
    summary(f"Comment {how} on pull request {pull.number}.")


def _by_cml(room: Comments, pull: PullRequest, kind: Kind, text: str) -> str:
    """Let CML do it where it is installed; tells whether the comment stands, once.

    A comment without CML's own mark is ours to go on with: CML would not find it, and write a second one.
    CML sends a report's pictures to a host of its own, which is switched off.
    """
    standing = room.ours(pull, kind.marker)
    if shutil.which("cml") is None or any(CML not in one.body for one in standing):
        return ""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.md"
        report.write_text(text, encoding="utf-8")
        words = ["cml", "comment", "update", f"--target=pr/{pull.number}", "--publish=false"]
        try:
            call([*words, f"--watermark-title={kind.artifact}", report])
        except DeliveryError as error:
            summary(f"CML did not post it, so nightlabel does: {error}")
            return ""
    done = [one for one in room.ours(pull, kind.marker) if text.rstrip() in one.body.replace("\r\n", "\n")]
    return "posted by CML" if len(done) == 1 else ""


if __name__ == "__main__":
    main(work)
