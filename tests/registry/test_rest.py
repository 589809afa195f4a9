"""The night's own client of MLflow, held against MLflow's: the same versions, files, words and errors."""

import os
import re
import shutil
import subprocess
import sys
import uuid
from base64 import b64decode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st
from mlflow import MlflowClient

from nightlabel.errors import NightlabelError, RefusedError, UnavailableError
from nightlabel.registry import access, client, files
from nightlabel.registry.artifact import digest
from nightlabel.registry.models import Pinned, Registry
from nightlabel.registry.rest import Rest
from nightlabel.store import open_uri
from tests.registry.door import door
from tests.registry.stub import answering

MODEL = {"network.onnx": b"\x08\x07" * 700_000, "encoder.json": b"{}", "model.json": b'{"a": 1}'}
CREDENTIALS = ("MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN")


@pytest.fixture(autouse=True)
def _nobody(monkeypatch, tmp_path):
    """Ask as nobody, and give up at once."""
    for name in CREDENTIALS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")


@pytest.fixture
def name() -> str:
    return f"model_{uuid.uuid4().hex}"


def by_rest(uri: str) -> Registry:
    """Give the registry as a night has it."""
    registry = Registry(uri)
    assert isinstance(registry._reader, Rest)
    return registry


def by_library(uri: str) -> Registry:
    """Give the registry with MLflow's own client for all questions."""
    registry = Registry(uri)
    registry._reader = client.connect(uri)
    return registry


def registered(uri: str, name: str, content: dict[str, bytes] = MODEL, location: str | None = None) -> str:
    """Register a model with these files; gives its artifact URI."""
    book, folder = MlflowClient(uri, registry_uri=uri), Path(os.environ["HOME"]) / uuid.uuid4().hex
    place = book.create_experiment(uuid.uuid4().hex, artifact_location=location)
    run_id = book.create_run(place).info.run_id
    model_id = book.create_logged_model(place, "made", run_id).model_id
    for path, data in content.items():
        (folder / "data/artifact" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "data/artifact" / path).write_bytes(data)
    book.log_model_artifacts(model_id, str(folder))
    sha256 = digest(folder / "data/artifact")
    source = book.get_logged_model(model_id).artifact_location
    book.create_registered_model(name)
    book.create_model_version(name, source, run_id, tags={"sha256": sha256}, model_id=model_id)
    book.set_registered_model_alias(name, "champion", "1")
    return str(source)


def version_of(name: str) -> Pinned:
    return Pinned(name, "1", "", "a" * 64, f"models:/{name}/1", {})


