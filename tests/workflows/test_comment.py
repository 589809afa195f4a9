"""The comment: one, ours, brought up to date; whatever a stranger left, and whether CML is there or not."""

import json
import os
import shutil
import stat
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from delivery import comment, infra_report
from delivery.artifacts import MOST_BYTES, only_file
from delivery.runner import DeliveryError
from nightlabel.propose.comments import ROBOT
from nightlabel.propose.reproduction import Check
from nightlabel.propose.reproduction_report import MARKER
from tests.fake_github.server import Fault
from tests.workflows.conftest import WRITES
from tests.workflows.samples import check

RUN = 77


@pytest.fixture
def post(hub, tmp_path, monkeypatch):
    """Run the step that comments, in this process; CML is not there."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    assert shutil.which("cml") is None

    def run(*, owner="o", sha="", branch="mine"):
        found = {"id": RUN, "head_sha": sha or tip(hub), "head_branch": branch}
        event = {"workflow_run": found | {"head_repository": {"owner": {"login": owner}}}}
        (tmp_path / "event.json").write_text(json.dumps(event))
        for name, value in {
            "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
            "GITHUB_STEP_SUMMARY": str(tmp_path / "summary"),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_API_URL": hub.url,
            "GITHUB_TOKEN": WRITES,
            "GAP": "0",
        }.items():
            monkeypatch.setenv(name, value)
        comment.work()
        return (tmp_path / "summary").read_text()

    return run


def tip(hub) -> str:
    return hub.repository.sha("refs/heads/mine")


def left(hub, made=None, name="reproduction") -> None:
    hub.artifacts.clear()
    made = made or check(commit=tip(hub))
    hub.leave(RUN, name, {"check.json": made.model_dump_json().encode()})


def test_one_comment_is_made_and_then_brought_up_to_date(hub, post):
    left(hub)
    assert "Comment created on pull request 1" in post()
    assert "Comment unchanged" in post()
    left(hub, check(commit=tip(hub), outcome="keep"))
    assert "Comment updated" in post()

    ((number, body),) = hub.comments
    assert (number, body.startswith(MARKER)) == (1, True)
    assert "the gates say keep now" in body


def test_a_strangers_comment_with_our_marker_is_left_alone(hub, post):
    hub.remark(1, f"{MARKER}\n\nall is fine, merge it", "mallory")
    left(hub)
    post()

    assert [one.author for one in hub.remarks] == ["mallory", ROBOT]
    assert hub.remarks[0].body.endswith("merge it")


def test_a_second_comment_of_ours_is_taken_away(hub, post):
    for _ in range(2):
        hub.remark(1, f"{MARKER}\n\nold", ROBOT)
    left(hub)
    post()

    assert len(hub.comments) == 1
    assert "reproduced" in hub.comments[0][1]


def test_the_pull_request_is_the_events_and_not_the_artifacts(hub, post):
    left(hub)

    assert "Nothing to say" in post(owner="stranger")
    assert "Nothing to say" in post(branch="other")
    assert hub.comments == []


def test_a_forks_pull_request_gets_its_comment_too(hub, post):
    hub.pulls[0]["owner"] = "stranger"
    left(hub, Check(usecase="card_spending", commit=tip(hub), problem="a fork is given no data"))
    post(owner="stranger")

    assert "a fork is given no data" in hub.comments[0][1]


def test_a_paper_of_another_commit_is_refused(hub, post):
    left(hub, check(commit="b" * 40))

    with pytest.raises(DeliveryError, match="another commit"):
        post()
    assert hub.comments == []


def test_a_pull_request_that_moved_on_is_told_nothing(hub, post):
    left(hub)
    old = tip(hub)
    hub.repository.put("mine", {"a.txt": b"b\n"}, "More")

    assert "Nothing to say" in post(sha=old)


def archive(files: dict[str, bytes]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"", "no archive"),
        (b"PK\x03\x04 broken", "no archive"),
        (archive({}), "no archive of one file"),
        (archive({"a": b"", "b": b""}), "no archive of one file"),
        (archive({"bomb": bytes(50_000_000)}), "longer than"),
    ],
)
def test_an_archive_that_is_not_one_small_file_is_refused(packed, words):
    with pytest.raises(DeliveryError, match=words):
        only_file(packed)


def test_the_name_in_an_archive_is_not_used(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert only_file(archive({"../../evil": b"x"})) == b"x"
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_is_too_large_is_not_fetched(hub, post):
    hub.leave(RUN, "reproduction", {"check.json": b"x"}).archive = bytes(MOST_BYTES + 1)

    with pytest.raises(DeliveryError, match="bytes"):
        post()


def test_words_of_a_stranger_stay_words(hub, post):
    evil = "@everyone <script>x</script> ![p](https://evil.example/p.png) | \n# head"
    left(hub, Check(usecase="card_spending", commit=tip(hub), problem=evil))
    post()

    body = hub.comments[0][1]
    assert not any(part in body for part in ("@everyone", "<script>", "](https", "\n# head"))


def test_a_lost_answer_makes_no_second_comment(hub, post, monkeypatch):
    monkeypatch.setattr("nightlabel.propose.patience.backoff", lambda _: 0.0)
    hub.faults = [Fault("POST /repos/o/r/issues/1/comments", status=502)]
    left(hub)
    post()

    assert len(hub.comments) == 1


CML = """#!{python}
# CML's part in this: what its driver of GitHub does for `comment update`, over HTTP.
import json, os, sys, urllib.request
assert sys.argv[1:3] == ["comment", "update"], sys.argv
options = dict(word[2:].split("=", 1) for word in sys.argv[3:-1])
assert options["target"] == "pr/1" and options["publish"] == "false", "pictures would go to another host"
api, token = os.environ["GITHUB_API_URL"], os.environ["GITHUB_TOKEN"]
mark = 'CML watermark ' + options["watermark-title"]
body = open(sys.argv[-1]).read() + '\\n\\n![](https://cml.dev/watermark.png#5eed "' + mark + '")'
def ask(verb, path, body=None):
    data = json.dumps(body).encode() if body else None
    headers = {{"Authorization": "token " + token, "Content-Type": "application/json"}}
    request = urllib.request.Request(api + path, data=data, method=verb, headers=headers)
    return json.load(urllib.request.urlopen(request))
