"""What is no pod is refused with the field that is wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kubernetes.client import ApiException

from tests.fake_kubernetes.admission import admitted
from tests.fake_kubernetes.manifests import Manifests
from tests.fake_kubernetes.quantity import quantity
from tests.fake_kubernetes.status import ApiError
from tests.fake_kubernetes.validation import pod_faults
from tests.kubernetes.pods import pod, strict_pod


def of(changed):
    return {"apiVersion": "v1", "kind": "Pod", **changed}


def container(**fields):
    return of(pod(container=fields))


WRONG = {
    "an unknown field of the pod": (of(pod(activeDeadline=9)), "spec"),
    "an unknown field of a container": (container(imagee="x"), "spec.containers[0]"),
    "a number for a variable": (
        container(env=[{"name": "A", "value": 1}]),
        "spec.containers[0].env[0].value",
    ),
    "a text for a number": (of(pod(activeDeadlineSeconds="9")), "spec.activeDeadlineSeconds"),
    "a deadline of nothing": (of(pod(activeDeadlineSeconds=0)), "spec.activeDeadlineSeconds"),
    "no containers": (of({"metadata": {"name": "p"}, "spec": {"containers": []}}), "spec.containers"),
    "no spec at all": (of({"metadata": {"name": "p"}, "spec": {}}), "spec"),
    "a name in capitals": (of(pod(name="Night")), "metadata.name"),
    "no name": (of(pod(name="")), "metadata.name"),
    "a label with a space": (of(pod(labels={"a": "b c"})), "metadata.labels"),
    "a label that is too long": (of(pod(labels={"a": "x" * 64})), "metadata.labels"),
    "a label's key with a space": (of(pod(labels={"a b": "c"})), "metadata.labels"),
    "a quantity that is none": (
        container(resources={"limits": {"memory": "300Mib"}}),
        "spec.containers[0].resources.limits.memory",
    ),
    "a request above its limit": (
        container(resources={"limits": {"cpu": "500m"}, "requests": {"cpu": "1"}}),
        "spec.containers[0].resources.requests",
    ),
    "a mount of no volume": (
        container(volumeMounts=[{"name": "no", "mountPath": "/x"}]),
        "spec.containers[0].volumeMounts[0].name",
    ),
    "a policy that is none": (container(imagePullPolicy="Sometimes"), "spec.containers[0].imagePullPolicy"),
    "no image": (container(image=""), "spec.containers[0].image"),
}


@pytest.mark.parametrize("body_and_field", WRONG.values(), ids=WRONG)
def test_what_is_no_pod_is_refused_at_its_field(body_and_field):
    body, field = body_and_field

    assert [fault.split(": ")[0] for fault in pod_faults(body)] == [field]


def test_two_containers_of_one_name_are_refused():
    body = of(pod())
    body["spec"]["containers"] *= 2

    assert pod_faults(body) == ['spec.containers: Duplicate value: "base"']


@pytest.mark.parametrize("body", [pod(), strict_pod(), pod(labels={"a": "", "example.com/b": "C.d_e-f"})])
def test_a_pod_is_taken(body):
    assert pod_faults(of(body)) == []


def test_the_refusal_is_a_status_with_code_422(fake, api):
    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_pod("nights", pod(container={"imagee": "x"}))
    status = json.loads(refusal.value.body)

    assert (refusal.value.status, status["reason"], status["code"]) == (422, "Invalid", 422)
    assert 'Pod "p" is invalid: spec.containers[0]' in status["message"]
    assert fake.pods() == []


def test_another_kind_is_no_pod(fake, api):
    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_pod("nights", {**pod(), "kind": "Job"})

    assert refusal.value.status == 400


def test_a_namespace_that_is_not_there_is_not_found():
    with pytest.raises(ApiError, match='namespaces "nowhere" not found') as refusal:
        admitted(pod(), "nowhere", [], Manifests([]))

    assert refusal.value.code == 404


def test_an_account_that_is_not_there_is_refused(fake, api):
    with pytest.raises(ApiException, match="error looking up service account nights/ghost"):
        api.create_namespaced_pod("nights", pod(serviceAccountName="ghost"))


@pytest.mark.parametrize("policy", ["Always", "OnFailure", None])
def test_a_pod_that_would_start_again_is_not_served(fake, api, policy):
    with pytest.raises(ApiException) as refusal:
        api.create_namespaced_pod("nights", pod(restartPolicy=policy))

    assert refusal.value.status == 501


def test_defaults_are_filled_in(fake, api):
    limits = {"limits": {"memory": "1Gi", "cpu": "1"}}
    made = api.create_namespaced_pod("nights", pod(container={"resources": limits}))

    assert made.spec.termination_grace_period_seconds == 30
    assert made.spec.service_account_name == "default"
    assert made.spec.containers[0].resources.requests == limits["limits"]
    assert fake.wait()["status"]["qosClass"] == "Guaranteed"


@given(
    st.integers(0, 10**6),
    st.sampled_from(["m", "", "k", "Ki", "M", "Mi", "G", "Gi", "T", "Ti", "E", "Ei", "e3"]),
)
def test_a_quantity_is_its_number_times_its_suffix(number, suffix):
    powers = {"m": 1e-3, "": 1, "k": 1e3, "Ki": 2**10, "M": 1e6, "Mi": 2**20, "G": 1e9, "Gi": 2**30}
    powers |= {"T": 1e12, "Ti": 2**40, "E": 1e18, "Ei": 2**60, "e3": 1e3}

    assert float(quantity(f"{number}{suffix}")) == pytest.approx(number * powers[suffix])


@pytest.mark.parametrize("text", ["", "Mi", "1 Mi", "1MiB", "1e", "0x1", "1,5"])
def test_what_is_no_quantity_is_refused(text):
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)