def content_of(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_both_clients_pin_the_same_version(mlflow_server, name):
    registered(mlflow_server, name)

    assert by_rest(mlflow_server).resolve(name) == by_library(mlflow_server).resolve(name)


@settings(max_examples=15, deadline=None)
@given(st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,20}", fullmatch=True), st.text(max_size=50)))
def test_both_clients_read_the_same_tags_and_aliases(mlflow_server, tags):
    name, book = f"model_{uuid.uuid4().hex}", MlflowClient(mlflow_server, registry_uri=mlflow_server)
    book.create_registered_model(name, tags)
    book.create_model_version(name, "s3://bucket/model", tags={**tags, "sha256": "a" * 64})
    for number in range(len(tags)):
        book.set_registered_model_alias(name, f"alias{number}", "1")

    rest, library = by_rest(mlflow_server), by_library(mlflow_server)
    assert rest.find(name, "1") == library.find(name, "1")
    assert rest.aliases(name) == library.aliases(name) == {f"alias{n}": "1" for n in range(len(tags))}
    found = rest._reader.get_registered_model(name)
    assert found.tags == library._reader.get_registered_model(name).tags == tags


def test_both_clients_tell_the_same_moves_of_the_champion(mlflow_server, name):
    registered(mlflow_server, name)
    MlflowClient(mlflow_server).delete_registered_model_alias(name, "champion")
    by_rest(mlflow_server).move_champion(name, "1", by="Ána", reason="first")

    told = by_rest(mlflow_server).moves(name)
    assert [move.by for move in told] == ["Ána"]
    assert told == by_library(mlflow_server).moves(name)


@pytest.mark.parametrize("kind", ["server", "folder", "path", "s3"])
def test_both_clients_copy_the_same_files(mlflow_server, name, tmp_path, kind, request):
    if kind == "s3":
        root = f"{request.getfixturevalue('s3_place').lake}/models"
    else:
        root = {"server": None, "folder": f"file://{tmp_path}/a%20b", "path": f"{tmp_path}/a b"}[kind]
    content = MODEL | {"further/é 1.json": b"", "further/deep/x": b"3"} if root else MODEL
    location = registered(mlflow_server, name, content, root)

    pinned = by_rest(mlflow_server).resolve(name)
    copied = by_rest(mlflow_server).fetch(pinned, tmp_path / "rest")
    (tmp_path / "library").mkdir()
    library = client.download(f"{location}/data/artifact", tmp_path / "library", mlflow_server)
    assert content_of(copied) == content_of(library) == content
    assert digest(copied) == digest(library) == pinned.sha256


def test_a_deeper_folder_of_the_server_is_copied_whole(mlflow_server, name, tmp_path):
    content = MODEL | {"further/a b+c.json": b"1", "further/deep/é": b"2"}
    registered(mlflow_server, name, content)

    for registry in (by_rest(mlflow_server), by_library(mlflow_server)):
        assert content_of(registry.fetch(version_of(name), tmp_path)) == content


def told_by(ask) -> dict:
    """Give what an error says, without what only its client says: the words after the last colon."""
    with pytest.raises(NightlabelError) as raised:
        ask()
    error = raised.value
    facts = {key: value for key, value in error.facts.items() if key != "server"}
    sentence = re.sub(r"127\.0\.0\.1:\d+", "server", error.sentence.split(": ")[0])
    return {"kind": type(error), "said": sentence, "code": error.code, "facts": facts} | {
        "kept": error.kept,
        "advice": error.advice,
    }


def same_fault(uri: str, ask) -> dict:
    """Give the one error of both clients."""
    told = [told_by(lambda registry=registry: ask(registry)) for registry in (by_rest(uri), by_library(uri))]
    assert told[0] == told[1]
    return told[0]


def test_both_clients_refuse_a_model_that_is_not_there(mlflow_server, name):
    told = same_fault(mlflow_server, lambda registry: registry.resolve(name))

    assert (told["code"], told["facts"]) == ("NL-C002", {"aliases": {}})


def test_both_clients_refuse_an_alias_that_is_not_there(mlflow_server, name):
    registered(mlflow_server, name)

    told = same_fault(mlflow_server, lambda registry: registry.resolve(name, "challenger"))
    assert (told["code"], told["facts"]) == ("NL-C002", {"aliases": {"champion": "1"}})


def test_both_clients_refuse_a_version_that_was_deleted(mlflow_server, name, tmp_path):
    registered(mlflow_server, name)
    MlflowClient(mlflow_server).delete_model_version(name, "1")

    assert same_fault(mlflow_server, lambda registry: registry.find(name, "1"))["code"] == "NL-C002"
    gone = same_fault(mlflow_server, lambda registry: registry.fetch(version_of(name), tmp_path))
    assert gone["code"] == "NL-C002"


@pytest.mark.parametrize("kind", ["server", "folder", "s3"])
def test_both_clients_refuse_a_version_without_files(mlflow_server, name, tmp_path, kind, request):
    root = {"server": None, "folder": f"file://{tmp_path}/models"}.get(kind)
    if kind == "s3":
        root = f"{request.getfixturevalue('s3_place').lake}/models"
    registered(mlflow_server, name, {"../other/file": b"1"}, root)

    told = same_fault(mlflow_server, lambda registry: registry.fetch(version_of(name), tmp_path))
    assert (told["code"], told["kind"]) == ("NL-C007", client.MissingError)


def test_both_clients_say_that_nobody_answers():
    told = same_fault("http://127.0.0.1:9", lambda registry: registry.resolve("card_spending"))

    assert (told["code"], told["kind"]) == ("NL-C006", UnavailableError)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (200, b"<html>log in</html>", "NL-C006"),
        (200, b"[1, 2]", "NL-C006"),
        (404, b"gone", "NL-C006"),
        (500, b'{"error_code": "INTERNAL_ERROR", "message": "oh"}', "NL-C006"),
        (502, b"<h1>Bad Gateway</h1>", "NL-C006"),
        (503, b"", "NL-C006"),
        (418, b'{"error_code": "NEVER_HEARD_OF", "message": "oh"}', "NL-C006"),
        (401, b"You are not authenticated.", "NL-C008"),
        (403, b"Invalid Host header - possible DNS rebinding attack detected", "NL-C008"),
        (403, b'{"error_code": "PERMISSION_DENIED", "message": "no"}', "NL-C008"),
    ],
)
def test_both_clients_say_the_same_of_an_answer_that_is_none(status, body, code):
    with answering(status, body) as (uri, _):
        told = same_fault(uri, lambda registry: registry.resolve("card_spending"))

    assert told["code"] == code
    assert told["said"].startswith("MLflow at http://server d")


