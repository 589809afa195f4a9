"""Terraform takes the code as it stands, and refuses what does not fit the providers' schemas."""

import pytest

from tests.terraform.conftest import DATADOG, IMAGES
from tests.terraform.equipment.planned import resources

MISTAKES = {
    "an argument that there is not": (
        "modules/registry/main.tf",
        "image_tag_mutability",
        "image_tag_mutable",
    ),
    "a block that there is not": (
        "modules/registry/main.tf",
        "image_scanning_configuration {",
        "image_scan {",
    ),
    "a block that is missing": (
        "modules/cluster/main.tf",
        "vpc_config {",
        'dynamic "vpc_config" {\n for_each = []\n content {}\n }\n upgrade_policy {',
    ),
    "a value of the wrong type": ("modules/registry/main.tf", "scan_on_push = true", "scan_on_push = [true]"),
    "a reference to nothing": (
        "modules/registry/main.tf",
        "kms_key         = var.key_arn",
        "kms_key = var.key",
    ),
    "a password in the state": (
        "modules/tracking/secrets.tf",
        "secret_string_wo         =",
        "secret_string =",
    ),
}


def test_all_files_are_in_the_one_format(terraform):
    assert terraform.run("", "fmt", "-check", "-recursive").returncode == 0


def test_a_file_in_another_format_is_refused(terraform, tmp_path):
    (tmp_path / "bad.tf").write_text('variable   "x" {}\n')

    assert terraform.run("", "fmt", "-check", str(tmp_path)).returncode == 3


@pytest.mark.parametrize("environment", ["dev", "prod"])
def test_an_environment_is_valid_and_plans_before_and_after_its_images_are_there(terraform, environment):
    where = f"envs/{environment}"
    example = (terraform.folder / where / "terraform.tfvars.example").read_text()
    (terraform.folder / where / "terraform.tfvars").write_text(example)
    first = resources(terraform.plan(where))
    whole = resources(terraform.plan(where, datadog=DATADOG, **IMAGES))

    terraform.good(where, "validate")
    assert first.keys() < whole.keys()
    assert {kind.split(".")[-2] for kind in whole.keys() - first.keys()} == {
        "aws_ecs_service", "aws_ecs_task_definition", "datadog_dashboard_json", "datadog_monitor",
        "datadog_service_level_objective",
    }  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_code_that_does_not_fit_the_schema_is_refused(terraform, tmp_path, mistake):
    file, right, wrong = MISTAKES[mistake]
    folder = (terraform.folder / file).parent
    copy = tmp_path / "module"
    copy.mkdir()
    for path in folder.glob("*.tf"):
        copy.joinpath(path.name).write_text(path.read_text())
    text = (copy / file.rpartition("/")[2]).read_text()
    assert right in text
    (copy / file.rpartition("/")[2]).write_text(text.replace(right, wrong, 1))
    assert terraform.run(str(copy), "init", "-backend=false").returncode == 0

    assert terraform.run(str(copy), "validate").returncode == 1
