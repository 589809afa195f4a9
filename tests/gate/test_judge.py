"""The sabotage suite on the made world: each sabotage is stopped by a gate that names the reason."""

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from nightlabel.errors import RefusedError
from nightlabel.gate import Verdict, judge
from nightlabel.gate.judge import RULES
from tests.gate.world import CLASSES, COUNTS, GATES, HONEST, WEAK, scored, softmax, world


@pytest.fixture(scope="module")
def made():
    return world(seed=4)


@pytest.fixture(scope="module")
def honest(made):
    return made.model("honest", HONEST)


@pytest.fixture(scope="module")
def champion(made):
    return made.model("7", WEAK)


def closed(verdict):
    return {gate.name: gate.reason for gate in verdict.gates if not gate.passed}


def judged(made, candidate, champion=None, gates=GATES, **changes):
    return judge(gates, made.evidence(candidate, champion, gates=gates, **changes))


def test_the_honest_candidate_passes_as_the_first_one(made, honest):
    verdict = judged(made, honest)

    assert (verdict.outcome, verdict.champion) == ("promote", None)
    assert len(verdict.gates) == len(RULES)
    assert verdict.reason() == f"honest passes all {len(RULES)} gates (no champion yet)"


def test_the_honest_candidate_beats_a_weaker_champion(made, honest, champion):
    verdict = judged(made, honest, champion)

    assert (verdict.outcome, verdict.champion) == ("promote", "7")


def test_a_candidate_that_is_no_better_keeps_the_champion_without_alarm(made, honest):
    verdict = judged(made, made.model("twin", HONEST), honest)

    assert verdict.outcome == "keep"
    assert "cannot be told apart from the champion" in closed(verdict)["champion_log_loss"]


def test_a_candidate_that_is_worse_keeps_the_champion_without_alarm(made, honest):
    verdict = judged(made, made.model("worse", 0.7), honest)

    assert verdict.outcome == "keep"
    assert "worse than the champion" in closed(verdict)["champion_log_loss"]
    assert verdict.reason().startswith("champion honest stays, worse is not better: champion_log_loss:")


def test_the_champion_resubmitted_is_told_by_its_digest(made, honest):
    verdict = judged(made, honest, replace(honest, name="7"))

    assert verdict.outcome == "keep"
    assert closed(verdict) == {"champion_log_loss": "the candidate is the champion itself: same digest"}


def test_the_champion_in_another_wrapping_is_told_by_its_answers(made, honest):
    verdict = judged(made, replace(honest, sha256="repacked"), honest)

    assert verdict.outcome == "keep"
    assert "all probabilities are identical" in closed(verdict)["champion_log_loss"]


def test_shuffled_labels_are_stopped_by_the_trivial_models(made):
    blind = softmax(np.log(np.array(COUNTS) / sum(COUNTS)) + 0.3 * made.random.normal(size=made.logits.shape))
    verdict = judged(made, scored("shuffled", blind))

    assert verdict.outcome == "reject"
    assert {"accuracy", "over_majority", "over_group_prior", "log_loss_skill"} <= set(closed(verdict))


@pytest.mark.parametrize("strength", [2, 4, 20])
def test_a_leaked_column_is_suspected(made, strength):
    leaked = softmax(made.logits + strength * np.eye(len(CLASSES))[made.truth])
    verdict = judged(made, scored("leaked", leaked))

    assert verdict.outcome == "reject"
    assert closed(verdict)["leak_accuracy"].startswith("suspected leak, too good to be true")


@pytest.mark.parametrize("lost", CLASSES[:10])
def test_a_class_dropped_from_training_is_named(made, honest, lost):
    kept = [k for k, name in enumerate(CLASSES) if name != lost]
    p = honest.probabilities[:, kept]
    verdict = judged(made, scored("dropped", p / p.sum(1, keepdims=True), [CLASSES[k] for k in kept]))

    assert verdict.outcome == "reject"
    assert f"dropped: {lost!r}" in closed(verdict)["classes_kept"]


