"""A step is one command line; its exit code says whether Airflow tries again."""

import json

import pytest
from airflow.sdk.exceptions import AirflowException, AirflowFailException
from hypothesis import given
from hypothesis import strategies as st

from nightlabel_airflow.commands import arguments, judge, last_word, parsed, readable

pytestmark = pytest.mark.airflow

REFUSAL = {"error": {"code": "NL-A004", "sentence": "a column is missing", "kept": "all", "next": "add it"}}


def judged(code, output="", *tail):
    text = output if isinstance(output, str) else json.dumps(output)
    return judge(code, parsed(text), otherwise=last_word(code, tail))


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1))
def test_whatever_a_person_types_stays_one_argument(text):
    assert arguments("validate", "cards", {"note": text})[1:] == [
        "--usecase=cards",
        f"--note={text}",
        "--json",
    ]


def test_a_list_repeats_its_option_and_nothing_leaves_it_out():
    options = {"candidate": ["a", "b"], "note": "", "data-version": None, "seed": 0}

    assert arguments("validate", "cards", options)[2:] == [
        "--candidate=a",
        "--candidate=b",
        "--seed=0",
        "--json",
    ]


def test_a_result_is_handed_on():
    assert judged(0, {"outcome": "keep"}) == {"outcome": "keep"}


def test_what_was_refused_is_not_tried_again_and_says_why():
    with pytest.raises(AirflowFailException) as failure:
        judged(64, REFUSAL)

    assert str(failure.value) == "NL-A004 a column is missing\nkept: all\nnext: add it"


@pytest.mark.parametrize("code", [1, 2, 75, 137, -9, -15])
def test_every_other_end_is_tried_again(code):
    with pytest.raises(AirflowException) as failure:
        judged(code, "", "the last line", "")

    assert not isinstance(failure.value, AirflowFailException)
    assert "the last line" in str(failure.value)
    assert str(abs(code)) in str(failure.value)


@pytest.mark.parametrize("output", ["", "done", "[1]", '{"a": 1} {"b": 2}'])
def test_a_step_that_goes_green_without_a_result_is_a_failure(output):
    with pytest.raises(AirflowException, match="no JSON object"):
        judged(0, output)


def test_a_line_of_json_is_made_readable_and_plain_text_stays():
    assert (
        readable('{"event": "read", "level": "info", "rows": 3, "timestamp": "t", "room": "x"}')
        == "read rows=3"
    )
    assert readable("plain {text}") == "plain {text}"
    assert readable('{"no": "event"}') == '{"no": "event"}'
