"""What each pod is: as small as its card says, without any right or secret that it does not need."""

import json

import pytest
from kubernetes.client import ApiClient

from nightlabel.catalog import usecases
from nightlabel.errors import RefusedError
from nightlabel.settings import read, settings
from tests.airflow.conftest import ROOT
from tests.fake_kubernetes.pod_security import violations
from tests.fake_kubernetes.validation import schema_faults
from tests.pods.conftest import IMAGE, MANIFESTS, TRAINING

pytestmark = pytest.mark.airflow

PLACE = {
    "NIGHTLABEL_STEPS_IN": "kubernetes",
    "NIGHTLABEL_POD_IMAGE": IMAGE,
    "NIGHTLABEL_POD_TRAINING_IMAGE": TRAINING,
    "NIGHTLABEL_POD_SECRET": "mlflow",
    "NIGHTLABEL_LAKE": "s3://lake",
    "NIGHTLABEL_GITHUB_TOKEN": "canary-token",
}
(CARD,) = [card for card in usecases() if card.name == "card_spending"]


def bag(monkeypatch, **more):
    """The DAGs as a place with pods has them."""
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 - Airflow is imported where it is tested

    for name, value in {**PLACE, **more}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    found = DagBag(ROOT / "dags")
    assert found.import_errors == {}
    return found


def tasks(dags):
    """The tasks that run in pods, whether or not they are mapped."""
    every = [task for dag in dags.dags.values() for task in dag.tasks]
    return [task for task in every if "Pod" in (task.task_type or "") or task.task_type == "EksStep"]


def rendered(task):
    """The pod of a task, as the cluster is sent it."""
    if task.is_mapped:
        task = task.operator_class(**task.partial_kwargs, task_id=task.task_id, item="0007")
    task.options = {name: f"a-{name}" for name in task.options}
    pod = task.build_pod_request_obj(dry_run=True)
    return ApiClient().sanitize_for_serialization(pod)


@pytest.fixture
def pods(monkeypatch):
    return {task.task_id: rendered(task) for task in tasks(bag(monkeypatch))}


def test_all_steps_but_those_of_airflows_own_place_run_in_pods(pods):
    assert set(pods) == {
        *("plan", "label", "publish", "monitor"),
        *("validate", "split", "train", "evaluate", "gate", "register"),
    }


def test_every_pod_is_of_kubernetes_own_schema_and_its_strictest_standard(pods):
    for step, pod in pods.items():
        assert (step, list(schema_faults(pod)), violations(pod)) == (step, [], [])


def test_a_looser_pod_would_be_found(pods):
    loose = json.loads(json.dumps(pods["label"]))
    loose["spec"]["containers"][0]["securityContext"]["allowPrivilegeEscalation"] = True
    wrong = {**pods["label"], "spec": {**pods["label"]["spec"], "contaners": []}}

    assert violations(loose)
    assert list(schema_faults(wrong))


def test_every_pod_is_bounded_in_size_and_time_and_named_by_digest(pods):
    for step, pod in pods.items():
        (container,) = pod["spec"]["containers"]
        size = CARD.pod if step in {"plan", "label", "publish"} else CARD.training_pod
        limits = container["resources"]["limits"]
        assert limits == container["resources"]["requests"]
        assert limits["memory"] == f"{size.memory_mb}Mi"
        assert 0 < pod["spec"]["activeDeadlineSeconds"] <= 7200
        assert container["image"] == (IMAGE if size is CARD.pod else TRAINING)
        assert container["terminationMessagePolicy"] == "FallbackToLogsOnError"
        assert pod["spec"]["containers"][0]["securityContext"]["readOnlyRootFilesystem"] is True


def test_planning_labelling_publishing_and_training_are_four_accounts_without_a_token(pods):
    accounts = {step: pod["spec"]["serviceAccountName"] for step, pod in pods.items()}
    shipped = "".join(path.read_text() for path in MANIFESTS)

    assert len({accounts[step] for step in ("plan", "label", "publish", "train")}) == 4
    assert all(f"name: {account}\n" in shipped for account in accounts.values())
    assert all(pod["spec"]["automountServiceAccountToken"] is False for pod in pods.values())


def test_no_secret_of_the_place_travels_with_a_pod(pods):
    assert "canary" not in json.dumps(pods)
    assert pods["label"]["spec"]["containers"][0]["envFrom"] == [{"secretRef": {"name": "mlflow"}}]


def test_a_pod_is_told_what_it_works_on_and_where_its_answer_goes(pods):
    pod = pods["label"]
    (container,) = pod["spec"]["containers"]
    told = {item["name"]: item["value"] for item in container["env"]}

    assert container["args"] == [
        *("label", "--usecase=card_spending", "--run=a-run", "--date=a-date", "--shard=0007", "--json"),
    ]
    assert told["NIGHTLABEL_LAKE"] == "s3://lake"
    assert told["NIGHTLABEL_RESULT"] == (
        f"card_spending/nights/a-date/a-run/answers/{pod['metadata']['name']}.json"
    )
    labels = {name: value for name, value in pod["metadata"]["labels"].items() if "/" in name}
    assert labels == {
        "app.kubernetes.io/name": "nightlabel",
        "nightlabel/use-case": "card_spending",
        "nightlabel/step": "label",
        "nightlabel/item": "0007",
        "nightlabel/run": "a-run",
        "nightlabel/date": "a-date",
    }


def test_on_eks_the_operator_of_amazon_finds_the_cluster(monkeypatch):
    from airflow.providers.amazon.aws.operators.eks import EksPodOperator  # noqa: PLC0415 - as above

    found = tasks(
        bag(
            monkeypatch,
            NIGHTLABEL_STEPS_IN="eks",
            NIGHTLABEL_EKS_CLUSTER="nights",
            NIGHTLABEL_S3_REGION="sa-east-1",
        )
    )

    plan = next(task for task in found if task.task_id == "plan")
    assert isinstance(plan, EksPodOperator)
    assert (plan.cluster_name, plan.region, plan.namespace) == ("nights", "sa-east-1", "nightlabel")
    assert violations(rendered(plan)) == []


def test_without_an_image_for_training_an_experiment_stays_with_processes(monkeypatch):
    steps = {task.task_id for task in tasks(bag(monkeypatch, NIGHTLABEL_POD_TRAINING_IMAGE=""))}

    assert steps == {"plan", "label", "publish"}


@pytest.mark.parametrize(
    "place",
    [
        {"NIGHTLABEL_STEPS_IN": "kubernetes"},
        {"NIGHTLABEL_STEPS_IN": "kubernetes", "NIGHTLABEL_POD_IMAGE": "registry.example/nightlabel:latest"},
        {"NIGHTLABEL_STEPS_IN": "eks", "NIGHTLABEL_POD_IMAGE": IMAGE},
        {"NIGHTLABEL_POD_NAMESPACE": "Night Label"},
    ],
)
def test_a_place_whose_pods_could_not_start_is_refused(place):
    with pytest.raises(RefusedError) as refusal:
        read(place)

    assert refusal.value.code == "NL-S001"
