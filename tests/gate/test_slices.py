from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from nightlabel.gate import parts
from nightlabel.gate.slices import holm
from tests.gate.world import CLASSES, GATES, HONEST, WEAK, law, world


@law
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_correction_is_that_of_statsmodels(chances):
    assert holm(chances) == pytest.approx(multipletests(chances, method="holm")[1])


def test_only_slices_and_classes_with_enough_rows_are_tested():
    made = world()
    evidence = made.evidence(made.model("a", HONEST), made.model("b", WEAK))
    tested = parts(GATES, evidence)
    common = {name for k, name in enumerate(CLASSES) if (made.truth == k).sum() >= GATES.slice_support}

    assert min(part.rows for part in tested) >= GATES.slice_support
    assert {part.name for part in tested if part.kind == "class"} == common
    assert sum(part.rows for part in tested if part.name.startswith("month")) == len(made.truth)


def test_without_a_champion_no_class_is_tested():
    made = world()

    assert {p.kind for p in parts(GATES, made.evidence(made.model("a", HONEST)))} == {"slice"}


def test_a_class_that_is_named_less_often_but_more_precisely_is_no_worse():
    made = world(1)
    bold = made.model("bold", HONEST)
    boosted = bold.probabilities * np.where(np.arange(len(CLASSES)) == 0, 3.0, 1.0)
    eager = replace(bold, probabilities=boosted / boosted.sum(1, keepdims=True), sha256="eager")
    tested = parts(GATES, made.evidence(bold, eager))
    first = next(part for part in tested if part.name == CLASSES[0])

    assert first.reference - first.accuracy > GATES.slice_loss_at_most
    assert first.loss < GATES.slice_loss_at_most


def test_a_missing_value_is_a_slice_of_its_own():
    made = world()
    holdout = made.holdout.assign(shop=[None] * 700 + ["x"] * (len(made.holdout) - 700))
    gates = GATES.model_copy(update={"slices": ("shop",)})
    evidence = replace(made, holdout=holdout).evidence(made.model("a", HONEST), gates=gates)

    assert sorted(part.rows for part in parts(gates, evidence)) == [643, 700]


def test_names_of_slices_are_cut_and_printable():
    made = world()
    holdout = made.holdout.assign(shop="\x1b[31m" + "x" * 200)
    gates = GATES.model_copy(update={"slices": ("shop",)})
    tested = parts(gates, replace(made, holdout=holdout).evidence(made.model("a", HONEST), gates=gates))

    assert [len(part.name) for part in tested] == [len("shop ") + 40]
    assert tested[0].name.isprintable()


def test_the_order_of_the_rows_changes_no_rank():
    made = world()
    evidence = made.evidence(made.model("a", HONEST))
    back = replace(
        evidence,
        truth=evidence.truth[::-1],
        candidate=replace(evidence.candidate, probabilities=evidence.candidate.probabilities[::-1]),
        majority=evidence.majority[::-1],
        group_prior=evidence.group_prior[::-1],
        slices=pd.DataFrame(evidence.slices.to_numpy()[::-1], columns=evidence.slices.columns),
    )

    assert parts(GATES, back) == parts(GATES, evidence)
