"""Airflow, MLflow and Evidently as the demo starts them: nobody is answered who does not sign in."""

import json
import subprocess
import sys
from dataclasses import asdict
from http import HTTPStatus

import psutil
import pytest

from demo.keys import Keys, keys
from demo.place import ROOT, mlflow_environment, passwords
from nightlabel.registry.rest import PROXY
from tests.processes import seen
from tests.security.laptop import (
    DAGS,
    HOSTILE_FORMS,
    NIGHTLY,
    UIS,
    Laptop,
    filled,
    holding,
    kept,
    mode,
    running,
)
from tests.security.wire import ask

pytestmark = pytest.mark.timeout(900)

DEFAULTS = [("admin", "admin"), ("airflow", "airflow"), ("admin", "password"), ("admin", "password1234")]
DEFAULTS += [("admin", ""), ("", ""), ("root", "root"), ("evidently", "evidently")]
REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
FOREIGN_HOSTS = ("evil.example", "10.0.0.1:5000", "192.168.1.7", "169.254.169.254", "127.0.0.1.nip.io", "")


FOREIGN_PAGES = (
    "https://evil.example",
    "http://10.0.0.1",
    "null",
    "http://127.0.0.1:1",
    "http://localhost:3000",
)
PATHS = {"mlflow": "/api/2.0/mlflow/experiments/get?experiment_id=0", "evidently": "/api/projects"}
"""What a page would read first."""


@pytest.fixture(scope="module")
def laptop(tmp_path_factory) -> Laptop:
    with running(tmp_path_factory.mktemp("shipped") / "home") as made:
        yield made


@pytest.fixture(scope="module")
def token(laptop) -> str:
    """A token of Airflow for the demo's user."""
    user, password = laptop.login("airflow")
    asked = {"username": user, "password": password}
    answer = ask(f"{laptop.url('airflow')}/auth/token", "POST", body=asked)
    assert answer.status == HTTPStatus.CREATED
    return answer.json["access_token"]


def listening(laptop, ui: str):
    opened = seen(laptop.programs(ui), lambda program: program.net_connections("tcp"))
    return [at for _, sockets in opened for at in sockets if at.status == psutil.CONN_LISTEN]


def in_airflow(laptop, path: str, token: str, **more):
    return ask(f"{laptop.url('airflow')}{path}", Authorization=f"Bearer {token}", **more)


def started(laptop, token, dag: str, asked: dict):
    """Ask for a run, as the form does; the DAG is paused, so that none would begin."""
    body = {"logical_date": None, **asked}
    return in_airflow(laptop, f"/api/v2/dags/{dag}/dagRuns", token, method="POST", body=body)


def test_no_process_listens_anywhere_but_on_the_loopback_address(laptop):
    heard = {ui: {(at.laddr.ip, at.laddr.port) for at in listening(laptop, ui)} for ui in UIS}

    ports = laptop.place.ports
    assert {ip for ui in UIS for ip, _ in heard[ui]} == {"127.0.0.1"}
    assert all(("127.0.0.1", getattr(ports, ui)) in heard[ui] for ui in UIS)


def test_no_service_knows_the_secrets_of_another(laptop):
    held = asdict(passwords(laptop.place))
    own = {"mlflow": {"mlflow", "mlflow_secret"}, "evidently": {"evidently"}}

    for ui, names in own.items():
        others = [secret for name, secret in held.items() if name not in names]
        assert holding(others, laptop.programs(ui)) == {}
    assert holding([held["mlflow_secret"], held["evidently"]], laptop.programs("airflow")) == {}
    assert holding([held["fernet"]], laptop.programs("airflow"))  # and it would be seen


def test_no_secret_is_an_argument_or_in_a_log(laptop):
    held = asdict(passwords(laptop.place)).values()
    programs = [program for ui in UIS for program in laptop.programs(ui)]
    words = [word for _, line in seen(programs, psutil.Process.cmdline) for word in line]
    logs = [(path, said) for path, _, said in kept(laptop.place.home) if said and path.suffix == ".log"]

    assert logs
    assert not [word for word in words if any(secret in word for secret in held)]
    assert not [path for path, said in logs if any(secret.encode() in said for secret in held)]


def test_files_with_secrets_are_read_by_nobody_else(laptop):
    home, airflow = laptop.place.home, laptop.place.airflow_home
    held = [secret.encode() for secret in asdict(passwords(laptop.place)).values()]
    with_secrets = {path: rights for path, rights, data in kept(home) if any(s in data for s in held)}

    assert {airflow / "keys.json", airflow / "passwords.json"} <= set(with_secrets)
    assert {path: oct(rights) for path, rights in with_secrets.items() if rights != 0o600} == {}
    assert mode(home / "mlflow-accounts.db") == mode(home / "mlflow-sign-in.ini") == 0o600
    assert mode(home) == 0o700


