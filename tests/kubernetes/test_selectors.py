"""Selectors mean what Kubernetes's documentation says, on any labels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fake_kubernetes.selectors import POD_FIELDS, field_test, label_test
from tests.fake_kubernetes.status import ApiError
from tests.kubernetes.pods import pod

KEYS = st.sampled_from(["a", "b", "day", "dag_id", "kubernetes.io/x"])
VALUES = st.sampled_from(["", "1", "2", "x-y", "True"])
LABELS = st.dictionaries(KEYS, VALUES, max_size=4)
SPACE = st.sampled_from(["", " "])


@st.composite
def requirements(draw):
    """A requirement as text, and what it means as plain Python."""
    key, values, gap = draw(KEYS), draw(st.lists(VALUES, min_size=1, max_size=3)), draw(SPACE)
    listed = f"({f',{gap}'.join(values)})"
    return draw(
        st.sampled_from(
            [
                (key, lambda labels: key in labels),
                (f"!{key}", lambda labels: key not in labels),
                (f"{key}{gap}={gap}{values[0]}", lambda labels: key in labels and labels[key] == values[0]),
                (f"{key}=={values[0]}", lambda labels: key in labels and labels[key] == values[0]),
                (f"{key}!={values[0]}", lambda labels: not (key in labels and labels[key] == values[0])),
                (f"{key} in {listed}", lambda labels: key in labels and labels[key] in values),
                (f"{key} notin {listed}", lambda labels: not (key in labels and labels[key] in values)),
            ]
        )
    )


@given(st.lists(requirements(), max_size=4), LABELS, st.sampled_from([",", ", "]))
def test_a_label_selector_is_the_and_of_its_requirements(parts, labels, comma):
    selector = comma.join(text for text, _ in parts)

    assert label_test(selector)(labels) == all(means(labels) for _, means in parts)


@pytest.mark.parametrize("selector", ["a=b=c", "a in b", "=1", "a!", "a in (1", "a b", "a=x y", "-a"])
def test_what_is_no_label_selector_is_refused(selector):
    with pytest.raises(ApiError) as refusal:
        label_test(selector)

    assert refusal.value.code == 400


@given(st.sampled_from(["Running", "Failed"]), st.sampled_from(["Running", "Failed"]))
def test_a_field_selector_compares_fields(phase, wanted):
    body = {"status": {"phase": phase}}

    assert field_test(f"status.phase={wanted}", POD_FIELDS)(body) == (phase == wanted)
    assert field_test(f"status.phase!={wanted}", POD_FIELDS)(body) == (phase != wanted)


def test_a_field_that_is_not_there_is_empty():
    assert field_test("spec.nodeName=", POD_FIELDS)({"spec": {}})


def test_the_selector_of_the_pod_operator_finds_its_pod(fake, api):
    labels = {"dag_id": "nightly", "task_id": "label", "kubernetes_pod_operator": "True"}
    api.create_namespaced_pod("nights", pod(name="mine", labels=labels))
    api.create_namespaced_pod("nights", pod(name="seen", labels=labels | {"already_checked": "True"}))
    api.create_namespaced_pod("nights", pod(name="other", labels={"dag_id": "nightly"}))
    selector = (
        "dag_id=nightly,kubernetes_pod_operator=True,task_id=label,already_checked!=True,!airflow-worker"
    )
    found = api.list_namespaced_pod("nights", label_selector=selector).items

    assert [item.metadata.name for item in found] == ["mine"]
