"""Settings describe the place; what is misspelt is refused, not ignored."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nightlabel.errors import RefusedError
from nightlabel.settings import Settings, adopt, environment, read
from tests.conftest import of_places


def test_without_any_variable_the_place_is_a_working_laptop():
    place = read({})

    assert place.lake_uri.startswith("file:///")
    assert place.tracking.startswith("sqlite:///")


def test_a_misspelt_variable_is_refused_with_the_right_name():
    with pytest.raises(RefusedError) as refusal:
        read({"NIGHTLABEL_LAEK": "s3://bucket"})

    assert refusal.value.code == "NL-S001"
    assert "did you mean NIGHTLABEL_LAKE?" in str(refusal.value)
    assert refusal.value.facts == {"variables": ["NIGHTLABEL_LAEK"]}


@given(st.from_regex(r"[A-Z_]{1,20}", fullmatch=True))
def test_every_unknown_variable_is_refused(name):
    if name.lower() in Settings.model_fields:
        return
    with pytest.raises(RefusedError):
        read({f"NIGHTLABEL_{name}": "x"})


@pytest.mark.parametrize(
    "lake", ["http://169.254.169.254/", "relative/folder", "file://host/path", "gs://bucket"]
)
def test_a_lake_of_an_unknown_scheme_is_refused(lake):
    with pytest.raises(RefusedError, match="file:/// or s3://"):
        read({"NIGHTLABEL_LAKE": lake})


def test_secrets_do_not_show():
    place = read({"NIGHTLABEL_GITHUB_TOKEN": "canary-token"})

    assert "canary" not in repr(place)
    assert "canary" not in place.model_dump_json()


def test_a_refused_secret_does_not_show():
    with pytest.raises(RefusedError) as refusal:
        read({"NIGHTLABEL_STATSD_PORT": "canary-value"})

    assert "canary" not in str(refusal.value)


def test_other_variables_are_nobodys_business():
    assert read({"LAKE": "s3://other", "PATH": "/bin"}) == read({})


def test_every_setting_is_documented():
    page = (Path(__file__).parents[1] / "docs/settings.md").read_text()
    documented = set(re.findall(r"^\| `NIGHTLABEL_([A-Z0-9_]+)`", page, re.MULTILINE))

    assert documented == {name.upper() for name in Settings.model_fields}


def test_the_variables_of_another_program_are_given_by_their_prefix(monkeypatch):
    monkeypatch.setenv("OTHER_NAME", "ann")
    monkeypatch.setenv("OTHER_EMPTY", "")
    monkeypatch.setenv("ANOTHER_NAME", "bob")

    assert environment("OTHER_") == {"OTHER_NAME": "ann"}


def test_a_place_is_adopted_for_the_whole_process():
    adopt({"NIGHTLABEL_LAKE": "s3://bucket/lake"})

    assert "NIGHTLABEL_LAKE" in of_places()


@pytest.fixture(scope="module")
def before_a_test():
    """What a fixture of many tests is made in: it comes before those of the first of them."""
    return of_places()


def test_no_place_that_a_test_adopted_is_left_to_the_next(before_a_test):
    assert not before_a_test