def test_two_laptops_share_no_secret_and_a_second_start_keeps_them(laptop, tmp_path):
    here, there = asdict(passwords(laptop.place)), asdict(keys(tmp_path))

    assert not set(here.values()) & set(there.values())
    assert len(set(here.values())) == len(here)
    assert min(map(len, here.values())) >= 16
    assert asdict(keys(tmp_path)) == there
    assert not [secret for secret in there.values() if secret in repr(keys(tmp_path))]


def test_a_laptop_of_an_earlier_version_keeps_its_keys_and_gets_the_new_ones(tmp_path):
    old = {"fernet": "f", "jwt": "j", "secret": "s", "password": "p"}
    (tmp_path / "keys.json").write_text(json.dumps(old))

    found = asdict(keys(tmp_path))

    assert {name: found[name] for name in old} == old
    assert json.loads((tmp_path / "keys.json").read_text()) == found
    assert mode(tmp_path / "keys.json") == 0o600
    assert set(found) == set(asdict(Keys()))


@pytest.mark.parametrize("login", DEFAULTS, ids=":".join)
def test_no_default_password_opens_a_ui(laptop, login):
    told = dict(zip(("username", "password"), login, strict=True))
    by_form = ask(f"{laptop.url('airflow')}/auth/token", "POST", body=told)
    others = [ask(f"{laptop.url(ui)}/", login=login) for ui in ("mlflow", "evidently")]

    assert by_form.status == (HTTPStatus.UNAUTHORIZED if all(login) else HTTPStatus.BAD_REQUEST)
    assert [answer.status for answer in others] == [HTTPStatus.UNAUTHORIZED] * 2


def test_airflow_answers_no_question_without_a_token(laptop):
    url = laptop.url("airflow")
    routes = [(m.upper(), p) for p, of in ask(f"{url}/openapi.json").json["paths"].items() for m in of]
    found = {(m, p): ask(url + filled(p), m, body=None if m == "GET" else {}).status for m, p in routes}

    open_to_all = {path for (_, path), status in found.items() if status not in REFUSED}
    assert len(found) > 100
    assert open_to_all <= {
        f"/api/v2/{name}" for name in ("monitor/health", "version", "auth/login", "auth/logout")
    }
    assert ask(f"{url}/api/v2/dags", Authorization="Bearer eyJhbGciOiJub25lIn0.e30.").status in REFUSED
    assert ask(f"{url}/execution/variables/x").status in REFUSED


def test_airflow_shows_its_configuration_to_nobody(laptop, token):
    assert in_airflow(laptop, "/api/v2/dags", token).status == HTTPStatus.OK
    for path in ("/api/v2/config", "/api/v2/config/section/core/option/fernet_key"):
        assert in_airflow(laptop, path, token).status == HTTPStatus.FORBIDDEN


def test_airflow_has_no_example_and_no_connection(laptop, token):
    dags = {dag["dag_id"] for dag in in_airflow(laptop, "/api/v2/dags", token).json["dags"]}

    assert dags == DAGS
    assert in_airflow(laptop, "/api/v2/connections", token).json["total_entries"] == 0


def test_a_page_of_another_site_reads_nothing_of_airflow(laptop, token):
    answer = in_airflow(laptop, "/api/v2/dags", token, Origin="https://evil.example")

    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_mlflow_answers_no_route_but_three_without_a_sign_in(laptop):
    told = mlflow_environment(laptop.place) | {"_MLFLOW_SGI_NAME": "uvicorn", "MLFLOW_BACKEND_STORE_URI": ""}
    listed = subprocess.run(
        [sys.executable, ROOT / "tests/security/routes.py"], env=told, capture_output=True, check=True
    )
    routes = [tuple(route) for route in json.loads(listed.stdout)]
    found = {(m, p): ask(laptop.url("mlflow") + filled(p), m, body={}).status for m, p in routes}

    open_to_all = {path for (_, path), status in found.items() if status not in REFUSED}
    public = {"/health", "/static-files/<path:path>"}
    assert len(found) > 500
    assert open_to_all == public | {f"/{api}/3.0/mlflow/server-info" for api in ("api", "ajax-api")}


def test_what_mlflow_tells_everybody_names_no_place_and_no_secret(laptop):
    told = ask(f"{laptop.url('mlflow')}/api/3.0/mlflow/server-info").body.decode()

    assert str(laptop.place.home) not in told
    assert not [secret for secret in asdict(passwords(laptop.place)).values() if secret in told]


