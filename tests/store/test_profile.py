"""A profile of AWS's own tools opens a lake as well as variables do."""

import pytest

from nightlabel.errors import RefusedError
from nightlabel.store import open_lake


@pytest.fixture
def profiles(s3_place, monkeypatch, tmp_path):
    """Take the variables away, and give a file of profiles."""
    file = tmp_path / "credentials"
    keys = "aws_access_key_id = test\naws_secret_access_key = test\n"
    file.write_text(f"[nights]\n{keys}\n[bare]\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return file


@pytest.mark.parametrize("default", [False, True])
def test_a_lake_is_opened_by_a_profile(profiles, s3_place, monkeypatch, default):
    if default:
        profiles.write_text(profiles.read_text().replace("nights", "default"))
    else:
        monkeypatch.setenv("AWS_PROFILE", "nights")
    lake = open_lake(s3_place)
    entry = lake.put("a/b.csv", b"bytes")

    assert list(lake.list()) == [entry]
    assert lake.impatient().get("a/b.csv") == b"bytes"


def test_a_profile_that_is_not_there_is_refused_by_name(profiles, s3_place, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "days")

    with pytest.raises(RefusedError, match="'days'") as refusal:
        open_lake(s3_place)
    assert refusal.value.code == "NL-B009"
