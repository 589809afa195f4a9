"""What a planned place is: closed to the internet, kept, and told of by figures that nightlabel sends."""

import base64
import copy
import json
import re
import shutil
import subprocess

import pytest
import yaml

from nightlabel.settings import Settings
from tests.terraform.conftest import DATADOG
from tests.terraform.equipment.planned import only, resources
from tests.terraform.equipment.tools import ROOT

WORLD = ("0.0.0.0/0", "::/0")


def open_doors(plan: dict) -> list[str]:
    """Name what of a plan the internet could reach, or reach credentials through."""
    found = []
    for address, values in resources(plan).items():
        kind = re.search(r"(\w+)\.\w+(\[.*\])?$", address)[1]
        text = json.dumps(values)
        rules = {
            "aws_vpc_security_group_ingress_rule": any(cidr in text for cidr in WORLD),
            "aws_security_group": bool(values.get("ingress")),
            "aws_subnet": bool(values.get("map_public_ip_on_launch")),
            "aws_db_instance": bool(values.get("publicly_accessible")),
            "aws_lb": not values.get("internal"),
            "aws_eks_cluster": '"endpoint_public_access": true' in text,
            "aws_launch_template": '"http_tokens": "required"' not in text
            or '"http_put_response_hop_limit": 1' not in text,
            "aws_s3_bucket_public_access_block": text.count("true") < 4,
        }
        found += [address] if rules.get(kind) else []
    return found


def changed(plan: dict, kind: str, **values: object) -> dict:
    """Give a plan with one resource of a kind changed."""
    other = copy.deepcopy(plan)
    next(iter(resources(other, kind).values())).update(values)
    return other


def test_nothing_of_a_place_is_open_to_the_internet(prod):
    assert open_doors(prod) == []


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("aws_vpc_security_group_ingress_rule", {"cidr_ipv4": "0.0.0.0/0"}),
        ("aws_security_group", {"ingress": [{"cidr_blocks": ["10.0.0.0/8"]}]}),
        ("aws_subnet", {"map_public_ip_on_launch": True}),
        ("aws_db_instance", {"publicly_accessible": True}),
        ("aws_lb", {"internal": False}),
        ("aws_eks_cluster", {"vpc_config": [{"endpoint_public_access": True}]}),
        (
            "aws_launch_template",
            {"metadata_options": [{"http_tokens": "optional", "http_put_response_hop_limit": 1}]},
        ),
        ("aws_s3_bucket_public_access_block", {"block_public_acls": False}),
    ],
)
def test_an_open_door_is_found(prod, kind, values):
    (found,) = open_doors(changed(prod, kind, **values))

    assert kind in found


def test_no_password_is_in_the_plan(prod):
    whole = json.dumps(prod)

    assert "made-result" not in whole  # what the provider without a cloud makes as a password
    assert only(prod, "aws_db_instance", "this")["password_wo_version"] == 1


def test_every_bucket_is_versioned_encrypted_and_ends_unfinished_uploads(prod):
    buckets = {values["bucket"] for values in resources(prod, "aws_s3_bucket").values()}
    for kind in (
        "versioning",
        "server_side_encryption_configuration",
        "lifecycle_configuration",
        "policy",
        "public_access_block",
    ):
        assert {v["bucket"] for v in resources(prod, f"aws_s3_bucket_{kind}").values()} == buckets, kind
    for values in resources(prod, "aws_s3_bucket_lifecycle_configuration").values():
        assert "days_after_initiation" in json.dumps(values)


def test_nothing_that_a_generation_may_name_ever_expires(prod):
    lake = only(prod, "aws_s3_bucket_lifecycle_configuration", "lifecycle_configuration.lake")
    expiring = {rule["id"]: rule["filter"] for rule in lake["rule"] if rule.get("expiration")}

    assert [f["prefix"] for f in expiring["doctor"]] == ["lake/doctor/"]
    assert expiring.keys() == {"doctor"}


