"""Each part is made with the cloud mocked, and refuses the values that it says it refuses."""

import re

import pytest

from tests.terraform.equipment.tools import ROOT

MODULES = sorted(path.parents[1].name for path in ROOT.glob("terraform/modules/*/tests/*.tftest.hcl"))
PLACE = "modules/place"


@pytest.mark.parametrize("module", dict.fromkeys(MODULES))
def test_a_part_keeps_what_its_own_tests_say(terraform, module):
    where = f"modules/{module}"
    terraform.good(where, "init", "-input=false")

    said = terraform.good(where, "test", "-no-color")

    assert re.search(r"Success! [1-9]\d* passed, 0 failed", said), said


def test_every_part_with_a_rule_for_its_values_has_tests_that_break_it():
    ruled = {
        path.parent.name
        for path in ROOT.glob("terraform/modules/*/variables*.tf")
        if "validation {" in path.read_text()
    }

    assert ruled == set(MODULES)


def test_every_rule_is_seen_to_refuse():
    for module in set(MODULES):
        folder = ROOT / "terraform" / "modules" / module
        files = "\n".join(path.read_text() for path in folder.glob("variables*.tf"))
        tests = "\n".join(path.read_text() for path in folder.glob("tests/*.tftest.hcl"))
        blocks = re.findall(r'^variable "(\w+)" \{\n(.*?)^\}', files, re.MULTILINE | re.DOTALL)
        ruled = {name for name, body in blocks if "validation {" in body}

        assert ruled - set(re.findall(r"^    var\.(\w+),$", tests, re.MULTILINE)) == set(), module


def test_a_part_whose_promise_is_broken_fails_its_tests(terraform):
    outputs = terraform.folder / PLACE / "outputs.tf"
    right = outputs.read_text()
    try:
        outputs.write_text(right.replace('var.label_image == "" ? null : "eks"', '"eks"'))
        assert outputs.read_text() != right
        ended = terraform.run(PLACE, "test", "-no-color", "-filter=tests/place.tftest.hcl")
    finally:
        outputs.write_text(right)

    assert ended.returncode == 1
    assert "so the steps stay where Airflow is" in ended.stdout + ended.stderr
