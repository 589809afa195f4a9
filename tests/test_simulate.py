"""Laws of simulated nights."""

import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from nightlabel.errors import RefusedError
from nightlabel.steps import size as step
from nightlabel.steps import tables
from nightlabel.steps.simulate import Chances, ends, scheduled, simulate, throw
from nightlabel.steps.sizing import Night, Rates, phases_of

NIGHTLABEL = Path(sys.executable).with_name("nightlabel")
untimed = settings(deadline=None, max_examples=60)
CALM = {"start_spread": 0.0, "pod_spread": 0.0, "straggler_share": 0.0, "preemptions_per_hour": 0.0}
nights = st.builds(
    Night, files=st.integers(1, 10**8), deadline_minutes=st.floats(1, 600), max_pods=st.integers(1, 12)
)
chances = st.builds(
    Chances,
    samples=st.just(60),
    seed=st.integers(0, 5),
    start_spread=st.floats(0, 2),
    pod_spread=st.floats(0, 1),
    straggler_share=st.floats(0, 1),
    straggler_factor=st.floats(1, 20),
    preemptions_per_hour=st.floats(0, 20),
    retries=st.integers(0, 3),
    slots=st.integers(0, 12),
)


def chance(night, luck, **changes):
    return [row["chance"] for row in simulate(night.model_copy(update=changes), Rates(), luck)]


@untimed
@given(nights, chances)
def test_more_pods_never_have_a_smaller_chance(night, luck):
    rows = simulate(night, Rates(), luck)

    assert [row["chance"] for row in rows] == sorted(row["chance"] for row in rows)
    assert rows[-1]["pods"] == night.max_pods
    assert all(1 <= row["used"] <= row["pods"] for row in rows)


@untimed
@given(nights, chances, st.floats(1, 600))
def test_a_later_deadline_never_has_a_smaller_chance(night, luck, minutes):
    later = max(night.deadline_minutes, minutes)
    pairs = zip(chance(night, luck), chance(night, luck, deadline_minutes=later), strict=True)

    assert all(before <= after for before, after in pairs)


@untimed
@given(nights)
def test_without_luck_a_night_takes_what_it_takes_on_paper(night):
    luck = Chances(samples=3, **CALM)
    pods = night.max_pods

    seconds = ends(night, Rates(), luck, throw(luck, pods), pods)

    assert seconds == pytest.approx(sum(phases_of(night, Rates(), pods).values()))
    assert set(chance(night, luck)) <= {0.0, 1.0}


@untimed
@given(nights, chances)
def test_a_deadline_before_the_plan_is_made_is_never_met_and_a_far_one_always(night, luck):
    tight = night.model_copy(update={"pod_start_s": 300.0, "deadline_minutes": 1e-3})
    calm = luck.model_copy(update={"preemptions_per_hour": 0.0})

    assert set(chance(tight, luck)) == {0.0}
    assert set(chance(night, calm, deadline_minutes=1e9)) == {1.0}


shards = st.lists(st.floats(0, 1000), min_size=1, max_size=12).map(lambda row: np.array([row]))


@untimed
@given(shards, st.integers(1, 12))
def test_more_slots_are_never_later_and_enough_of_them_end_with_the_longest(taken, slots):
    few, more = scheduled(taken, slots)[0], scheduled(taken, slots + 1)[0]

    assert taken.max() - 1e-9 <= more <= few + 1e-9
    assert scheduled(taken, taken.size)[0] == taken.max()


@untimed
@given(nights, chances)
def test_what_is_preempted_more_often_is_never_more_likely_in_time(night, luck):
    often = luck.model_copy(update={"preemptions_per_hour": luck.preemptions_per_hour * 2})
    dice, worse = throw(luck, 3), throw(often, 3)

    same = [ends(night, Rates(), luck, thrown, 3) for thrown in (dice, worse)]

    assert np.isinf(same[1]).sum() >= np.isinf(same[0]).sum()


def test_stragglers_make_few_pods_better_than_many():
    night = Night(files=1_000_000, deadline_minutes=12, max_pods=64, pod_start_s=60)
    luck = Chances(straggler_share=0.1, straggler_factor=30.0, start_spread=0.0)

    rows = simulate(night, Rates(), luck)

    assert rows[-1]["used"] < 64


def test_the_same_seed_gives_the_same_nights_and_another_gives_others():
    night = Night(files=20_000_000, max_pods=4)
    first, again, other = (simulate(night, Rates(), Chances(seed=seed)) for seed in (1, 1, 2))

    assert first == again != other


def test_what_is_no_chance_is_refused():
    with pytest.raises(RefusedError) as refusal:
        step.chances([1000], night={}, luck={"straggler_share": 2.0})

    assert refusal.value.code == "NL-H002"


def test_the_command_shows_a_table_and_one_object():
    def run(*words):
        command = [NIGHTLABEL, "size", "--simulate", "--files", "20000000", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True)

    rows = json.loads(run("--json").stdout)["rows"]

    assert "chance" in run().stdout
    assert [row["pods"] for row in rows[0]["pods"]] == [1, 2, 4, 8, 16, 32, 64]


def test_the_document_shows_what_the_command_prints():
    printed = io.StringIO()
    found = step.chances([20_000_000], night={}, luck={})
    Console(file=printed, width=110).print(tables.chances(found))

    shown = "\n".join(line.rstrip() for line in printed.getvalue().splitlines())
    assert shown in (Path(__file__).parents[1] / "docs/sizing.md").read_text()
