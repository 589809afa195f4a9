"""Laws of the gates, for any seed of the made world."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.gate import Verdict, judge
from tests.gate.world import GATES, HONEST, WEAK, law, softmax, world

seeds = st.integers(0, 10_000)
TIGHTER = {  # the direction in which each bound becomes stricter
    "accuracy_at_least": 1,
    "log_loss_at_most": -1,
    "top3_at_least": 1,
    "calibration_error_at_most": -1,
    "largest_class_at_most": -1,
    "over_majority": 1,
    "over_group_prior": 1,
    "log_loss_skill_at_least": 1,
    "accuracy_suspicious": -1,
    "log_loss_suspicious": 1,
    "champion_accuracy_margin": -1,
    "confidence": 1,
    "class_kept_at_least": 1,
    "class_rows": -1,
    "slice_loss_at_most": -1,
    "slice_significance": 1,
    "seconds_per_100k_at_most": -1,
    "size_mb_at_most": -1,
}
NOT_A_BOUND = {"group", "slices", "slice_support"}


def duel(seed, noise=HONEST, champion=WEAK):
    made = world(seed, holdout=400)
    return made.evidence(made.model("candidate", noise), made.model("champion", champion))


def open_gates(verdict):
    return {gate.name for gate in verdict.gates if gate.passed}


def test_every_bound_has_a_direction():
    assert set(TIGHTER) | NOT_A_BOUND == set(type(GATES).model_fields)


@law
@given(seeds, st.sampled_from(sorted(TIGHTER)), st.floats(0, 1))
def test_a_tighter_bound_never_opens_a_gate(seed, bound, amount):
    evidence = duel(seed, noise=0.3 + seed % 10 / 10)
    value, limit = getattr(GATES, bound), 1 if TIGHTER[bound] > 0 else 0
    tighter = value + amount * (limit - value) if limit != value else value
    if bound == "log_loss_suspicious":
        tighter = value + amount
    strict = GATES.model_copy(update={bound: tighter})

    assert open_gates(judge(strict, evidence)) <= open_gates(judge(GATES, evidence))


@law
@given(seeds)
def test_the_order_of_the_rows_changes_nothing(seed):
    evidence = duel(seed)
    order = np.random.default_rng(seed).permutation(len(evidence.truth))
    candidate = replace(evidence.candidate, probabilities=evidence.candidate.probabilities[order])
    champion = replace(evidence.champion, probabilities=evidence.champion.probabilities[order])
    mixed = replace(
        evidence,
        truth=evidence.truth[order],
        candidate=candidate,
        champion=champion,
        majority=evidence.majority[order],
        group_prior=evidence.group_prior[order],
        slices=evidence.slices.iloc[order],
    )

    assert judge(GATES, mixed).rows() == judge(GATES, evidence).rows()


@law
@given(seeds, st.floats(0.2, 1))
def test_noise_never_makes_a_model_better_by_the_floors(seed, noise):
    made = world(seed)
    guess = np.log(made.model("clean", HONEST).probabilities)
    noisy = softmax(guess + 2 * noise * np.random.default_rng(seed).normal(size=guess.shape))
    clean, worse = (
        made.evidence(replace(made.model("m", HONEST), probabilities=p)) for p in (softmax(guess), noisy)
    )
    values = [{g.name: g.margin for g in judge(GATES, e).gates} for e in (clean, worse)]

    for floor in ("log_loss", "log_loss_skill"):
        assert values[1][floor] < values[0][floor]


@law
@given(seeds, st.sampled_from(["candidate", "champion"]), st.sampled_from([np.nan, np.inf, -np.inf]))
def test_one_number_that_is_none_closes_every_gate_by_name(seed, model, wrong):
    evidence = duel(seed)
    probabilities = getattr(evidence, model).probabilities.copy()
    probabilities[seed % 400, seed % 22] = wrong
    broken = replace(evidence, **{model: replace(getattr(evidence, model), probabilities=probabilities)})
    verdict = judge(GATES, broken)

    assert verdict.outcome == "reject"
    assert open_gates(verdict) == set()
    assert f"{model}: 1 of 400 rows" in verdict.reason()


@law
@given(seeds)
def test_candidate_and_champion_never_both_beat_each_other(seed):
    evidence = duel(seed, noise=0.5, champion=0.6)
    swapped = replace(evidence, candidate=evidence.champion, champion=evidence.candidate)
    there, back = (
        next(g for g in judge(GATES, e).gates if g.name == "champion_log_loss") for e in (evidence, swapped)
    )

    assert not (there.passed and back.passed)


@law
@given(seeds)
def test_a_verdict_survives_json_and_follows_from_its_gates(seed):
    verdict = judge(GATES, duel(seed, noise=0.3 + seed % 10 / 10))
    closed = {g.closed_means for g in verdict.gates if not g.passed}

    assert Verdict.from_json(verdict.to_json()) == verdict
    assert verdict.outcome == ("reject" if "reject" in closed else "keep" if closed else "promote")


@law
@given(seeds, st.floats(0.2, 1.5))
def test_every_number_and_margin_agrees_with_its_gate(seed, noise):
    for gate in judge(GATES, duel(seed, noise)).gates:
        if gate.value is not None:
            assert abs(gate.margin) == pytest.approx(abs(gate.value - gate.bound))
            assert gate.margin == 0 or gate.passed == (gate.margin > 0)  # on the bound, "above" is closed
