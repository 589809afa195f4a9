"""Tables for people carry nothing that a terminal would obey, whoever named the files."""

import io

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nightlabel.steps import tables

ATTACK = "\x1b]0;owned\x07\x1b[2K\x1b]52;c;cm0gLXJm\x07\u202e"
words = st.text(max_size=30) | st.sampled_from([ATTACK, f"{ATTACK}.csv"])


def shown(drawn) -> str:
    console = Console(file=io.StringIO(), force_terminal=False, width=400)
    console.print(drawn)
    return console.file.getvalue()


@given(words, words, words)
def test_labels_of_any_file_are_printable(name, carried, label):
    row = {"row": 0, "label": label, "confidence": 0.5, "abstain": False, "top_labels": [label]}
    row |= {"source": f"cards/inbox/{name}", "city": carried, "error_code": None}

    text = shown(tables.labels({"date": "2026-01-31", "records": 1, "carried": ["city"], "rows": [row]}))

    assert text.replace("\n", "").isprintable()


@given(words, words)
def test_facts_about_any_file_are_printable(name, value):
    text = shown(tables.facts({"source": name, "counts": {value: 1}}))

    assert text.replace("\n", "").isprintable()


def test_the_accounting_of_any_file_is_printable():
    told = {"ok": False, "date": "2026-01-31", "differences": [f"{ATTACK}: missing"]}

    assert shown(tables.accounting(told)).replace("\n", "").isprintable()
