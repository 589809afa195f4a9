"""Every manifest that drifts is refused, by the rule that is there for it; the good ones are let through."""

from importlib import import_module
from pathlib import Path

import pytest

from gates.checkov import checkov
from gates.cloud import cloud
from gates.code import hadolint, zizmor
from gates.compose import compose
from gates.findings import ROOT
from gates.manifests import judge_file, manifests
from tests.gates.conftest import Project
from tests.gates.mutants import MUTANTS

SAMPLES = Path(__file__).with_name("samples")
GOOD = "good"
PLACES = {
    "good.tf": "terraform/{}/main.tf",
    "good.yaml": "inference_image/k8s/{}.yaml",
    "good.compose.yaml": "{}/docker-compose.yaml",
    "good.Dockerfile": "inference_image/{}/Dockerfile",
    "good.yml": ".github/workflows/{}.yml",
}


@pytest.fixture(scope="module")
def refused(tmp_path_factory) -> dict[str, set[str]]:
    """What the gates find, by the name of the sample: one look at all of them."""
    project = Project(tmp_path_factory.mktemp("drifting"))
    for sample, place in PLACES.items():
        project.write(place.format(GOOD), (SAMPLES / sample).read_text())
    for name, sample, right, wrong, _ in MUTANTS:
        project.write(PLACES[sample].format(name), (SAMPLES / sample).read_text().replace(right, wrong, 1))
    found: dict[str, set[str]] = {}
    for finding in [f for gate in (cloud, manifests, compose, hadolint, zizmor) for f in gate(project.root)]:
        folder, name = Path(finding.path).parts[-2:]
        where = folder if name in {"main.tf", "docker-compose.yaml", "Dockerfile"} else name.partition(".")[0]
        found.setdefault(where, set()).add(f"{finding.gate} {finding.rule}")
    return found


def test_the_good_samples_are_let_through(refused):
    assert refused.get(GOOD, set()) == set()


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_manifest_that_drifts_is_refused(refused, mutant):
    assert mutant.right in (SAMPLES / mutant.sample).read_text()
    assert mutant.rule in refused.get(mutant.name, set())


def test_each_name_is_one_mutant_and_each_rule_has_one():
    rules = {
        f"{module.__name__.partition('.')[2]} {rule.__name__.replace('_', '-')}"
        for module in map(import_module, ("gates.cloud", "gates.compose", "gates.manifests"))
        for rule in module.RULES
    }

    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert rules <= {mutant.rule for mutant in MUTANTS}


SHIPPED = {
    "a namespace that lets anything in": ("namespace.yaml", "enforce: restricted", "enforce: privileged"),
    "an account with a token": ("accounts.yaml", "automountServiceAccountToken: false", "secrets: []"),
    "a launcher that reads secrets": ("launcher.yaml", "resources: [pods/log]", "resources: [secrets]"),
    "a launcher that enters pods": ("launcher.yaml", "resources: [pods/log]", "resources: [pods/exec]"),
    "a launcher that may do anything": ("launcher.yaml", "verbs: [get]", 'verbs: ["*"]'),
    "a launcher of all namespaces": ("launcher.yaml", "kind: Role\n", "kind: ClusterRole\n"),
    "pods that anybody reaches": ("network.yaml", "ingress: []", "ingress: [{}]"),
    "pods without a rule for the way in": ("network.yaml", "[Ingress, Egress]", "[Egress]"),
}


@pytest.mark.parametrize("drift", SHIPPED)
def test_our_own_manifests_are_refused_when_they_drift(drift):
    name, right, wrong = SHIPPED[drift]
    path = f"inference_image/k8s/{name}"
    text = (ROOT / path).read_text()

    assert right in text
    assert judge_file(path, text) == []
    assert judge_file(path, text.replace(right, wrong, 1)) != []


def test_checkov_refuses_what_it_is_there_for_and_a_skip_without_a_reason(project):
    good = (SAMPLES / "good.yaml").read_text()
    project.write(
        "inference_image/k8s/bad.yaml", good.replace("readOnlyRootFilesystem: true", "privileged: true")
    )
    project.write("inference_image/Dockerfile", "FROM debian:12\nEXPOSE 22\nUSER root\n")
    bucket = 'resource "aws_s3_bucket" "a" {\n  #checkov:skip=CKV_AWS_18\n  bucket = "a"\n}\n'
    project.write(
        "terraform/main.tf", bucket + 'resource "aws_db_instance" "b" {\n  publicly_accessible = true\n}\n'
    )

    found = {(one.path, one.rule) for one in checkov(project.root)}

    assert ("inference_image/k8s/bad.yaml", "CKV_K8S_16") in found
    assert {
        ("inference_image/Dockerfile", "CKV_DOCKER_1"),
        ("inference_image/Dockerfile", "CKV_DOCKER_8"),
    } <= found
    assert {("terraform/main.tf", "CKV_AWS_17"), ("terraform/main.tf", "silent-skip")} <= found
