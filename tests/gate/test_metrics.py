import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.gate import Metrics, intervals, measure
from nightlabel.gate.bootstrap import compare
from nightlabel.gate.metrics import calibration_error
from tests.gate.world import law, softmax

seeds = st.integers(0, 2**16)


def problem(seed, rows=200, classes=5):
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, classes))
    truth = (softmax(logits).cumsum(1) > random.random((rows, 1))).argmax(1)
    return truth, softmax(logits + random.normal(size=logits.shape)), tuple("abcdefgh"[:classes])


@law
@given(seeds)
def test_the_numbers_are_those_of_scikit_learn(seed):
    truth, p, classes = problem(seed)
    metrics = measure(truth, p, classes)
    labels = range(len(classes))

    assert metrics.accuracy == pytest.approx(sk.accuracy_score(truth, p.argmax(1)))
    assert metrics.log_loss == pytest.approx(sk.log_loss(truth, p, labels=labels))
    assert metrics.top3 == pytest.approx(sk.top_k_accuracy_score(truth, p, k=3, labels=labels))
    assert metrics.macro_f1 == pytest.approx(sk.f1_score(truth, p.argmax(1), average="macro"))


@law
@given(seeds)
def test_each_class_is_counted_as_in_scikit_learn(seed):
    truth, p, classes = problem(seed)
    report = sk.classification_report(truth, p.argmax(1), output_dict=True, zero_division=0)

    for place, found in enumerate(measure(truth, p, classes).classes):
        expected = report[str(place)]
        assert (found.name, found.support) == (classes[place], expected["support"])
        assert (found.precision, found.recall, found.f1) == pytest.approx(
            (expected["precision"], expected["recall"], expected["f1-score"])
        )


@law
@given(seeds)
def test_the_order_of_the_rows_changes_no_number(seed):
    truth, p, classes = problem(seed)
    order = np.random.default_rng(seed).permutation(len(truth))

    assert measure(truth, p, classes).numbers() == pytest.approx(
        measure(truth[order], p[order], classes).numbers(), abs=1e-12
    )
    assert intervals(truth, p, classes, resamples=50) == intervals(
        truth[order], p[order], classes, resamples=50
    )


@law
@given(seeds)
def test_the_order_of_the_classes_changes_no_number(seed):
    truth, p, classes = problem(seed)
    order = np.random.default_rng(seed).permutation(len(classes))
    other = measure(np.argsort(order)[truth], p[:, order], [classes[k] for k in order])

    assert other.numbers() == pytest.approx(measure(truth, p, classes).numbers())


def test_calibration_error_by_hand():
    confidence = np.array([0.90, 0.92, 0.50, 0.52])  # two bins: 0.91 against 0.5, and 0.51 against 1.0
    right = np.array([True, False, True, True])

    assert calibration_error(confidence, right) == pytest.approx((2 * 0.41 + 2 * 0.49) / 4)


def test_a_certain_model_that_is_right_is_calibrated():
    assert calibration_error(np.ones(9), np.ones(9, dtype=bool)) == 0


@law
@given(seeds, st.sampled_from([np.nan, np.inf, -0.1, 1.2]))
def test_what_is_no_probability_is_refused(seed, wrong):
    truth, p, classes = problem(seed)
    p[seed % len(truth), 0] = wrong

    with pytest.raises(RefusedError, match="1 of 200 rows") as refusal:
        measure(truth, p, classes)
    assert refusal.value.code == "NL-J001"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda t, p, c: (t[:0], p[:0], c), "no rows"),
        (lambda t, p, c: (t[1:], p, c), "shape"),
        (lambda t, p, c: (t, p, c[1:]), "shape"),
        (lambda t, p, c: (t, p * 0.9, c), "do not add up to 1"),
        (lambda t, p, c: (t - 1, p, c), "no position|not a position"),
        (lambda t, p, c: (t, p, ("a", *c[:-1])), "named twice"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_the_reason(change, reason):
    with pytest.raises(RefusedError, match=reason):
        measure(*change(*problem(1)))


def test_a_class_that_never_occurs_counts_for_no_mean():
    metrics = measure(np.zeros(30, dtype=int), np.tile([0.6, 0.4, 0.0], (30, 1)), ("a", "b", "c"))

    assert metrics.macro_f1 == metrics.macro_f1_common == 1
    assert (metrics.largest_class, metrics.largest_class_share) == ("a", 1)


def test_few_rows_have_no_common_class():
    metrics = measure(np.array([0, 1]), np.eye(2), ("a", "b"))

    assert metrics.macro_f1_common is None
    assert "macro_f1_common" not in metrics.numbers()


@law
@given(seeds)
def test_metrics_survive_json(seed):
    metrics = measure(*problem(seed))

    assert Metrics.model_validate(metrics.to_json()) == metrics


@law
@given(seeds)
def test_an_interval_holds_the_means(seed):
    truth, p, classes = problem(seed)
    found, metrics = intervals(truth, p, classes, resamples=200, seed=seed), measure(truth, p, classes)

    for name, interval in found.items():
        assert interval.value == pytest.approx(getattr(metrics, name)), name
        assert interval.low <= interval.high
    assert found["accuracy"].low < metrics.accuracy < found["accuracy"].high
    assert found["log_loss"].low < metrics.log_loss < found["log_loss"].high


def test_an_interval_is_as_wide_as_the_binomial_says():
    truth, p, classes = problem(3, rows=1343)
    accuracy = intervals(truth, p, classes)["accuracy"]
    expected = 2 * 1.96 * np.sqrt(accuracy.value * (1 - accuracy.value) / 1343)

    assert accuracy.high - accuracy.low == pytest.approx(expected, rel=0.1)


@law
@given(seeds)
def test_models_that_change_places_change_the_sign(seed):
    truth, candidate, _ = problem(seed)
    champion = problem(seed + 1)[1]
    there = compare(truth, candidate, champion, resamples=200)
    back = compare(truth, champion, candidate, resamples=200)

    for one, other in ((there.log_loss, back.log_loss), (there.accuracy, back.accuracy)):
        assert (one.value, one.low, one.high) == pytest.approx(
            (-other.value, -other.high, -other.low), abs=1e-9
        )


@law
@given(seeds)
def test_a_model_cannot_be_told_apart_from_itself(seed):
    truth, p, _ = problem(seed)
    itself = compare(truth, p, p.copy(), resamples=50)

    assert itself.identical
    assert (itself.log_loss.low, itself.log_loss.high) == (0, 0)
