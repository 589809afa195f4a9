"""MLflow and Evidently as they are shipped: closed to strangers, and not started where told too little."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mlflow import MlflowClient
from starlette.responses import PlainTextResponse

from nightlabel.errors import RefusedError
from nightlabel.registry.models import Registry
from nightlabel.registry.rest import PROXY
from servers import evidently_ui, mlflow_server
from servers.signin import HEALTH, SignIn
from tests.conftest import free_port, wait_for
from tests.security.wire import Login, ask, basic

pytestmark = pytest.mark.timeout(900)

ROOT = Path(__file__).parents[2]
ADMIN, TRAINER, LABELLER = [(name, f"password of {name}") for name in ("admin", "trainer", "labeller")]
ANN = ("ann", "pässword:1")
HOST = "drift.example:8000"
MLFLOW = {
    "MLFLOW_AUTH_ADMIN_PASSWORD": ADMIN[1],
    "MLFLOW_FLASK_SERVER_SECRET_KEY": "k" * 32,
    "MLFLOW_SERVER_ALLOWED_HOSTS": "mlflow.example:5000",
    "MLFLOW_AUTH_DATABASE_URI": "sqlite:///accounts.db",
    "MLFLOW_AUTH_CONFIG_PATH": "sign-in.ini",
}
EVIDENTLY = {
    "DRIFT_UI_WORKSPACE": "workspace",
    "DRIFT_UI_PASSWORD": "password of ann",
    "DRIFT_UI_ALLOWED_HOSTS": HOST,
}
SERVERS = {"mlflow_server": MLFLOW, "evidently_ui": EVIDENTLY}


def start(server: str, folder: Path, told: dict[str, str], **more) -> subprocess.Popen:
    environment = {name: os.environ[name] for name in ("PATH", "HOME")}
    environment |= {"PYTHONPATH": str(ROOT), "MLFLOW_WORKERS": "1", **told}
    command = [sys.executable, "-m", f"servers.{server}"]
    return subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True, **more)


@dataclass(frozen=True)
class Server:
    """MLflow with its sign-in, an administrator, a trainer who registered a model, and a labeller."""

    url: str

    def ask(self, path: str, method: str = "GET", **more):
        return ask(self.url + path, method, **more)


@pytest.fixture(scope="module")
def mlflow(tmp_path_factory):
    folder, port = tmp_path_factory.mktemp("mlflow"), free_port()
    told = MLFLOW | {
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"127.0.0.1:{port}",
        "MLFLOW_HOST": "127.0.0.1",
        "MLFLOW_PORT": str(port),
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_ARTIFACTS_DESTINATION": str(folder / "artifacts"),
        "MLFLOW_AUTH_DATABASE_URI": f"sqlite:///{folder}/100%25.db",
    }
    with (folder / "log").open("wb") as log:
        server = start("mlflow_server", folder, told, stdout=log, stderr=log)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", seconds=180)
        yield Server(f"http://127.0.0.1:{port}")
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def sign_in(patch: pytest.MonkeyPatch, login: Login) -> None:
    for variable, word in zip(("USERNAME", "PASSWORD"), login, strict=True):
        patch.setenv(f"MLFLOW_TRACKING_{variable}", word)
    patch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    patch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")


@pytest.fixture(scope="module")
def model(mlflow) -> str:
    """Make the accounts, and let the trainer register a model; gives the path of its one file."""
    for user, password in (TRAINER, LABELLER):
        account = {"username": user, "password": password}
        made = mlflow.ask("/api/2.0/mlflow/users/create", "POST", body=account, login=ADMIN)
        assert made.status == HTTPStatus.OK
    with pytest.MonkeyPatch.context() as patch:
        sign_in(patch, TRAINER)
        client = MlflowClient(mlflow.url)
        run = client.create_run(client.create_experiment("cards")).info
        client.log_text(run.run_id, "weights", "model/network.onnx")
        client.create_registered_model("cards")
        client.create_model_version("cards", f"{run.artifact_uri}/model", run.run_id)
        client.set_registered_model_alias("cards", "champion", "1")
    return f"{run.artifact_uri.removeprefix('mlflow-artifacts:/')}/model/network.onnx"


@pytest.mark.parametrize("login", [None, ("labeller", "wrong"), ("nobody", "password of nobody")])
def test_a_night_without_the_right_password_is_told_that_it_may_not(mlflow, model, monkeypatch, login):
    sign_in(monkeypatch, login or ("", ""))

    with pytest.raises(RefusedError) as refusal:
        Registry(mlflow.url).aliases("cards")

    assert refusal.value.code == "NL-C008"
    assert mlflow.ask(f"{PROXY}/{model}", login=login).status == HTTPStatus.UNAUTHORIZED


def test_a_labelling_account_reads_the_champion_and_its_files(mlflow, model, monkeypatch):
    sign_in(monkeypatch, LABELLER)

    assert Registry(mlflow.url).aliases("cards") == {"champion": "1"}
    assert mlflow.ask(f"{PROXY}/{model}", login=LABELLER).body == b"weights"


def test_a_labelling_account_changes_nothing(mlflow, model):
    base, champion = "/api/2.0/mlflow", {"name": "cards", "alias": "champion", "version": "1"}
    tried = [
        mlflow.ask(f"{base}/registered-models/alias", "POST", body=champion, login=LABELLER),
        mlflow.ask(f"{base}/registered-models/alias", "DELETE", body=champion, login=LABELLER),
        mlflow.ask(f"{base}/registered-models/delete", "DELETE", body=champion, login=LABELLER),
        mlflow.ask(
            f"{base}/model-versions/set-tag", "POST", body={**champion, "key": "sha256"}, login=LABELLER
        ),
        mlflow.ask(
            f"{base}/users/update-admin",
            "PATCH",
            body={"username": "labeller", "is_admin": True},
            login=LABELLER,
        ),
        mlflow.ask(f"{PROXY}/{model}", "PUT", body=b"evil", login=LABELLER),
        mlflow.ask(f"{PROXY}/{model}", "DELETE", login=LABELLER),
        mlflow.ask(f"{PROXY}/models/evil", "PUT", body=b"evil", login=LABELLER),
    ]

    assert [answer.status for answer in tried] == [HTTPStatus.FORBIDDEN] * len(tried)
    assert mlflow.ask(f"{PROXY}/{model}", login=LABELLER).body == b"weights"


def test_only_an_administrator_makes_accounts(mlflow, model):
    account = {"username": "eve", "password": "password of eve"}

    for login, status in ((None, HTTPStatus.UNAUTHORIZED), (LABELLER, HTTPStatus.FORBIDDEN)):
        for path in ("create", "create-ui"):
            made = mlflow.ask(f"/api/2.0/mlflow/users/{path}", "POST", body=account, login=login)
            assert made.status in {status, HTTPStatus.BAD_REQUEST}
    assert (
        mlflow.ask("/version", login=(account["username"], account["password"])).status
        == HTTPStatus.UNAUTHORIZED
    )


TOO_LITTLE = [
    *((server, name, "") for server, told in SERVERS.items() for name in told),
    ("mlflow_server", "MLFLOW_AUTH_ADMIN_PASSWORD", "elevenchars"),
    ("mlflow_server", "MLFLOW_FLASK_SERVER_SECRET_KEY", "k" * 31),
    *(("mlflow_server", "MLFLOW_SERVER_ALLOWED_HOSTS", hosts) for hosts in ("*", "mlflow:*,x", "10.*", ",")),
    ("mlflow_server", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "*"),
    ("mlflow_server", "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "true"),
    ("mlflow_server", "MLFLOW_BASIC_AUTH_FAIL_CLOSED", "false"),
    ("mlflow_server", "MLFLOW_AUTH_DEFAULT_PERMISSION", "MANAGE"),
    ("evidently_ui", "DRIFT_UI_PASSWORD", "elevenchars"),
    ("evidently_ui", "DRIFT_UI_ALLOWED_HOSTS", "*"),
    ("evidently_ui", "DRIFT_UI_USER", "a:b"),
]


@pytest.mark.parametrize(("server", "name", "value"), TOO_LITTLE)
def test_a_server_that_is_told_too_little_does_not_start(tmp_path, server, name, value):
    process = start(server, tmp_path, SERVERS[server] | {name: value}, stderr=subprocess.PIPE, text=True)

    said = process.communicate(timeout=240)[1]

    assert process.returncode == 64
    assert name in said
    assert "servers/README.md" in said
    assert len(said.splitlines()) == 1
    assert "elevenchars" not in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("told", [mlflow_server.Told, evidently_ui.Told])
def test_every_variable_of_a_server_is_in_its_description_or_cannot_be_set_otherwise(told):
    described = (ROOT / "servers" / "README.md").read_text()
    fixed = ("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "MLFLOW_BASIC_AUTH_FAIL_CLOSED")
    names = {field.alias for field in told.model_fields.values()}

    assert {name for name in names if f"`{name}`" not in described} <= set(fixed)


@dataclass(frozen=True)
class Heard:
    """What the door said, and whether the application behind it was reached."""

    status: int
    body: bytes
    reached: bool


def knock(method="GET", path="/", *headers: tuple[str, str], hosts=(HOST,), kind="http") -> Heard:
    """Ask the door as a server does."""
    said, reached = [], []

    async def application(scope, receive, send):
        reached.append(scope)
        await PlainTextResponse("inside")(scope, receive, send)

    async def send(message):
        said.append(message)

    given = [*(("Host", host) for host in hosts), *headers]
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in given]
    scope = {"type": kind, "method": method, "path": path, "headers": raw, "query_string": b""}
    asyncio.run(SignIn(application, user=ANN[0], password=ANN[1], hosts=[HOST])(scope, None, send))
    return Heard(said[0].get("status", said[0].get("code")), said[-1].get("body", b""), bool(reached))


RIGHT = basic(ANN)["Authorization"]
CLOSED = Heard(401, b"Sign in first.", reached=False)
HEADER = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=40)


@given(
    HEADER
    | HEADER.map("Basic {}".format)
    | st.sampled_from([RIGHT[:-1], RIGHT + "=", RIGHT[6:], "", "Basic"])
)
def test_no_text_but_the_right_one_opens_the_door(text):
    assert knock("GET", "/", ("Authorization", text)) == CLOSED


@pytest.mark.parametrize("scheme", ["Basic", "basic", "BASIC"])
def test_the_right_one_opens_it_however_the_scheme_is_written(scheme):
    told = ("Authorization", f"{scheme} {RIGHT.split()[1]}")

    assert knock("GET", "/x", told) == Heard(200, b"inside", reached=True)


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_no_method_goes_round_the_door(method):
    assert knock(method) == CLOSED


@pytest.mark.parametrize(
    "path", ["//health", "/health/", "/health/../api", "/x/health", "/HEALTH", "/%2e/health"]
)
def test_only_the_health_of_the_server_is_told_to_all(path):
    assert knock("GET", path) == CLOSED
    assert knock("GET", HEALTH, hosts=["10.0.0.7:8000"]) == Heard(200, b"OK", reached=False)


def test_a_websocket_is_refused_even_with_the_password():
    assert knock("GET", "/", ("Authorization", RIGHT), kind="websocket") == Heard(1008, b"", reached=False)


@pytest.mark.parametrize(
    "origin", [f"http://{HOST}.evil.example", "null", "http://drift.example", f"ftp://{HOST}", "http://["]
)
def test_only_its_own_pages_ask_for_a_person(origin):
    told = ("Authorization", RIGHT)

    assert (knock("POST", "/", told, ("Origin", origin)).status, knock("POST", "/", told).status) == (
        403,
        200,
    )
    for own in (f"http://{HOST}", f"https://{HOST}"):
        assert knock("POST", "/", told, ("Origin", own)).reached
        assert not knock("POST", "/", told, ("Origin", own), ("Origin", origin)).reached


@pytest.mark.parametrize(
    "hosts", [(), ("evil.example",), (HOST, "evil.example"), (HOST, HOST), ("drift.example",)]
)
def test_a_host_that_is_not_its_own_is_not_served(hosts):
    assert knock("GET", "/", ("Authorization", RIGHT), hosts=hosts).status == HTTPStatus.FORBIDDEN
