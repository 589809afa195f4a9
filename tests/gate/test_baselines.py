import numpy as np
import pandas as pd
import pytest

from nightlabel.errors import RefusedError
from nightlabel.gate import aligned, measure
from nightlabel.gate.baselines import group_prior, majority
from tests.gate.world import CLASSES, world

FIT = pd.DataFrame({"client": ["x"] * 60 + ["y"] * 40, "grupo": ["b"] * 60 + ["a"] * 40})


def prior(holdout, fit=FIT):
    return group_prior(fit, fit["grupo"], holdout, ["client"], ("a", "b", "c"))


def test_the_majority_model_gives_the_class_frequencies():
    p = majority(FIT["grupo"], ("a", "b", "c"), rows=3)

    assert p.tolist() == [[0.4, 0.6, 0.0]] * 3


def test_the_group_prior_names_the_most_frequent_class_of_the_group():
    p = prior(pd.DataFrame({"client": ["y", "x"]}))

    assert p.argmax(axis=1).tolist() == [0, 1]
    assert p.sum(axis=1) == pytest.approx(1)


def test_a_group_that_training_never_saw_gets_the_overall_frequencies():
    p = prior(pd.DataFrame({"client": ["new", None]}))

    assert p == pytest.approx(majority(FIT["grupo"], ("a", "b", "c"), rows=2))


def test_a_missing_value_is_a_group_of_its_own():
    fit = FIT.assign(client=[None] * 60 + ["y"] * 40)

    assert prior(pd.DataFrame({"client": [None]}), fit).argmax() == 1
    assert prior(pd.DataFrame({"client": ["y"]}), fit).argmax() == 0


def test_a_missing_column_is_refused_by_name():
    with pytest.raises(RefusedError, match="client"):
        prior(pd.DataFrame({"other": ["x"]}))


def test_the_labels_of_the_holdout_change_no_trivial_model():
    made = world()
    blind = made.holdout.assign(grupo=made.holdout["grupo"].iloc[0])
    columns = ["safra_abertura", "cidade"]
    models = [group_prior(made.fit, made.fit["grupo"], h, columns, CLASSES) for h in (made.holdout, blind)]

    assert np.array_equal(*models)


def test_where_clients_differ_the_group_prior_beats_the_majority():
    made = world()
    evidence = made.evidence(made.model("honest", 0.4))
    two = [measure(evidence.truth, p, evidence.classes) for p in (evidence.majority, evidence.group_prior)]

    assert two[0].accuracy < two[1].accuracy
    assert two[0].log_loss > two[1].log_loss


def test_columns_are_matched_by_name_and_unknown_classes_get_nothing():
    p = aligned(np.array([[0.9, 0.1]]), ("b", "a"), ("a", "b", "c"))

    assert p.tolist() == [[0.1, 0.9, 0.0]]


@pytest.mark.parametrize(
    ("known", "classes"),
    [(("a", "z"), ("a", "b")), (("a", "a"), ("a", "b")), (("a", "b"), ("a", "b", "b")), (("a",), ("a", "b"))],
)
def test_columns_that_cannot_be_matched_are_refused(known, classes):
    with pytest.raises(RefusedError) as refusal:
        aligned(np.array([[0.9, 0.1]]), known, classes)

    assert refusal.value.code == "NL-J003"
