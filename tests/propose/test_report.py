"""A report can be decided on, fits, and holds nothing but words, whatever the names in it are."""

import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from nightlabel.errors import RefusedError
from nightlabel.propose.escape import link
from nightlabel.propose.report import render
from tests.propose.samples import CLASSES, changes, gates, model, report

OURS = re.compile(r"</?details>|<summary>[A-Za-z0-9 ,;:().]*</summary>")
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
LINKING = re.compile(r"@\w|#\d|://|www\.\w|\bGH-\d|:\w+:", re.IGNORECASE)
NASTY = (
    "<script>alert(1)</script>",
    "</details><img src=x onerror=y>",
    "@octocat and @o/team",
    "closes #12, GH-3, o/r#4",
    "[x](http://evil.example) ![y](//z)",
    "https://evil.example www.evil.example a@evil.example",
    "a|b||c\\|d",
    "``` `` ` \\`",
    "\n\n# Title\n\n- item\n\n---\n",
    "\x1b[31mred\x1b[0m \u202eright to left\u202c \x00\x7f",
    "&lt;b&gt; &#64;octocat {{ 7*7 }} {% raw %}",
    "$\\frac{1}{2}$ :tada: ~~x~~ **y** _z_ [^1]",
    "ação \uff20octocat 🙂",
    "\ud800",
    " ",
    "",
)
hostile = st.one_of(
    st.sampled_from(NASTY),
    st.text(alphabet="<>&\"'`|\\@#[]()!*_~$:/.-+=w{}%\n\t\x1b\u200b\u202eaZ1 ", max_size=90),
    st.text(max_size=90),
)


def tokens(text):
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [one for token in parsed for one in (token, *(token.children or ()))]


def shape(text):
    return [token.type for token in tokens(text)]


def distinct(words):
    return tuple(f"{i}{word}".encode("utf-8", "replace").decode() for i, word in enumerate(words))


PLAIN = render(report(word="plain", reason="a reason", missing=["plain"]))


@given(st.lists(hostile, min_size=4, max_size=4), hostile, hostile)
@settings(max_examples=30, deadline=None)
@example(list(NASTY[:4]), NASTY[4], NASTY[5])
@example(list(NASTY[6:10]), NASTY[8], NASTY[10])
@example(list(NASTY[10:14]), NASTY[14], NASTY[7])
def test_names_from_outside_are_words_and_never_structure_html_links_or_mentions(names, word, reason):
    written = render(report(distinct(names), word=word, reason=f"a {reason}", missing=[word]))

    assert not CONTROL.search(written)
    assert shape(written) == shape(PLAIN)
    for token in tokens(written):
        if token.type in ("html_block", "html_inline"):
            assert all(OURS.fullmatch(line) for line in token.content.split("\n") if line)
        if token.type == "text":
            assert not LINKING.search(token.content)
        assert token.type != "image"


@pytest.mark.parametrize("letter", ["n", "ç", "🙂", "*"])
def test_a_report_is_never_longer_than_the_forge_takes(letter):
    names = [f"{i} {letter * 80}" for i in range(3000)]
    long = report(new=model("3", names), current=model("2", names), changes=changes(names))
    part = {"rows": 60, "accuracy": 0.1, "reference": 0.1, "loss": 0.0, "significance": 1.0}
    written = render(replace(long, parts=[part | {"name": name} for name in names], note=letter * 500))

    assert len(written.encode()) <= 65_536
    assert written.count("<details>") == written.count("</details>")
    assert "further rows are left out" in written


def test_the_least_important_tables_are_cut_first():
    written = render(report(rows=500), longest=3500)

    assert len(written.encode()) <= 3500
    assert "| accuracy |" in written
    assert "| share of " not in written
    assert shape(written).count("html_block") == shape(render(report())).count("html_block")


def test_what_cannot_be_cut_to_size_is_refused():
    with pytest.raises(RefusedError, match="NL-F009"):
        render(report(), longest=500)


def test_the_first_lines_say_what_is_asked_and_what_it_means():
    first = render(report()).splitlines()[:5]

    assert first[0] == "## ✅ `card_spending`: make `embeddings` the champion"
    assert first[2].startswith("All 2 gates are open. Accuracy **0.490**, now 0.470; log loss **1.590**")
    assert first[2].endswith("**8.7 %** of the last night's labels would change.")
    assert "version `3` stays" in first[4]


def test_a_candidate_that_was_not_trained_is_named_beside_the_decision():
    written = render(report(missing=["habits was not trained: NL-T003 it diverged"]))

    assert "**Not compared:** habits was not trained: NL-T003 it diverged" in written
    assert written.index("**Not compared:**") < written.index("### New against current")


def test_changed_labels_are_counted_by_what_they_change_to():
    written = render(report())

    assert "**15** of 172 labelled records would get another label (8.7 %)." in written
    assert "| `restaurants` | `supermarkets` | 15 | 8.7 % |" in written


def test_examples_show_identity_and_labels_and_no_content_of_the_file():
    frame = changes(CLASSES).assign(cliente="CANARY-4711", valor=1.0, source="a/b/CANARY-folder/march.csv")
    written = render(report(changes=frame))

    assert "`march.csv`" in written
    assert "CANARY" not in written


def test_missing_parts_are_said_in_words():
    bare = report(current=None, parts=None, confusion=None, changes=None, data_before=None, links={}, note="")
    written = render(replace(bare, verdict={**bare.verdict, "champion": None}))

    assert "There is no champion yet" in written
    assert "No night has been labelled yet" in written
    assert "no earlier data version" in written
    assert "there still is none" in written


def test_a_night_without_records_and_labels_that_are_missing_are_no_fault():
    empty = changes(CLASSES, 1).head(0)
    missing = changes(CLASSES, 3).assign(old_label=pd.NA, old_confidence=float("nan"))

    assert "has no labelled records" in render(report(changes=empty))
    assert "`(none)`" in render(report(changes=missing))


@pytest.mark.parametrize(("outcome", "said"), [("keep", "is not better than"), ("reject", "is rejected")])
def test_a_closed_gate_stands_first_and_unfolded(outcome, said):
    shut = {**gates()[0], "name": "log_loss", "passed": False, "margin": -0.2, "reason": "too high"}
    verdict = {"outcome": outcome, "champion": "3", "gates": [*gates(), shut]}
    written = render(report(verdict=verdict))

    assert said in written.splitlines()[0]
    assert "1 of 3 gates are closed." in written
    assert written.index("| ❌ | log loss |") < written.index("| ✅ |")
    assert "### All 3 gates, 1 closed" in written


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "http://user:pw@x/", "//x", "https://", "http:// x"]
)
def test_only_web_addresses_become_links(address):
    assert "](" not in link("MLflow", address)


@given(st.text(max_size=60))
def test_a_link_ends_where_it_should(tail):
    written = f"a {link('MLflow', f'https://host/{tail}'.encode('utf-8', 'replace').decode())} z"
    kinds = [t.type for t in tokens(written) if t.type != "inline"]

    assert kinds == ["paragraph_open", "text", "link_open", "text", "link_close", "text", "paragraph_close"]