@pytest.mark.parametrize("lost", CLASSES[:10])
def test_a_class_that_has_an_output_but_was_never_learned_is_named(made, honest, lost):
    p = honest.probabilities.copy()
    p[:, CLASSES.index(lost)] *= 0.05
    verdict = judged(made, scored("unlearned", p / p.sum(1, keepdims=True)))

    assert f"dropped: {lost!r}" in closed(verdict)["classes_kept"]


def test_a_constant_predictor_is_stopped_by_the_largest_class(made):
    constant = np.tile(np.array(COUNTS) / sum(COUNTS), (len(made.truth), 1))
    verdict = judged(made, scored("constant", constant))

    assert verdict.outcome == "reject"
    assert "'class A' 1.000" in closed(verdict)["largest_class"]


def test_zeroed_weights_are_stopped_by_the_log_loss(made):
    uniform = softmax(0.01 * made.random.normal(size=made.logits.shape))
    verdict = judged(made, scored("zeroed", uniform))

    assert verdict.outcome == "reject"
    assert {"accuracy", "log_loss", "top3", "log_loss_skill"} <= set(closed(verdict))


@pytest.mark.parametrize("has_champion", [False, True])
def test_a_model_broken_on_one_slice_only_is_stopped_without_naming_the_clients_city(
    made, honest, champion, has_champion
):
    rows = np.flatnonzero(made.holdout["cidade"] == "city 3")
    p = honest.probabilities.copy()
    p[rows] = p[made.random.permutation(rows)]
    verdict = judged(made, replace(honest, probabilities=p), champion if has_champion else None)
    reasons = closed(verdict)

    assert verdict.outcome == "reject"
    assert not {"accuracy", "log_loss", "top3", "calibration"} & set(reasons)
    assert f"{len(rows)} rows" in reasons["slice_skill"]
    assert "city 3" not in str(verdict.to_json())


def test_a_model_broken_in_one_month_is_stopped_by_the_months_name(made, honest):
    small = made.holdout["data"].dt.strftime("%Y-%m") == "2020-02"
    p = honest.probabilities.copy()
    p[small] = np.roll(p[small], 1, axis=1)

    assert "'month 2020-02'" in closed(judged(made, replace(honest, probabilities=p)))["slice_skill"]


def test_a_slice_may_be_the_whole_group_and_is_named_by_rank(made, honest):
    rows = made.holdout["idade"] == 20
    p = honest.probabilities.copy()
    p[rows] = np.roll(p[rows], 1, axis=1)
    gates = GATES.model_copy(update={"slices": ("group",)})
    reasons = closed(judged(made, replace(honest, probabilities=p), gates=gates))

    assert "'group no. 1 by rows'" in reasons["slice_skill"]


def test_a_class_that_the_champion_found_and_the_candidate_does_not_is_named(made, honest):
    p = honest.probabilities.copy()
    p[:, 2] *= 0.4
    verdict = judged(made, replace(honest, probabilities=p / p.sum(1, keepdims=True), sha256="x"), honest)

    assert verdict.outcome == "reject"
    assert closed(verdict)["classes"].startswith("'class C'")


@pytest.mark.parametrize("day", [date(2019, 12, 1), date(2020, 3, 31)])
def test_data_from_the_future_is_stopped(made, honest, champion, day):
    verdict = judged(made, replace(honest, trained_until=day), champion)

    assert verdict.outcome == "reject"
    assert "data from the future" in closed(verdict)["time_order"]


def test_a_champion_that_saw_the_holdout_is_no_fair_comparison(made, honest, champion):
    verdict = judged(made, honest, replace(champion, trained_until=date(2019, 12, 1)))

    assert verdict.outcome == "reject"
    assert set(closed(verdict)) == {"champion_fair"}


@pytest.mark.parametrize("digest", ["", "e" * 64])
def test_another_holdout_than_the_frozen_one_is_stopped(made, honest, digest):
    assert set(closed(judged(made, honest, holdout_digest=digest))) == {"holdout_frozen"}
    assert set(closed(judged(made, honest, frozen_digest=digest))) == {"holdout_frozen"}


