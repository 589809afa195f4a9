"""The small parts: expressions, what changed, the one check, the comparer."""

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from delivery.changed import changed, kinds
from delivery.require import faults
from delivery.runner import DeliveryError, output
from delivery.smoke import judged
from nightlabel.errors import RefusedError
from nightlabel.propose.reproduction import TOLERANCES, Check, read_check
from nightlabel.propose.reproduction_report import MARKER, render
from tests.workflows.expressions import ExpressionError, evaluate, filled, holds
from tests.workflows.samples import SHA, check

CARDS = "src/nightlabel/usecases/card_spending"


def test_expressions_are_evaluated_and_unknown_ones_are_errors():
    contexts = {"github": {"event": {"n": 7, "ok": True}}, "vars": {}}

    assert filled("pr-${{ github.event.n }}-${{ vars.X || 'none' }}", contexts) == "pr-7-none"
    assert holds("github.event.ok && github.event.n == '7'", contexts, failed=False)
    assert not holds("github.event.ok", contexts, failed=True)
    assert holds("always()", contexts, failed=True)
    for unknown in ("env.HOME", "contains('a', 'b')", "github.event.n > 3"):
        with pytest.raises(ExpressionError):
            evaluate(unknown, contexts)


@pytest.mark.parametrize(
    ("paths", "heavy", "model", "infra"),
    [
        (["README.md", "docs/gates.md", "docs/pictures/a.png", f"{CARDS}/README.md"], False, False, False),
        (["README.md", "src/nightlabel/errors.py"], True, False, False),
        (["docs.py"], True, False, False),
        ([f"{CARDS}/params.toml", f"{CARDS}/data.dvc"], True, True, False),
        (["terraform/envs/dev/main.tf"], True, False, True),
        (None, True, False, True),
    ],
)
def test_a_change_of_documents_starts_nothing_heavy_and_doubt_starts_everything(paths, heavy, model, infra):
    assert kinds(paths) == {"heavy": heavy, "model": model, "infra": infra}


def test_what_changed_is_counted_from_where_the_branch_began(tmp_path, monkeypatch):
    def git(*words):
        named = ("-c", "user.name=a", "-c", "user.email=a@b")
        return subprocess.run(
            ["git", *named, *words], cwd=tmp_path, check=True, capture_output=True, text=True
        ).stdout.strip()

    git("init", "-q", "-b", "main")
    git("commit", "-q", "--allow-empty", "-m", "start")
    git("checkout", "-q", "-b", "mine")
    (tmp_path / "README.md").write_text("hello")
    git("add", ".")
    git("commit", "-q", "-m", "mine")
    git("checkout", "-q", "main")
    (tmp_path / "code.py").write_text("")
    git("add", ".")
    git("commit", "-q", "-m", "theirs")
    base = git("rev-parse", "HEAD")
    git("checkout", "-q", "mine")
    monkeypatch.setattr("delivery.runner.ROOT", tmp_path)

    assert changed(base) == ["README.md"]
    assert changed("0" * 40) is None
    assert changed("f" * 40) is None


def needs(heavy="true", **results):
    made = {"changes": "success", "documents": "success", "code": "success"} | results
    return {
        name: {"result": result, "outputs": {"heavy": heavy} if name == "changes" else {}}
        for name, result in made.items()
    }


@pytest.mark.parametrize(
    ("given_needs", "bad"),
    [
        (needs(), []),
        (needs("false", code="skipped"), []),
        (needs("true", code="skipped"), ["code: skipped"]),
        (needs("false", code="skipped", documents="failure"), ["documents: failure"]),
        (needs(code="cancelled"), ["code: cancelled"]),
        (needs("", changes="failure", code="skipped"), ["changes: failure", "code: skipped"]),
    ],
)
def test_the_one_check_lets_through_what_succeeded_or_was_left_out_on_purpose(given_needs, bad):
    assert faults(given_needs) == bad


def test_an_output_of_two_lines_cannot_pass_for_another_output(tmp_path, monkeypatch):
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "out"))

    with pytest.raises(DeliveryError, match="not one line"):
        output(due="a\nimage=evil")