@pytest.mark.parametrize("body", [b"{}", b"", b'{"registered_model": {"aliases": [{"alias": 1}]}}'])
def test_an_answer_without_a_model_is_no_answer(body):
    with answering(200, body) as (uri, _), pytest.raises(UnavailableError) as gone:
        by_rest(uri).resolve("card_spending")

    assert gone.value.code == "NL-C006"


def test_a_gateway_that_says_forbidden_is_not_asked_again():
    with answering(403, b'{"message": "Forbidden"}') as (uri, asked), pytest.raises(RefusedError) as refusal:
        by_rest(uri).resolve("card_spending")

    assert (refusal.value.code, len(asked)) == ("NL-C008", 1)


@pytest.mark.parametrize("make", [by_rest, by_library])
def test_a_server_that_comes_back_in_time_is_no_fault(mlflow_server, name, tmp_path, make, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_BACKOFF_JITTER", "0")
    registered(mlflow_server, name)
    with door(mlflow_server) as before:
        before.faults = [503, 502]
        pinned = make(before.uri).resolve(name)
        before.faults = [500, 429]
        copied = make(before.uri).fetch(pinned, tmp_path)

    assert pinned == by_rest(mlflow_server).resolve(name)
    assert content_of(copied) == MODEL


@pytest.mark.parametrize("make", [by_rest, by_library])
def test_a_server_cannot_ask_for_an_hour_of_patience(mlflow_server, name, make, monkeypatch):
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES")
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    with door(mlflow_server) as before:
        before.faults = [503] * 3
        with pytest.raises(UnavailableError):
            make(before.uri).aliases(name)

    assert len(before.seen) == 3
    assert sum(pauses) < 60


named = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r"), min_size=1, max_size=20)
token = st.from_regex(r"[!-~]{1,40}", fullmatch=True)


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict(zip(CREDENTIALS, (named, named, token), strict=True))))
def test_both_clients_show_the_same_credentials(given_credentials):
    with pytest.MonkeyPatch.context() as environment, answering(401, b"no") as (uri, _), door(uri) as before:
        environment.setenv("HOME", "/nonexistent")
        environment.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
        for key, value in given_credentials.items():
            environment.setenv(key, value)
        same_fault(before.uri, lambda registry: registry.resolve("card_spending"))

    shown = [headers.get("Authorization") for _, headers in before.seen]
    assert shown[0] == shown[1]
    assert (shown[0] is None) == (CREDENTIALS[2] not in given_credentials and len(given_credentials) < 2)


