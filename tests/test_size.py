"""Laws of a night on paper."""

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from rich.console import Console

from nightlabel import catalog
from nightlabel.errors import RefusedError
from nightlabel.steps import size as step
from nightlabel.steps import tables
from nightlabel.steps.sizing import GETS, Night, Prices, Rates, size

NIGHTLABEL = Path(sys.executable).with_name("nightlabel")
untimed = settings(deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
nights = st.builds(
    Night,
    files=st.integers(1, 10**9),
    records_per_file=st.floats(0, 10**4),
    deadline_minutes=st.floats(1, 600),
    reserve=st.floats(0, 0.9),
    max_pods=st.integers(1, 64),
    cpu=st.floats(0.25, 8),
    prefixes=st.integers(0, 20),
    pod_start_s=st.floats(0, 300),
    list_s=st.floats(0, 1),
    get_s=st.floats(0, 1),
)


def sized(night, **changes):
    """Size a night; nothing where it is refused."""
    try:
        return size(night.model_copy(update=changes), Rates(), Prices())
    except RefusedError:
        return None


def pods(night, **changes):
    found = sized(night, **changes)
    return found.pods if found else float("inf")


@untimed
@given(nights)
def test_a_night_on_paper_meets_its_deadline_with_its_reserve(night):
    assume(found := sized(night))

    assert found.minutes["total"] <= night.deadline_minutes * (1 - night.reserve) + 1e-9
    assert found.minutes["total"] == pytest.approx(sum(found.minutes.values()) - found.minutes["total"])
    assert 1 <= found.pods <= night.max_pods


@untimed
@given(nights, st.integers(0, 10**9))
def test_more_files_never_need_fewer_pods_nor_less_money(night, more):
    files = min(10**9, night.files + more)

    assert pods(night) <= pods(night, files=files)
    if found := sized(night, files=files):
        assert sized(night).dollars["requests"] <= found.dollars["requests"]


@untimed
@given(nights, st.floats(1, 600))
def test_a_later_deadline_never_needs_more_pods(night, minutes):
    later = max(night.deadline_minutes, minutes)

    assert pods(night, deadline_minutes=later) <= pods(night)


@untimed
@given(nights)
def test_one_pod_fewer_would_be_late(night):
    assume((found := sized(night)) and found.pods > 1)

    assert sized(night, max_pods=found.pods - 1) is None


@untimed
@given(nights)
def test_no_prefix_gets_more_requests_than_s3_gives_it(night):
    assume(found := sized(night))

    assert found.gets_per_second <= found.prefixes * GETS * (1 + 1e-9)
    if night.prefixes:
        assert found.prefixes <= night.prefixes


def turned(night, knob):
    number = int(re.search(r"\d+", knob).group())
    if "prefixes" in knob:
        return {"prefixes": number}
    return {"max_pods": number} if "pods" in knob else {"deadline_minutes": number}


@untimed
@given(nights)
def test_whoever_turns_a_knob_of_the_advice_meets_the_deadline(night):
    assume(sized(night) is None)
    with pytest.raises(RefusedError) as refusal:
        size(night, Rates(), Prices())

    assert refusal.value.code == "NL-S003"
    for knob in refusal.value.facts["knobs"]:
        assert sized(night, **turned(night, knob)), knob


def test_what_is_to_be_seen_to_is_said():
    found = sized(Night(files=20_000_000))
    small = sized(Night(files=1_000, records_per_file=100_000.0))

    assert any(f"over {found.prefixes} folders" in sentence for sentence in found.do)
    assert any("GB of memory" in sentence for sentence in found.do)
    assert any("larger files" in sentence for sentence in found.do)
    assert small.do == ()


def test_a_card_says_deadline_and_pods_and_an_option_goes_before_it():
    card = catalog.load("card_spending").card

    result = step.sizes([1000], "card_spending", night={"max_pods": 2, "cpu": None}, prices={})

    night = result["rows"][0]["night"]
    assert (night["deadline_minutes"], night["cpu"]) == (card.deadline_minutes, card.pod.cpu)
    assert night["max_pods"] == 2


def test_slower_rates_of_a_file_need_more_pods(tmp_path):
    slow = tmp_path / "rates.json"
    slow.write_text('{"file_cpu_s": 40.0}')

    rows = [step.sizes([10**6], night={}, prices={}, rates=path)["rows"][0] for path in (None, slow)]

    assert rows[0]["pods"] < rows[1]["pods"]


@pytest.mark.parametrize("content", ["{", '{"file_cpu_s": -1}', '{"files_per_second": 3}', "[]", "3"])
def test_rates_that_are_none_are_refused(tmp_path, content):
    rates = tmp_path / "rates.json"
    rates.write_text(content)

    with pytest.raises(RefusedError) as refusal:
        step.sizes(night={}, prices={}, rates=rates)
    assert refusal.value.code == "NL-H002"


def test_the_command_shows_a_table_and_one_object_and_refuses_what_cannot_be():
    def run(*words):
        return subprocess.run([NIGHTLABEL, "size", *words], capture_output=True, text=True, check=False)

    shown, told = run(), run("--json")
    refused = run("--files", "100000000", "--prefixes", "1", "--json")

    assert (shown.returncode, told.returncode, refused.returncode) == (0, 0, 64)
    assert "1,000,000" in shown.stdout
    assert [row["night"]["files"] for row in json.loads(told.stdout)["rows"]] == list(step.FILES)
    assert "NL-S003" in refused.stderr


def test_the_document_shows_what_the_command_prints():
    printed = io.StringIO()
    Console(file=printed, width=110).print(tables.sizes(step.sizes(night={}, prices={})))

    shown = "\n".join(line.rstrip() for line in printed.getvalue().splitlines())
    assert shown in (Path(__file__).parents[1] / "docs/sizing.md").read_text()