def test_people_are_told_by_figures_that_nightlabel_sends(prod):
    dashboard = (
        (ROOT / "terraform/modules/observability/dashboard.tf").read_text().replace("${bound}", "high")
    )
    asked = "\n".join([v["query"] for v in resources(prod, "datadog_monitor").values()] + [dashboard])
    named = set(re.findall(r"nightlabel\.([a-z_.]+?)(?:\.avg)?[\"{]", asked))

    assert named - sent() == set()
    assert {"lateness", "failure", "drift", "night.quarantined_share", "night.forecast_high_seconds"} <= named


def sent() -> set[str]:
    """Give the names of all metrics and checks that docs/nights.md promises and the code sends."""
    text = (ROOT / "docs" / "nights.md").read_text() + (ROOT / "src/nightlabel/steps/watch.py").read_text()
    promised = set(re.findall(r"`nightlabel\.([a-z_.]+)`", text))
    figures = set(re.findall(r"\"(\w+_share|labelled_records)\": ", text))
    bounds = {f"night.forecast_{bound}_seconds" for bound in ("low", "middle", "high")}
    return promised | {f"night.{name}" for name in figures} | bounds


def test_a_figure_that_nobody_sends_would_be_found():
    assert "night.quarantine_share" not in sent()
    assert {"lateness", "night.progress", "night.quarantined_share"} <= sent()


def test_the_agents_values_are_what_nightlabel_sends_to(prod):
    values = yaml.safe_load(prod["planned_values"]["outputs"]["datadog_values"]["value"])
    told = prod["planned_values"]["outputs"]["nightlabel"]["value"]

    assert values["datadog"]["dogstatsd"] == {
        "port": Settings().statsd_port,
        "useHostPort": False,
        "nonLocalTraffic": True,
    }
    assert told["statsd_host"].startswith(values["agents"]["localService"]["overrideName"] + ".")
    assert values["datadog"]["site"] == DATADOG["site"]
    assert "apiKey" not in values["datadog"]


def test_the_boards_machine_starts_by_a_script_that_bash_takes_and_keeps_no_password(prod, tmp_path):
    board = only(prod, "aws_launch_template", "drift_board.aws_launch_template.this")
    script = tmp_path / "start.sh"
    script.write_bytes(base64.b64decode(board["user_data"]))
    text = script.read_text()

    assert subprocess.run([shutil.which("bash"), "-n", script], check=False).returncode == 0
    assert len(board["user_data"]) < 16 * 1024  # what EC2 takes
    assert "s3://nightlabel-prod-123456789012-lake/lake/card_spending/drift/workspace/" in text
    assert "s3://nightlabel-prod-123456789012-lake/lake/tiny/drift/workspace/" in text
    assert "auth_basic_user_file" in text
    assert "127.0.0.1:8000:8000" in text


def test_the_costs_in_the_readme_are_what_their_amounts_and_prices_make():
    text = (ROOT / "terraform" / "README.md").read_text()
    rows = re.findall(
        r"^\| [^|*]+ \| ([\d,]+) \u00d7 ([\d.]+) \| ([\d,.]+) \| ([\d,]+) \u00d7 ([\d.]+) \| ([\d,.]+) \|$",
        text,
        re.MULTILINE,
    )
    figures = [[float(figure.replace(",", "")) for figure in row] for row in rows]
    (dev, prod) = re.search(
        r"^\| \*\*together\*\* \| \| \*\*([\d,.]+)\*\* \| \| \*\*([\d,.]+)\*\* \|$", text, re.MULTILINE
    ).groups()

    assert all(abs(a * p - d) < 0.006 and abs(b * q - e) < 0.006 for a, p, d, b, q, e in figures)
    assert (round(sum(f[2] for f in figures), 2), round(sum(f[5] for f in figures), 2)) == (
        float(dev),
        float(prod),
    )
    assert len(figures) == 20