def test_both_clients_take_credentials_from_the_persons_file(tmp_path):
    (tmp_path / ".mlflow").mkdir()
    text = "[mlflow]\nmlflow_tracking_username = ann\nmlflow_tracking_password = 100-percent\n"
    (tmp_path / ".mlflow/credentials").write_text(text)
    with answering(401, b"no") as (uri, _), door(uri) as before:
        same_fault(before.uri, lambda registry: registry.resolve("card_spending"))

    shown = {headers["Authorization"].removeprefix("Basic ") for _, headers in before.seen}
    assert [b64decode(text) for text in shown] == [b"ann:100-percent"]


def test_the_right_token_opens_the_door_to_the_files_too(mlflow_server, name, tmp_path, monkeypatch):
    registered(mlflow_server, name)
    with door(mlflow_server) as before:
        before.wants = "Bearer right"
        refused = same_fault(before.uri, lambda registry: registry.fetch(version_of(name), tmp_path))
        monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "right")
        copied = by_rest(before.uri).fetch(by_rest(before.uri).resolve(name), tmp_path)

    assert refused["code"] == "NL-C008"
    assert content_of(copied) == MODEL


@pytest.mark.parametrize("make", [by_rest, by_library])
def test_artifacts_that_are_forbidden_are_refused_and_not_retried(mlflow_server, name, tmp_path, make):
    registered(mlflow_server, name)
    with door(mlflow_server) as before:
        registry = make(before.uri)
        registry.resolve(name)
        found = registry._reader.get_model_version_download_uri(name, "1")
        before.wants = "Bearer nobody has it"
        with pytest.raises(RefusedError) as refusal:
            files.copy(found, "data/artifact", tmp_path, registry._reader, before.uri)

    assert refusal.value.code == "NL-C008"


@pytest.mark.parametrize("fault", [(403, "NL-C008"), (400, "NL-C006")])
def test_a_bucket_of_models_that_does_not_give_a_file_is_named_by_its_fault(
    s3_place, s3_server, tmp_path, monkeypatch, fault
):
    open_uri(f"{s3_place.lake}/1/data/artifact").put("network.onnx", b"1")
    with door(s3_server) as before:
        monkeypatch.setenv("MLFLOW_S3_ENDPOINT_URL", before.uri)
        reader, before.faults = by_rest("http://127.0.0.1:1")._reader, [0, fault[0]]
        with pytest.raises(NightlabelError) as raised:
            files.copy(f"{s3_place.lake}/1", "data/artifact", tmp_path, reader, "http://127.0.0.1:1")

    assert raised.value.code == fault[1]
    assert [path.partition("?")[0].endswith("network.onnx") for path, _ in before.seen] == [False, True]


