"""Data sets named by their content, over real DVC in a folder and on S3."""

import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from nightlabel.errors import RefusedError, UnavailableError
from nightlabel.settings import settings
from nightlabel.version import checkout_path, fetch, name, pointed

CARDS = b"id;valor\r\n1;1,50\r\n"
MD5 = hashlib.md5(CARDS).hexdigest()  # noqa: S324 - DVC's own name of a file


@pytest.fixture
def data(tmp_path) -> Path:
    path = tmp_path / "cards of José.csv"
    path.write_bytes(CARDS)
    return path


@pytest.fixture
def home() -> Path:
    return settings().home


def test_a_named_data_set_comes_back_to_the_byte(data, home, lake, tmp_path):
    version = name(data, home, lake.at("dvc"))
    fetch(version.md5, version.size, home, lake.at("dvc"), tmp_path / "out" / "cards.csv")

    assert (version.md5, version.size) == (MD5, len(CARDS))
    assert (tmp_path / "out" / "cards.csv").read_bytes() == CARDS
    assert [entry.key for entry in lake.list("dvc")] == [f"dvc/files/md5/{MD5[:2]}/{MD5[2:]}"]


def test_naming_again_under_another_file_name_changes_nothing(data, home, folder_place, tmp_path):
    remote = f"{folder_place.lake_uri}/dvc"
    first = name(data, home, remote)

    assert name(data.rename(tmp_path / "x"), home, remote) == first
    assert list(home.iterdir()) == []  # no workspace is left


def test_processes_at_once_name_the_same_data_alike(data, home, folder_place):
    remote = f"{folder_place.lake_uri}/dvc"
    command = [sys.executable, "-c", NAME, str(data), str(home), remote]
    with ThreadPoolExecutor(2) as pool:
        told = list(pool.map(lambda _: subprocess.check_output(command, text=True), range(2)))

    assert told == [MD5] * 2


NAME = """
import sys
from pathlib import Path
from nightlabel.version import name
sys.stdout.write(name(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]).md5)
"""


def test_nothing_but_the_result_reaches_stdout(data, home, folder_place, capfd):
    name(data, home, f"{folder_place.lake_uri}/dvc")

    assert capfd.readouterr().out == ""


def test_an_unknown_version_is_refused_with_what_to_do(home, lake, tmp_path):
    with pytest.raises(RefusedError, match="no whole data version") as refusal:
        fetch("0" * 32, None, home, lake.at("dvc"), tmp_path / "out")

    assert refusal.value.code == "NL-V001"
    assert "MLflow" in refusal.value.advice
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("md5", ["", "../../etc/passwd", "A" * 32, MD5 + "0", "x\n- md5: " + MD5])
def test_what_is_no_hash_is_refused_before_dvc_sees_it(md5, home, tmp_path):
    with pytest.raises(RefusedError) as refusal:
        fetch(md5, None, home, str(tmp_path), tmp_path / "out")

    assert refusal.value.code == "NL-V001"


def test_damaged_bytes_are_never_given(data, home, lake, tmp_path):
    version = name(data, home, lake.at("dvc"))
    (key,) = [entry.key for entry in lake.list("dvc")]
    lake.delete(key)
    lake.put(key, b"I" + CARDS[1:])

    with pytest.raises(RefusedError) as refusal:
        fetch(version.md5, version.size, home, lake.at("dvc"), tmp_path / "out")

    assert refusal.value.code == "NL-V001"
    assert not (tmp_path / "out").exists()


def test_a_remote_that_does_not_answer_is_unavailable(data, home, s3_place, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", "http://127.0.0.1:9")
    settings.cache_clear()

    with pytest.raises(UnavailableError) as gone:
        name(data, home, f"{s3_place.lake_uri}/dvc")

    assert gone.value.code == "NL-V003"


def test_a_pointer_says_which_version_it_points_to(data, home, folder_place):
    version = name(data, home, f"{folder_place.lake_uri}/dvc", path=checkout_path("card/data/cards.csv"))

    assert pointed(version.pointer) == version


@pytest.mark.parametrize("key", ["file:///home/ana/cards.csv", "../../cards.csv", "s3://lake/x/cards.csv"])
def test_a_pointer_never_leads_out_of_the_checkouts_lake(key):
    assert checkout_path(key) == "../../../../.nightlabel/lake/cards.csv"


@pytest.mark.parametrize("text", ["", "outs: []", "outs:\n- md5: x\n", "a: [", "- 1"])
def test_a_text_that_is_no_pointer_is_refused(text):
    with pytest.raises(RefusedError) as refusal:
        pointed(text)

    assert refusal.value.code == "NL-V004"