def test_two_missing_digests_are_not_equal(made, honest):
    assert "holdout_frozen" in closed(judged(made, honest, holdout_digest="", frozen_digest=""))


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), 0.0, -1.0, None])
def test_a_cost_that_was_not_measured_closes_its_gate(made, honest, wrong):
    verdict = judged(made, honest, seconds_per_100k=wrong, size_mb=wrong)

    assert verdict.outcome == "reject"
    assert set(closed(verdict)) == {"speed", "size"}
    assert all(reason.startswith("not computed") for reason in closed(verdict).values())


def test_a_slow_and_a_large_model_are_stopped(made, honest):
    assert set(closed(judged(made, honest, seconds_per_100k=61.0, size_mb=20.5))) == {"speed", "size"}


def test_a_slice_that_is_missing_closes_its_gates(made, honest):
    missing = made.evidence(honest).slices.drop(columns="month")
    reasons = closed(judged(made, honest, slices=missing))

    assert set(reasons) == {"slices", "slice_skill"}
    assert "month" in reasons["slices"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda e: {"truth": e.truth[:-1]}, "shape"),
        (lambda e: {"truth": e.truth[:0]}, "there are no rows"),
        (lambda e: {"group_prior": e.group_prior * 0.9}, "group prior: 1343 of 1343 rows do not add up"),
        (lambda e: {"candidate": replace(e.candidate, sha256="")}, "no digest"),
        (lambda e: {"slices": e.slices.iloc[1:]}, "slices: 1342 rows, not 1343"),
    ],
)
def test_evidence_that_does_not_hold_closes_every_gate_with_the_reason(made, honest, change, reason):
    evidence = made.evidence(honest)
    verdict = judge(GATES, replace(evidence, **change(evidence)))

    assert verdict.outcome == "reject"
    assert len(closed(verdict)) == len(RULES)
    assert all(reason in said for said in closed(verdict).values())


def test_a_champion_with_other_classes_in_another_order_is_matched_by_name(made, honest, champion):
    order = made.random.permutation(len(CLASSES))
    strange = replace(
        champion,
        classes=(*(CLASSES[k] for k in order), "gone"),
        probabilities=np.column_stack([champion.probabilities[:, order], np.zeros(len(made.truth))]),
    )

    rows = {row["gate"]: row for row in judged(made, honest, strange).rows()}
    assert (
        rows["champion_log_loss"]
        == {r["gate"]: r for r in judged(made, honest, champion).rows()}["champion_log_loss"]
    )


def test_a_class_that_only_the_holdout_has_counts_as_a_miss(made, honest):
    holdout = made.holdout.assign(grupo=["brand new", *made.holdout["grupo"][1:]])
    evidence = replace(made, holdout=holdout).evidence(honest)

    assert "brand new" in evidence.classes
    assert judge(GATES, evidence).outcome == "promote"


def test_no_verdict_can_say_promote_beside_a_closed_gate(made, honest):
    said = judged(made, honest, size_mb=99.0).to_json()

    with pytest.raises(RefusedError, match="the gates say 'reject', not 'promote'"):
        Verdict.from_json({**said, "outcome": "promote"})
    with pytest.raises(RefusedError):
        Verdict.from_json({**said, "gates": []})


def test_a_table_for_people_has_every_gate_with_a_signed_margin(made, honest, champion):
    rows = {row["gate"]: row for row in judged(made, honest, champion).rows()}

    assert len(rows) == len(RULES)
    assert rows["accuracy"]["margin"].startswith("+")
    assert rows["champion_log_loss"]["value"].startswith("-")
    assert {row["state"] for row in rows.values()} == {"open"}


def test_an_empty_holdout_frame_cannot_be_gathered_into_a_pass(made, honest):
    empty = replace(made, holdout=made.holdout.iloc[:0])
    nothing = replace(honest, probabilities=honest.probabilities[:0])
    try:
        verdict = judge(GATES, empty.evidence(nothing))
    except (RefusedError, ValueError, TypeError):
        return
    assert verdict.outcome == "reject"
    assert isinstance(empty.holdout, pd.DataFrame)
