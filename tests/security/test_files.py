"""Whoever may write to the registry, or answers for it, names files, sizes and addresses: all are bounded."""

import gzip
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from nightlabel.errors import RefusedError
from nightlabel.registry import client, files
from nightlabel.registry.models import Registry
from nightlabel.registry.rest import PROXY

HERE = "mlflow-artifacts:/1/model"
WAYS_OUT = [
    "../evil",
    "../../evil",
    "a/../../evil",
    "/var/tmp/evil",  # noqa: S108 - a way out
    "..",
    ".",
    "",
    "a\\..\\evil",
    "a\0b",
    "a\x1b[2Jb",
]
METADATA = (
    *("169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "[::ffff:a9fe:a9fe]"),
    *("[fd00:ec2::254]", "metadata.google.internal", "user:word@169.254.169.254"),
)


@contextmanager
def listing(*names: str, folder: bool = False, body: bytes = b"evil", packed: bool = False) -> Iterator[str]:
    """An MLflow that lists these names in every folder, and has one body for each file; gives its address."""
    listed = json.dumps({"files": [{"path": name, "is_dir": folder} for name in names]}).encode()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            said = listed if self.path.startswith(f"{PROXY}?") else body
            self.send_response(200)
            if packed and said is body:
                self.send_header("Content-Encoding", "gzip")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(autouse=True)
def _at_once(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")


@pytest.fixture
def target(tmp_path) -> Path:
    folder = tmp_path / "outer" / "inner"
    folder.mkdir(parents=True)
    return folder


def copied(uri: str, target: Path, location: str = HERE) -> str:
    """Copy a model as a night does; gives the code of what it is refused with."""
    with pytest.raises(RefusedError) as refusal:
        files.copy(location, "data/artifact", target, Registry(uri)._reader, uri)
    return refusal.value.code


def outside(target: Path) -> list[str]:
    """Give what stands beside the folder that alone may be written to."""
    return [path.name for path in target.parents[1].rglob("*") if target not in (path, *path.parents)]


@pytest.mark.parametrize("name", WAYS_OUT)
def test_a_name_that_leads_out_writes_nothing_anywhere(name, target):
    with listing(name) as uri:
        assert copied(uri, target) == "NL-C004"

    assert not list(target.iterdir())
    assert outside(target) == ["outer"]


@pytest.mark.parametrize("name", ["../evil", "../../evil", "/evil-of-nightlabel"])
def test_mlflows_own_client_writes_nothing_outside_either(name, target):
    with listing(name) as uri, pytest.raises(RefusedError) as raised:
        files.copy(HERE, "data/artifact", target, client.connect(uri), uri)

    assert raised.value.code == "NL-C004"
    assert outside(target) == ["outer"]
    assert not Path("/evil-of-nightlabel").exists()


@pytest.mark.parametrize(
    ("names", "folder"),
    [
        (["deeper"], True),
        ([f"{number}" for number in range(files.MOST_FILES + 1)], False),
        (["twice", "twice"], False),
        (["a", "a/b"], False),
        (["x" * (files.LONGEST_NAME + 1)], False),
    ],
    ids=["folders without end", "too many", "twice", "file and folder", "too long a name"],
)
def test_a_listing_that_no_model_has_is_refused(names, folder, target):
    with listing(*names, folder=folder) as uri:
        assert copied(uri, target) == "NL-C004"


def test_a_few_bytes_that_unpack_to_very_many_are_refused_on_their_way(target, monkeypatch):
    monkeypatch.setattr(files, "LARGEST", 2**22)
    bomb = gzip.compress(bytes(2**27))
    with listing("network.onnx", body=bomb, packed=True) as uri:
        assert copied(uri, target) == "NL-C004"

    assert sum(path.stat().st_size for path in target.iterdir()) <= files.LARGEST < len(bomb) * 1000


def test_a_large_object_of_a_bucket_is_not_read(s3_place, target, monkeypatch):
    from nightlabel.store import open_lake  # noqa: PLC0415

    monkeypatch.setattr(files, "LARGEST", 100)
    open_lake().put("m/data/artifact/network.onnx", bytes(101))

    assert copied("http://127.0.0.1:9", target, open_lake().at("m")) == "NL-C004"


def spoil_by_link(folder: Path) -> None:
    (folder / "network.onnx").symlink_to("/etc/passwd")


def spoil_by_folder(folder: Path) -> None:
    (folder / "further").symlink_to("/etc")


def spoil_by_circle(folder: Path) -> None:
    (folder / "again").symlink_to(folder)


def spoil_by_device(folder: Path) -> None:
    (folder / "network.onnx").symlink_to("/dev/zero")


def spoil_by_pipe(folder: Path) -> None:
    os.mkfifo(folder / "network.onnx")


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "spoil", [spoil_by_link, spoil_by_folder, spoil_by_circle, spoil_by_device, spoil_by_pipe]
)
def test_what_is_no_file_is_neither_followed_nor_waited_for(spoil, tmp_path, target):
    folder = tmp_path / "store" / "data" / "artifact"
    folder.mkdir(parents=True)
    spoil(folder)

    assert copied("http://127.0.0.1:9", target, (tmp_path / "store").as_uri()) == "NL-C004"
    assert not list(target.iterdir())


@pytest.mark.parametrize("host", METADATA)
@pytest.mark.parametrize("scheme", ["http", "https", "mlflow-artifacts", "ftp", "sftp", "wasbs", "HDFS"])
def test_the_files_of_a_model_are_never_asked_of_another_server(scheme, host, target, monkeypatch):
    monkeypatch.setattr(client, "download", lambda *_: pytest.fail("it was asked"))

    assert copied("http://127.0.0.1:9", target, f"{scheme}://{host}/latest/meta-data") == "NL-H001"


@pytest.mark.parametrize("location", ["runs:/0123/x", "models:/m-1", "models:/a/1", "dbfs:/x", "gs://b/x"])
def test_an_address_that_mlflow_would_follow_to_another_one_is_not_asked(location, target, monkeypatch):
    monkeypatch.setattr(client, "download", lambda *_: pytest.fail("it was asked"))

    assert copied("http://127.0.0.1:9", target, location) == "NL-H001"


def test_the_refusal_of_an_address_shows_no_password(target):
    with pytest.raises(RefusedError) as refusal:
        files.copy("http://ann:canary@169.254.169.254/x", "y", target, None, "http://127.0.0.1:9")

    assert "canary" not in f"{refusal.value}{refusal.value.facts}"
    assert "169.254.169.254" in str(refusal.value)


def test_a_model_whose_files_are_on_mlflow_itself_is_had_by_mlflows_own_client(target, monkeypatch):
    monkeypatch.setattr(client, "download", lambda _, target, __: target)
    uri = "http://ann:word@127.0.0.1:9"

    for location in (
        "http://127.0.0.1:9/api/2.0/mlflow-artifacts/artifacts/1",
        "mlflow-artifacts://127.0.0.1:9/1",
    ):
        assert files.copy(location, "data/artifact", target, None, uri) == target
