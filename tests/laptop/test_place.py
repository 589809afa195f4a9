"""What the demo says before it starts anything: ports, disk, folder, card file."""

import shutil
import socket
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from demo.place import GB, LEAST_DISK_GB, DemoError, Ports, alone, make
from nightlabel.settings import settings
from nightlabel.usecases.card_spending.lookalike import HEADER
from tests.conftest import free_port

ROOT = Path(__file__).parents[2]
NAMES = ("AIRFLOW", "MLFLOW", "EVIDENTLY")


@pytest.fixture
def ports() -> Ports:
    return Ports(free_port(), free_port(), free_port())


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 8 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def demo(**variables: str) -> str:
    """Start the real demo, which must end by itself; gives what it said."""
    command = [sys.executable, "-m", "demo"]
    result = subprocess.run(
        command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=240
    )
    assert (result.returncode, result.stderr) == (1, ""), result.stdout + result.stderr
    return result.stdout.strip()


def home() -> Path:
    return settings().home


@pytest.mark.parametrize("name", ["airflow", "mlflow", "evidently"])
def test_a_taken_port_names_who_holds_it_and_the_command_with_a_free_one(name, ports):
    with socket.create_server(("127.0.0.1", getattr(ports, name))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(DemoError) as refusal:
            make(ports)

    said = str(refusal.value)
    assert said.startswith(f"Port {port} is taken by ")
    assert "(process " in said
    command, _, other = said.rpartition("=")
    assert command.endswith(f"make demo {name.upper()}_PORT")
    assert int(other) not in (port, ports.airflow, ports.mlflow, ports.evidently)
    assert not home().exists()


def test_two_uis_cannot_have_one_port(ports):
    with pytest.raises(DemoError, match="three different ports"):
        make(Ports(ports.airflow, ports.mlflow, ports.mlflow))


@pytest.mark.parametrize("port", ["1023", "65536", "http"])
def test_a_port_that_can_be_none_is_refused_by_name(port):
    command = [sys.executable, "-m", "demo"]
    result = subprocess.run(
        command, cwd=ROOT, env={"MLFLOW_PORT": port}, capture_output=True, text=True, check=False
    )

    assert result.returncode == 2
    assert "MLFLOW_PORT" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("free", "enough"), [(LEAST_DISK_GB * GB - 1, False), (LEAST_DISK_GB * GB, True)])
def test_the_least_disk_is_enough_and_a_byte_less_is_not(monkeypatch, ports, free, enough):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))

    if enough:
        assert make(ports).logs.is_dir()
    else:
        with pytest.raises(DemoError, match="of free disk, but the demo needs 2 GB: free some"):
            make(ports)
        assert not home().exists()


def test_on_a_full_disk_the_demo_says_so_and_how_to_use_another(small_disk):
    said = demo(NIGHTLABEL_HOME=str(small_disk / "home"), **{f"{n}_PORT": str(free_port()) for n in NAMES})

    assert "has 0.0 GB of free disk" in said
    assert "make demo NIGHTLABEL_HOME=/path/to/folder" in said


def test_a_folder_that_cannot_be_made_is_named(ports):
    home().parent.mkdir(parents=True, exist_ok=True)
    home().write_text("a file")

    with pytest.raises(DemoError, match=f"{home()} cannot be used: .*make demo NIGHTLABEL_HOME="):
        make(ports)


def test_two_demos_do_not_share_a_folder(ports):
    place = make(ports)
    with alone(place), pytest.raises(DemoError, match="Another demo runs in"), alone(place):
        pass
    with alone(place):
        pass


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"a,b\n1,2\n", "is no labelled card file: the header misses ['grupo_estabelecimento', 'data'"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is no labelled card file"),
        (b"", "holds no line with a date"),
        (HEADER.encode() + b"\r\n", "holds no line with a date"),
    ],
    ids=["missing", "another table", "a picture", "empty", "only a header"],
)
def test_data_that_is_no_card_file_is_named_before_anything_starts(tmp_path, content, said):
    path = tmp_path / "mine.csv"
    if content is not None:
        path.write_bytes(content)

    sentence = demo(DATA=str(path), NIGHTLABEL_HOME=str(home()))

    assert sentence.startswith(f"{path} {said}")
    assert "\n" not in sentence
    assert sentence.endswith("set DATA to a labelled card file, or leave it out")
    assert not home().exists()


def test_data_may_not_be_a_folder(tmp_path):
    assert "cannot be read: Is a directory" in demo(DATA=str(tmp_path), NIGHTLABEL_HOME=str(home()))


def test_a_misspelt_setting_ends_the_demo_with_its_right_name(tmp_path):
    assert "did you mean NIGHTLABEL_HOME?" in demo(NIGHTLABEL_HOEM=str(tmp_path))
