"""``nightlabel doctor --from-terraform`` examines the place that Terraform made, and no other."""

import io
import json
import os
import sys

import pytest

from nightlabel.cli import people
from nightlabel.errors import NightlabelError, RefusedError
from nightlabel.settings import Settings, read, settings
from nightlabel.steps import terraform


def written(tmp_path, value):
    file = tmp_path / "output.json"
    file.write_text(json.dumps({"nightlabel": {"sensitive": False, "type": "dynamic", "value": value}}))
    return str(file)


def test_the_output_of_the_plan_is_a_whole_place(prod, tmp_path):
    value = prod["planned_values"]["outputs"]["nightlabel"]["value"]
    place = read(terraform.variables(written(tmp_path, value)))

    assert place.lake == "s3://nightlabel-prod-123456789012-lake/lake"
    assert (place.steps_in, place.eks_cluster, place.environment) == ("eks", "nightlabel-prod", "prod")
    assert place.tracking_uri == place.mlflow_url == "https://mlflow.ml.example.com"
    assert set(value) <= set(Settings.model_fields)


def test_the_place_is_examined_instead_of_this_processs_own(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", "http://elsewhere")
    told = {"lake": (tmp_path / "lake").as_uri(), "environment": "dev"}
    monkeypatch.setattr(sys, "stdin", io.StringIO(json.dumps({"nightlabel": {"value": told}})))
    settings.cache_clear()
    people.doctor(from_terraform="-")

    assert (settings().lake, settings().s3_endpoint, settings().environment) == (told["lake"], "", "dev")
    assert str(settings().home) == os.environ["NIGHTLABEL_HOME"]
    assert "rights" in capsys.readouterr().out


def test_a_place_that_is_not_there_is_found(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    told = {"lake": "s3://bucket/lake", "s3_endpoint": "http://127.0.0.1:9"}
    with pytest.raises(NightlabelError) as found:
        people.doctor(from_terraform=written(tmp_path, told))

    assert found.value.code == "NL-S002"


def test_the_variables_are_printed_as_shells_take_them(tmp_path, capsys):
    told = {"lake": "s3://bucket/lake", "data_from": "s3://a s3://b", "statsd_port": 8126}
    people.doctor(from_terraform=written(tmp_path, told), print_env=True)

    assert capsys.readouterr().out.splitlines() == [
        "NIGHTLABEL_LAKE=s3://bucket/lake",
        "NIGHTLABEL_DATA_FROM='s3://a s3://b'",
        "NIGHTLABEL_STATSD_PORT=8126",
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "NL-S007"),
        ("[]", "NL-S007"),
        ("{}", "NL-S007"),
        ('{"nightlabel": {"value": {}}}', "NL-S007"),
        ('{"nightlabel": {"value": {"lake": ["s3://a"]}}}', "NL-S007"),
        ('{"nightlabel": {"value": {"lakes": "s3://a"}}}', "NL-S001"),
        ('{"nightlabel": {"value": {"lake": "http://a"}}}', "NL-S001"),
        ('{"nightlabel": {"value": {"steps_in": "eks"}}}', "NL-S001"),
    ],
)
def test_what_is_no_place_is_refused_before_anything_is_asked(tmp_path, text, code):
    (tmp_path / "output.json").write_text(text)
    with pytest.raises(RefusedError) as refusal:
        people.doctor(from_terraform=str(tmp_path / "output.json"))

    assert refusal.value.code == code


def test_a_file_that_is_not_there_is_refused():
    with pytest.raises(RefusedError, match="no-such-file") as refusal:
        terraform.variables("no-such-file")

    assert refusal.value.code == "NL-S007"
