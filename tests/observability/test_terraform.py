"""Terraform plans exactly the monitors of the files, filled in, and one dashboard."""

import json
import shutil

import pytest

from tests.observability.definitions import FOLDER, WORDS, monitors
from tests.terraform.equipment import tools

PLACE = """
module "observability" {
  source = "../modules/observability"

  environment       = "prod"
  cluster           = "nightlabel-prod"
  site              = "datadoghq.eu"
  urgent            = "@pagerduty-nights"
  calm              = "@slack-ml"
  runbook           = "https://git.example/docs/operations.md"
  slo_percent       = 99
  deadline_seconds  = 1800
  quarantined_share = 0.05
}
"""

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """What Terraform would make, by kind."""
    if not shutil.which("terraform"):
        pytest.skip(tools.MISSING)
    made = tools.terraform(tmp_path_factory.mktemp("terraform"))
    (made.folder / "watch").mkdir()
    (made.folder / "watch" / "main.tf").write_text(PLACE)
    found = made.plan("watch")["planned_values"]["root_module"]["child_modules"][0]["resources"]
    return {f"{one['type']}/{one.get('index', one['name'])}": one["values"] for one in found}


@pytest.mark.parametrize("name", monitors())
def test_a_monitor_is_made_as_its_file_says(planned, name):
    wanted, made = monitors()[name], planned[f"datadog_monitor/{name}"]

    for field in ("name", "type", "message", "query"):
        assert made[field] == wanted[field]
    assert made["monitor_thresholds"][0]["critical"] == wanted["options"]["thresholds"]["critical"]
    assert bool(made["notify_no_data"]) == wanted["options"]["notify_no_data"]


def test_nothing_else_is_made(planned):
    kinds = [name.partition("/")[0] for name in planned if not name.startswith("datadog_monitor/")]

    assert sorted(kinds) == ["datadog_dashboard_json", "datadog_service_level_objective"]
    assert len(planned) == len(monitors()) + 2


def test_the_dashboard_is_json_once_its_words_are_in():
    text = (FOLDER / "dashboard.json").read_text()
    for word, value in WORDS.items():
        text = text.replace(f"${{{word}}}", value)

    assert json.loads(text)["template_variables"][0]["defaults"] == ["prod"]