def certificate(folder: Path) -> Path:
    """Make a key and a certificate for this machine that only itself signs."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now, here = datetime.now(UTC), x509.IPAddress(ip_address("127.0.0.1"))
    made = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    made = made.add_extension(x509.SubjectAlternativeName([here]), critical=False)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = folder / "certificate.pem"
    path.write_bytes(secret + made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


@pytest.mark.filterwarnings("ignore:Unverified HTTPS")
def test_a_certificate_that_nobody_signed_must_be_named(mlflow_server, name, tmp_path, monkeypatch):
    registered(mlflow_server, name)
    path = certificate(tmp_path)
    with door(mlflow_server, path) as before:
        told = same_fault(before.uri, lambda registry: registry.resolve(name))
        monkeypatch.setenv("MLFLOW_TRACKING_SERVER_CERT_PATH", str(path))
        trusted = by_rest(before.uri).resolve(name)
        monkeypatch.delenv("MLFLOW_TRACKING_SERVER_CERT_PATH")
        monkeypatch.setenv("MLFLOW_TRACKING_INSECURE_TLS", "true")

        assert told["code"] == "NL-C006"
        assert trusted == by_rest(before.uri).resolve(name)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "canary"),
        ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1000"),
        ("MLFLOW_HTTP_REQUEST_TIMEOUT", "0"),
        ("MLFLOW_TRACKING_INSECURE_TLS", "canary"),
    ],
)
def test_a_variable_of_mlflow_that_is_none_is_refused_by_name(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(RefusedError, match=variable) as refusal:
        Registry("http://127.0.0.1:1").aliases("card_spending")

    assert refusal.value.code == "NL-S001"
    assert "canary" not in str(refusal.value)


def test_a_broken_file_of_credentials_is_refused_without_its_words(tmp_path):
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow/credentials").write_text("mlflow_tracking_password = canary")
    with pytest.raises(RefusedError) as refusal:
        Registry("http://127.0.0.1:1").aliases("card_spending")

    assert refusal.value.code == "NL-S001"
    assert "canary" not in str(refusal.value)


def test_credentials_do_not_show():
    told = {**client.HABITS, "MLFLOW_TRACKING_PASSWORD": "canary", "MLFLOW_TRACKING_TOKEN": "canary"}

    assert "canary" not in repr(access.read(told, Path("/nonexistent")))


@pytest.mark.parametrize(
    ("uri", "variables"),
    [
        ("sqlite:////tmp/mlflow.db", {}),
        ("https://mlflow", {"MLFLOW_TRACKING_AWS_SIGV4": "true"}),
        ("https://mlflow", {"MLFLOW_TRACKING_AUTH": "kubernetes"}),
    ],
)
def test_what_only_mlflows_client_speaks_is_left_to_it(uri, variables):
    assert not access.is_plain(uri, variables)
    assert access.is_plain("https://mlflow", {"MLFLOW_TRACKING_AWS_SIGV4": "false"})


def test_a_plug_in_for_mlflows_client_is_heeded(tmp_path, monkeypatch):
    (tmp_path / "corporate-1.dist-info").mkdir()
    declared = "[mlflow.request_header_provider]\ncorporate = corporate:Headers\n"
    (tmp_path / "corporate-1.dist-info/entry_points.txt").write_text(declared)
    (tmp_path / "corporate-1.dist-info/METADATA").write_text("Name: corporate\nVersion: 1\n")
    monkeypatch.syspath_prepend(tmp_path)

    assert not access.is_plain("https://mlflow", {})


@given(st.text(st.sampled_from("ab./\\\0\n\ud800é "), max_size=12))
def test_no_name_that_a_server_lists_leads_out_of_the_folder(tmp_path_factory, listed):
    folder = tmp_path_factory.mktemp("outer")
    target = folder / "inner"
    target.mkdir()
    with suppress(RefusedError):
        files._write(iter([(listed, [b"evil"])]), target)

    assert [path.name for path in folder.iterdir()] == ["inner"]
    assert all(path.read_bytes() == b"evil" for path in target.rglob("*") if path.is_file())
    shutil.rmtree(folder)


def test_a_server_that_lists_a_way_out_is_refused(tmp_path):
    listed = b'{"files": [{"path": "../../evil", "is_dir": false, "file_size": 4}]}'
    with answering(200, listed, "application/json") as (uri, _), pytest.raises(RefusedError) as refusal:
        files.copy("mlflow-artifacts:/1/m", "data/artifact", tmp_path, by_rest(uri)._reader, uri)

    assert refusal.value.code == "NL-C004"
    assert not list(tmp_path.iterdir())


def test_a_night_asks_its_questions_without_mlflow(mlflow_server, name, tmp_path):
    registered(mlflow_server, name)
    program = (
        "import sys, pathlib; from nightlabel.registry.models import Registry; r = Registry(sys.argv[1]);"
        "r.fetch(r.resolve(sys.argv[2]), pathlib.Path(sys.argv[3])); print(*sys.modules)"
    )
    command = [sys.executable, "-c", program, mlflow_server, name, str(tmp_path / "got")]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()

    assert not {"mlflow", "pandas", "torch", "boto3", "deltalake", "onnxruntime"} & {*loaded}
    assert [content_of(folder) for folder in (tmp_path / "got").iterdir()] == [MODEL]