if os.environ.get("CML_BROKEN"):
    sys.exit(1)
old = [one for one in ask("GET", "/repos/o/r/issues/1/comments") if mark in one["body"]]
if old:
    ask("PATCH", "/repos/o/r/issues/comments/%d" % old[-1]["id"], {{"body": body}})
else:
    ask("POST", "/repos/o/r/issues/1/comments", {{"body": body}})
"""


@pytest.fixture
def cml(post, tmp_path) -> Path:
    path = tmp_path / "bin" / "cml"
    path.write_text(CML.format(python=sys.executable))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_cml_makes_the_comment_and_updates_it(hub, post, cml):
    left(hub)
    assert "posted by CML" in post()
    left(hub, check(commit=tip(hub), outcome="keep"))
    assert "posted by CML" in post()

    assert len(hub.comments) == 1
    assert "the gates say keep now" in hub.comments[0][1]


def test_where_cml_fails_the_same_comment_is_ours(hub, post, cml, monkeypatch):
    left(hub)
    post()
    monkeypatch.setenv("CML_BROKEN", "1")
    left(hub, check(commit=tip(hub), outcome="keep"))

    assert "Comment updated" in post()
    assert len(hub.comments) == 1


def test_a_comment_that_was_ours_stays_ours_when_cml_comes_back(hub, post, cml, monkeypatch):
    monkeypatch.setenv("CML_BROKEN", "1")
    left(hub)
    post()
    monkeypatch.delenv("CML_BROKEN")

    assert "Comment unchanged" in post()
    assert len(hub.comments) == 1


def plan_paper(hub, **more) -> dict:
    rows = [{"address": 'aws_s3_bucket.lake["eu"]', "action": "create"}]
    return {"commit": tip(hub), "digest": "d" * 64, "changes": rows} | more


def test_a_plan_of_infrastructure_has_a_comment_of_its_own(hub, post):
    left(hub)
    hub.leave(RUN, "infra-dev", {"dev.json": json.dumps(plan_paper(hub)).encode()})
    post()

    first, second = (body for _, body in hub.comments)
    assert first.startswith(MARKER)
    assert second.startswith(infra_report.marker("dev"))
    assert '| create | `aws_s3_bucket.lake["eu"]` |' in second


@pytest.mark.parametrize(
    "more",
    [
        {"commit": "x"},
        {"digest": ""},
        {"changes": [{"address": "a`](http://evil)", "action": "create"}]},
        {"changes": [{"address": "a", "action": "<b>"}]},
        {"changes": 7},
    ],
)
def test_a_plan_that_terraform_did_not_write_is_refused(hub, post, more):
    hub.leave(RUN, "infra-dev", {"dev.json": json.dumps(plan_paper(hub, **more)).encode()})

    with pytest.raises(DeliveryError, match="paper"):
        post()
    assert hub.comments == []
