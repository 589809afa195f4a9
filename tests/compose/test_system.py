"""The whole system in containers: an experiment and a night through Airflow's API, and data that stay.

Docker Compose, SeaweedFS, PostgreSQL, Airflow, MLflow and Evidently are real; only the images of others are
built here from packages. It takes some minutes: make slow.
"""

import json
import os
import tempfile
import time
import urllib.error
import urllib.request
import warnings
from base64 import b64encode
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from playwright.sync_api import expect, sync_playwright

from demo.data import USECASE, Delivered, deliver, read
from demo.rest import FINAL, Airflow
from nightlabel.settings import Settings
from nightlabel.store import Store, open_lake
from tests.browser.conftest import CHROMIUM, FLAGS, PATIENCE
from tests.compose.system import System, system
from tests.compose.tools import MissingToolError, docker_compose, networks_are_possible
from tests.containers import NoEngineError, engine

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

EXPERIMENT, NIGHTLY = f"experiment__{USECASE}", f"nightly__{USECASE}"
USER, RUN = "admin", "in-containers"
RUN_SECONDS = 900
DOORS = {"airflow": "/api/v2/dags", "mlflow": "/api/2.0/mlflow/registered-models/search", "evidently": "/"}
"""What only a person with a password may see, by UI."""


@dataclass(frozen=True)
class World:
    """The running system, its lake as a person reaches it from this machine, and what was delivered there."""

    system: System
    lake: Store
    airflow: Airflow
    delivered: Delivered

    def run(self, dag_id: str, conf: dict) -> None:
        """Start a run, and wait until it ends well."""
        self.airflow.start(dag_id, RUN, conf)
        end = time.monotonic() + RUN_SECONDS
        while (state := self.airflow.state(dag_id, RUN)) not in FINAL:
            assert time.monotonic() < end, self.system.logs("airflow-scheduler")
            time.sleep(1)
        tasks = {task["task_id"]: task["state"] for task in self.airflow.tasks(dag_id, RUN)}
        assert state == "success", f"{tasks}\n{self.system.logs('airflow-scheduler')}"

    def said(self, *words: str, service: str = "airflow-scheduler"):
        """Give what a command of nightlabel says in a service, in JSON."""
        done = self.system.inside("nightlabel", *words, "--json", service=service)
        assert not done.returncode, done.stdout + done.stderr
        return json.loads(done.stdout)


def status(url: str, login: str = "") -> int:
    """Give the status of an answer, without or with ``user:password``."""
    request = urllib.request.Request(url)
    if login:
        request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code


@pytest.fixture(scope="module")
def world():
    """Start everything, and deliver look-alike data by the account that people have."""
    try:
        engine(), networks_are_possible(), docker_compose()
    except (NoEngineError, MissingToolError) as error:
        warnings.warn(f"the system in containers was NOT started: {error}", stacklevel=1)
        pytest.skip(str(error))
    with (
        tempfile.TemporaryDirectory(prefix="nl-") as folder,
        pytest.MonkeyPatch.context() as patch,
        system(Path(folder)) as place,
    ):
        place.up()
        patch.setenv("AWS_ACCESS_KEY_ID", "nightlabel-people")
        patch.setenv("AWS_SECRET_ACCESS_KEY", place.secrets["store_people"])
        lake = open_lake(Settings(lake="s3://lake", s3_endpoint=place.url("store")))
        airflow = Airflow(place.url("airflow"), USER, place.secrets["airflow"])
        yield World(place, lake, airflow, deliver(lake, read(None)))


@pytest.fixture(scope="module")
def champion(world) -> str:
    """Run an experiment by Airflow's API, and say yes to its proposal; gives what was said."""
    world.run(EXPERIMENT, {"data": world.delivered.data, "candidates": ["baseline"]})
    done = world.system.inside("python", "-m", "compose.decide", USECASE, "ann")
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def night(world, champion) -> str:
    """Label a night by Airflow's API; gives its date."""
    world.run(NIGHTLY, {"date": world.delivered.night})
    return world.delivered.night


@pytest.mark.parametrize("ui", DOORS)
def test_nobody_gets_in_without_the_password_that_was_made(world, ui):
    door = world.system.url(ui) + DOORS[ui]

    assert status(door) == HTTPStatus.UNAUTHORIZED
    assert status(door, f"{USER}:{USER}") == HTTPStatus.UNAUTHORIZED
    if ui != "airflow":  # it is asked for a token instead, as all runs below do
        assert status(door, f"{USER}:{world.system.secrets[ui]}") == HTTPStatus.OK


def test_the_store_answers_nobody_without_a_key(world):
    assert status(f"{world.system.url('store')}/lake") == HTTPStatus.FORBIDDEN