@pytest.mark.parametrize("path", ["/", "/api/2.0/mlflow/experiments/search?max_results=1", "/version"])
def test_mlflow_answers_who_signs_in_and_nobody_else(laptop, path):
    url, (user, password) = laptop.url("mlflow") + path, laptop.login("mlflow")
    strangers = [
        None,
        (user, password + "x"),
        (user, password[:-1]),
        ("ann", password),
        laptop.login("airflow"),
    ]

    assert {ask(url, login=login).status for login in strangers} == {HTTPStatus.UNAUTHORIZED}
    assert ask(url, login=(user, password)).status == HTTPStatus.OK


def test_artifacts_are_neither_written_nor_read_without_a_sign_in(laptop):
    url, login = (
        f"{laptop.url('mlflow')}{PROXY}/0/x/a.txt",
        laptop.login("mlflow"),
    )

    assert ask(url, "PUT", body=b"evil").status == HTTPStatus.UNAUTHORIZED
    assert ask(url, "PUT", body=b"good", login=login).status == HTTPStatus.OK
    for method in ("GET", "DELETE"):
        assert ask(url, method).status == HTTPStatus.UNAUTHORIZED
    assert ask(url, login=login).body == b"good"


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
@pytest.mark.parametrize("ui", ["mlflow", "evidently"])
def test_a_foreign_host_is_refused_even_with_the_password(laptop, ui, host):
    assert ask(f"{laptop.url(ui)}/", login=laptop.login(ui), Host=host).status == HTTPStatus.FORBIDDEN
    for own in ("127.0.0.1", "localhost"):
        named = f"{own}:{getattr(laptop.place.ports, ui)}"
        assert ask(f"{laptop.url(ui)}/", login=laptop.login(ui), Host=named).status == HTTPStatus.OK


@pytest.mark.parametrize("origin", FOREIGN_PAGES)
def test_a_page_of_another_site_reads_and_writes_nothing(laptop, origin):
    for ui, path in PATHS.items():
        url, login = laptop.url(ui) + path, laptop.login(ui)
        tried = [ask(url, login=login, Origin=origin), ask(url, "POST", body={}, login=login, Origin=origin)]

        assert [answer.status for answer in tried] == [HTTPStatus.FORBIDDEN] * 2
        assert ask(url, login=login, Origin=laptop.url(ui)).status == HTTPStatus.OK


def test_a_page_of_another_site_reads_and_writes_no_artifact(laptop):
    url, login = f"{laptop.url('mlflow')}{PROXY}/0/page/a.txt", laptop.login("mlflow")
    ask(url, "PUT", body=b"good", login=login)

    for origin in FOREIGN_PAGES:
        assert ask(url, "PUT", body=b"evil", login=login, Origin=origin).status == HTTPStatus.FORBIDDEN
        assert ask(url, login=login, Origin=origin).status == HTTPStatus.FORBIDDEN
    assert ask(url, login=login, Origin=laptop.url("mlflow")).body == b"good"


@pytest.mark.parametrize("ui", ["mlflow", "evidently"])
def test_no_other_site_shows_a_ui_in_a_frame(laptop, ui):
    found = ask(f"{laptop.url(ui)}/", login=laptop.login(ui)).headers

    assert (found["x-frame-options"], found["x-content-type-options"]) == ("SAMEORIGIN", "nosniff")


def test_evidently_answers_no_route_without_a_sign_in(laptop):
    url, login = laptop.url("evidently"), laptop.login("evidently")
    described = ask(f"{url}/schema/openapi.json", login=login).json["paths"]
    routes = [(m.upper(), p) for p, of in described.items() for m in of] + [
        ("GET", "/"),
        ("HEAD", "/static/x"),
    ]
    found = {(m, p): ask(url + filled(p), m, body={}).status for m, p in routes}

    assert len(found) > 40
    assert set(found.values()) == {HTTPStatus.UNAUTHORIZED}
    assert ask(f"{url}/api/projects", login=login).status == HTTPStatus.OK
    assert {ask(url, login=(login[0], word)).status for word in ("x", login[1] + "x")} == {
        HTTPStatus.UNAUTHORIZED
    }
    assert ask(f"{url}/health").body == b"OK"


@pytest.mark.parametrize(("dag", "conf"), HOSTILE_FORMS)
def test_airflow_takes_no_run_whose_form_is_not_what_it_asks_for(laptop, token, dag, conf):
    answer = started(laptop, token, dag, {"conf": conf})

    assert answer.status == HTTPStatus.BAD_REQUEST, answer.body


@pytest.mark.parametrize("run", ["../../etc", "a/b", "{{ 7 * 7 }}", "$(touch x)", "a\nb", "..%2f"])
def test_airflow_takes_no_run_id_that_is_a_path_a_template_or_a_command(laptop, token, run):
    answer = started(laptop, token, NIGHTLY, {"dag_run_id": run})

    assert answer.status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}, answer.body