def test_equal_figures_are_reproduced():
    assert check().faults == []
    assert render(check()).startswith(f"{MARKER}\n\n## ✅ `card_spending`: reproduced")


@given(st.sampled_from(sorted(TOLERANCES)), st.floats(-0.2, 0.2))
def test_a_figure_is_refused_exactly_where_it_is_further_off_than_allowed(metric, off):
    found = check(reproduced={"metrics": check().comparison.proposed.metrics | {metric: 0.5 + off}})

    assert bool(found.faults) == (abs(0.5 + off - 0.5) > TOLERANCES[metric])
    assert ("❌" in render(found)) == bool(found.faults)


@pytest.mark.parametrize(
    ("changed_part", "words"),
    [
        ({"reproduced": {"data_version": "b" * 32}}, "data version is"),
        ({"reproduced": {"holdout": "d" * 64}}, "holdout is"),
        ({"reproduced": {"candidate": "other"}}, "candidate is other"),
        ({"reproduced": {"seed": 8}}, "seed is 8"),
        ({"outcome": "keep", "closed": ("log_loss",)}, "the gates say keep now, closed: log_loss"),
    ],
)
def test_another_identity_or_verdict_is_refused_whatever_the_figures_say(changed_part, words):
    found = check(**changed_part)

    assert [fault for fault in found.faults if words in fault]
    assert "Do not merge" in render(found)


def test_a_check_without_a_comparison_is_a_refusal():
    assert Check(usecase="", commit=SHA).faults == ["nothing was compared"]


@pytest.mark.parametrize(
    "paper",
    [
        b"",
        b"[]",
        b'{"usecase": "x", "commit": "zz"}',
        b'{"usecase": "x", "commit": "%s", "more": 1}' % SHA.encode(),
        check().model_dump_json().replace("0.5", "1e999", 1).encode(),
        check().model_dump_json().replace('"accuracy":0.5,', "", 1).encode(),
        b"{" + b" " * 70_000 + b"}",
    ],
)
def test_a_paper_that_is_not_ours_is_refused(paper):
    with pytest.raises(RefusedError) as refusal:
        read_check(paper)

    assert refusal.value.code == "NL-F010"


def test_a_paper_that_is_ours_comes_back_as_it_was():
    assert read_check(check().model_dump_json().encode()) == check()


@given(st.text(max_size=60))
def test_words_from_outside_are_words_in_the_comment(text):
    found = check(classes=[{"name": text, "rows": 3, "new": 0.5, "current": 0.25}])
    bad = Check(usecase="card_spending", commit=SHA, problem=text or "x")

    for said in (render(found), render(bad)):
        tokens = MarkdownIt("commonmark").enable("table").parse(said)
        inner = [child for token in tokens for child in token.children or ()]
        assert not [c for c in inner if c.type in ("link_open", "image", "html_inline")]
        html = [t.content for t in tokens if t.type == "html_block"]
        assert all(part.startswith(("<!-- nightlabel", "<details>", "</details>")) for part in html)


def test_the_chart_holds_numbers_alone():
    drawn = render(check()).split("```mermaid\n")[1].split("```")[0].splitlines()

    assert drawn[0] == "xychart-beta"
    assert drawn[4] == "    bar [0.500, 0.250]"
    assert drawn[5] == "    line [0.400, 0.300]"


PLAN = {"model_version": "4", "files": 3}
TOLD = {"ok": True, "records": 30, "labelled": 29, "differences": []}


def test_a_smoke_night_that_adds_up_is_told():
    assert judged(PLAN, TOLD, "4", 3) == "30 records, 29 labelled"


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (PLAN | {"model_version": "3"}, TOLD),
        (PLAN | {"files": 2}, TOLD),
        (PLAN, TOLD | {"ok": False, "differences": ["1 record is lost"]}),
        (PLAN, TOLD | {"labelled": 0}),
    ],
)
def test_a_smoke_night_of_another_model_or_without_its_labels_is_refused(plan, told):
    with pytest.raises(DeliveryError):
        judged(plan, told, "4", 3)