def test_an_account_of_the_store_reaches_its_own_bucket_alone(world):
    def account(who):
        secret = world.system.secrets[f"store_{who}"]
        login = {"aws_access_key_id": f"nightlabel-{who}", "aws_secret_access_key": secret}
        return boto3.client("s3", endpoint_url=world.system.url("store"), region_name="us-east-1", **login)

    refused = {
        "mlflow": lambda: account("mlflow").list_objects_v2(Bucket="lake"),
        "steps": lambda: account("steps").list_objects_v2(Bucket="mlflow"),
        "reader": lambda: account("reader").put_object(Bucket="lake", Key="door", Body=b""),
    }

    assert account("reader").list_objects_v2(Bucket="lake")["KeyCount"]
    for ask in refused.values():
        with pytest.raises(ClientError, match="AccessDenied"):
            ask()


def test_a_role_of_the_database_reaches_its_own_database_alone(world):
    secret = world.system.secrets["postgres_mlflow"]
    asked = "import psycopg2, sys; psycopg2.connect(sys.argv[1])"

    reached = {
        name: world.system.inside("python", "-c", asked, f"postgresql://mlflow:{secret}@postgres/{name}")
        for name in ("mlflow", "airflow")
    }

    assert not reached["mlflow"].returncode, reached["mlflow"].stderr
    assert "permission denied for database" in reached["airflow"].stderr


def test_the_database_is_not_reached_from_outside(world):
    assert [one["Ports"] for one in world.system.containers() if "postgres" in one["Names"][0]] == [None]


def test_the_limits_of_the_file_hold_for_every_container(world):
    for one in world.system.containers():
        told = world.system.ask(f"containers/{one['Id']}/json")["HostConfig"]
        assert all(told[limit] for limit in ("Memory", "NanoCpus", "PidsLimit")), one["Names"]
        assert (told["ReadonlyRootfs"], told["Privileged"]) == (True, False), one["Names"]


def test_the_doctor_finds_the_place_fit_for_a_night(world):
    findings = world.said("doctor")["findings"]

    assert {one["found"] for one in findings if not one["ok"]} == set()
    assert any("of 8 who create an object at once, one does" in one["found"] for one in findings)


def test_a_person_makes_the_winner_of_an_experiment_champion(world, champion):
    assert "ann said yes: merged as" in champion
    assert aliases(world)["champion"] == "1"


def test_every_record_of_the_night_is_accounted_for(world, night):
    found = world.said("verify", night, "--usecase", USECASE)

    assert found["ok"], found
    assert (
        found["records"] == found["labelled"] + sum(found["quarantined"].values()) == world.delivered.records
    )


def test_the_three_uis_show_it(world, night, tmp_path):
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}: apt-get install chromium")
    folder = Path(os.environ.get("PICTURES") or tmp_path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for ui in DOORS:
            login = {"username": USER, "password": world.system.secrets[ui]}
            page = browser.new_page(viewport={"width": 1400, "height": 900}, http_credentials=login)
            page.set_default_timeout(PATIENCE)
            SHOWN[ui](page, world, login)
            page.screenshot(path=folder / f"compose-{ui}.png")
        browser.close()


def test_all_that_was_done_survives_down_and_up(world, night):
    before = standing(world, night)
    world.system.down()
    assert world.system.containers() == []

    world.system.up()

    assert standing(world, night) == before
    assert [*before["runs"].values()] == ["success", "success"]


def standing(world, date) -> dict:
    """Give what each service keeps, as it says itself."""
    log = f"/api/v2/dags/{NIGHTLY}/dagRuns/{RUN}/taskInstances/publish/logs/1"
    return {
        "runs": {dag: world.airflow.state(dag, RUN) for dag in (EXPERIMENT, NIGHTLY)},
        "log": world.airflow._call("GET", log)["content"],
        "accounts": world.said("verify", date, "--usecase", USECASE),
        "aliases": aliases(world),
        "drift": [one["name"] for one in get(world, "evidently", "/api/projects")],
        "yes": world.system.inside("git", "-C", "/var/lib/nightlabel/forge.git", "log", "--format=%H").stdout,
    }


def aliases(world) -> dict:
    """Give the aliases of the model, by MLflow's own API."""
    found = get(world, "mlflow", f"/api/2.0/mlflow/registered-models/get?name={USECASE}")["registered_model"]
    return {one["alias"]: one["version"] for one in found["aliases"]}


def get(world, ui, path):
    request = urllib.request.Request(world.system.url(ui) + path)
    login = f"{USER}:{world.system.secrets[ui]}"
    request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _airflow(page, world, login):
    page.goto(f"{world.system.url('airflow')}/dags/{EXPERIMENT}/runs/{RUN}")
    page.fill("input[name=username]", login["username"])
    page.fill("input[name=password]", login["password"])
    page.click("button[type=submit]")
    expect(page.get_by_text("propose").first).to_be_visible(timeout=PATIENCE)


def _mlflow(page, world, login):
    page.goto(f"{world.system.url('mlflow')}/#/models/{USECASE}")
    expect(page.get_by_text("champion").first).to_be_visible(timeout=PATIENCE)


def _evidently(page, world, login):
    page.goto(world.system.url("evidently"))
    page.get_by_role("link", name=USECASE).click()
    expect(page.get_by_text("Drift over the nights")).to_be_visible(timeout=PATIENCE)


SHOWN = {"airflow": _airflow, "mlflow": _mlflow, "evidently": _evidently}
