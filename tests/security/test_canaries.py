"""What a place keeps secret, and what it knows of clients, is in nothing that it tells."""

import io
import json
import logging
import subprocess
import sys
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from nightlabel import catalog, log
from nightlabel.errors import NightlabelError, QuarantineError
from nightlabel.gate import judge, parts
from nightlabel.monitor.metrics import OUTCOMES, STEPS, Tags
from nightlabel.propose.report import render
from nightlabel.registry import client
from nightlabel.registry.rest import Rest
from nightlabel.settings import Settings
from nightlabel.steps import experiment, folder, health, people, tables, whole
from nightlabel.store import open_lake, open_uri
from nightlabel.usecases.card_spending import lookalike
from nightlabel.validate import check
from tests.gate import world
from tests.propose import conftest as ground
from tests.propose import samples
from tests.propose.conftest import changed
from tests.registry.stub import answering
from tests.security.conftest import CLIENT, DATE, FAULTY, GOOD, HEADER, OTHERS, SECRET, USECASE

pytestmark = pytest.mark.timeout(900)

team = ground.team
PATIENCE = 240


def objects() -> dict[str, str]:
    """Give all objects of the lake but the inbox, Parquet files as the text of all that is in them."""
    lake, found = open_lake(), {}
    for entry in lake.list():
        if "/inbox/" not in entry.key:
            data = lake.get(entry.key)
            found[entry.key] = _text(data) if data[:4] == b"PAR1" else data.decode("utf-8", "replace")
    return found


def _text(parquet: bytes) -> str:
    file = pq.ParquetFile(io.BytesIO(parquet))
    return f"{file.read().to_pylist()}{file.metadata.metadata}{file.metadata.to_dict()}"


def shown(result) -> str:
    """Give what a person sees of a result."""
    console = Console(file=io.StringIO(), width=400)
    console.print(result)
    return console.file.getvalue()


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "plain"])
def test_a_night_tells_no_secret_and_no_client(place, agent, capfd, caplog, as_json):
    log.configure(json=as_json)
    with caplog.at_level(logging.DEBUG):
        result = whole.night(USECASE, DATE, "night")
    heard = agent.lines()
    said = {
        "stderr": "".join(capfd.readouterr()),
        "logs of libraries": caplog.text,
        "metrics": "\n".join(heard),
        "result": json.dumps(result, default=str),
        "table for people": shown(tables.night(result)),
        "quarantine": shown(tables.quarantine(people.quarantine(USECASE, DATE))),
        "accounting": shown(tables.accounting(people.verify(USECASE, DATE))),
    }
    kept = objects()

    assert result["outcome"] == "committed"
    assert result["labelled"] + sum(result["quarantined"].values()) == 1 + len(FAULTY) + OTHERS
    assert result["drift"]["status"] in {"stable", "drifted"}
    assert len(heard) > 10
    assert any(key.endswith(".parquet") for key in kept)
    assert {"receipts", "drift"} <= {part for key in kept for part in key.split("/")}
    assert [where for where, text in (said | kept).items() if SECRET in text] == []
    assert [where for where, text in (said | kept).items() for client in CLIENT if client in text] == []


def command(place, *words, **changed) -> subprocess.CompletedProcess[str]:
    """Run one command of the command line in a process of its own."""
    program = [sys.executable, "-c", "from nightlabel.cli import main; main()", *words]
    environment = place.variables | changed
    return subprocess.run(
        program, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def nowhere(scheme: str = "http", path: str = "") -> str:
    return f"{scheme}://ann:{SECRET}-uri@127.0.0.1:9{path}"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"NIGHTLABEL_TRACKING_URI": nowhere()}, "NL-C006"),
        ({"NIGHTLABEL_TRACKING_URI": nowhere("postgresql", "/mlflow")}, "NL-C010"),
        ({"NIGHTLABEL_TRACKING_URI": nowhere("gopher")}, "NL-S001"),
        ({"NIGHTLABEL_LAKE": f"s3://ann:{SECRET}-uri@bucket/root"}, "NL-H001"),
        ({"NIGHTLABEL_LAKE": f"ftp://ann:{SECRET}-uri@bucket/root"}, "NL-S001"),
        ({"AWS_PROFILE": "nobody", "AWS_ACCESS_KEY_ID": ""}, "NL-B009"),
        ({"MLFLOW_HTTP_REQUEST_TIMEOUT": SECRET}, "NL-S001"),
    ],
    ids=["server away", "database away", "no server", "bucket", "scheme", "profile", "variable"],
)
def test_a_night_that_cannot_begin_tells_no_secret(place, changed, code):
    words = ("plan", "-u", USECASE, "-d", DATE, "-r", "night", "--json")
    done = command(place, *words, **changed)

    assert done.returncode in {64, 75}
    assert json.loads(done.stdout)["error"]["code"] == code
    assert SECRET not in done.stdout + done.stderr
    assert not [key for key in objects() if "/nights/" in key]


def test_a_bug_is_told_whole_but_without_passwords_and_on_printable_lines(place):
    broken = f"raise RuntimeError('https://ann:{SECRET}@host \\x1b[2J')"
    imports = "import nightlabel.cli as c, nightlabel.catalog as k"
    program = f"{imports}; k.usecases = lambda: exec({broken!r}); c.main()"
    done = subprocess.run(
        [sys.executable, "-c", program, "usecases"],
        env=place.variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert done.returncode == 1
    assert "RuntimeError: https://host \\x1b[2J" in done.stderr
    assert SECRET not in done.stderr
    assert all(line.isprintable() for line in done.stderr.splitlines())


ECHO = f"<html>GET https://ann:{SECRET}@proxy/x failed \x1b[2J\r\nfor good</html>".encode()


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 500, 503])
@pytest.mark.parametrize("make", [Rest, client.connect], ids=["rest", "library"])
def test_whatever_an_mlflow_answers_is_told_without_passwords_on_printable_lines(status, make, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "120")

    def ask(uri):
        reader = client.reader(uri) if make is Rest else make(uri)
        with client.answered("show it", uri):
            reader.get_registered_model("card_spending")

    with answering(status, ECHO) as (uri, _), pytest.raises(NightlabelError) as raised:
        ask(uri)

    assert_plain(raised.value)


@pytest.mark.parametrize("status", [400, 401, 403, 500])
def test_whatever_a_store_answers_is_told_without_passwords_on_printable_lines(status, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "key")
    with answering(status, ECHO) as (uri, _):
        lake = open_uri("s3://bucket", Settings(s3_endpoint=uri)).impatient()
        for ask in (lambda: lake.get("a"), lambda: list(lake.list()), lambda: lake.create("a", b"")):
            with pytest.raises(NightlabelError) as raised:
                ask()
            assert_plain(raised.value)


def assert_plain(error: NightlabelError) -> None:
    assert error.code != NightlabelError("").code
    assert SECRET not in f"{error}{error.facts}"
    assert all(line.isprintable() for line in str(error).split("\n"))
    assert len(str(error).split("\n")) <= 3


def test_the_doctor_tells_no_secret(place, capfd, caplog):
    log.configure(json=True)
    with caplog.at_level(logging.DEBUG):
        found = health.examine()

    assert len(found["findings"]) > 5
    said = json.dumps(found) + shown(tables.findings(found)) + "".join(capfd.readouterr()) + caplog.text
    assert SECRET not in said


def test_the_doctor_of_a_place_where_nothing_answers_tells_no_secret(place):
    away = {"NIGHTLABEL_TRACKING_URI": nowhere(), "NIGHTLABEL_S3_ENDPOINT": nowhere()}
    done = command(place, "doctor", **away)

    assert done.returncode in {64, 75}
    assert "NL-" in done.stdout
    assert SECRET not in done.stdout + done.stderr


def test_an_experiment_tells_no_secret(place, capfd, caplog):
    log.configure(json=True)
    open_lake().put("card_spending/data/cards.csv", lookalike.make(800, 7))
    run = folder.experiment(USECASE, "first")
    with caplog.at_level(logging.DEBUG):
        results = [experiment.validate(run, folder.requested(run)), experiment.split(run)]

    said = json.dumps(results, default=str) + "".join(capfd.readouterr()) + caplog.text
    assert results[1]["data_version"]
    assert [where for where, text in (objects() | {"said": said}).items() if SECRET in text] == []


CLIENTS = {
    "id": "90817263545",
    "limite_total": "8675309",
    "limite_disp": "7654321",
    "cidade": "CANARYVILLE",
    "estado": "ZZ9",
    "sexo": "X7",
}
"""What the records of the holdout and of the last night say of their client."""


def test_a_pull_request_names_no_client(team):
    made = world.world(seed=4)
    made = replace(made, holdout=made.holdout.assign(**CLIENTS), fit=made.fit.assign(**CLIENTS))
    gates = world.GATES.model_copy(update={"slices": ("cidade", "group", "month")})
    evidence = made.evidence(made.model("honest", world.HONEST), made.model("7", world.WEAK), gates=gates)
    moved = samples.changes(samples.CLASSES).assign(**CLIENTS)
    told = samples.report(
        verdict=judge(gates, evidence).to_json(),
        parts=[part.model_dump() for part in parts(gates, evidence)],
        changes=moved,
    )
    body = render(told)
    team.forge.propose(changed(body=body))

    assert "no. 1 by rows" in body
    assert [client for client in CLIENTS.values() for body in team.bodies() if client in body] == []
    assert [client for client in CLIENTS.values() if client in json.dumps(told.verdict)] == []


@pytest.mark.parametrize("column", ["id", "safra_abertura", "cidade", "limite_total", "limite_disp"])
@given(value=st.text(st.characters(codec="utf-8", exclude_characters='\0;\r\n"'), min_size=4, max_size=30))
def test_a_fault_of_a_clients_column_does_not_quote_it(column, value):
    usecase = catalog.load(USECASE)
    value = f"c4n4ry{value}".encode("mac_roman", "ignore").decode("mac_roman")
    names = HEADER.split(";")
    fields = dict(zip(names, GOOD.format(*CLIENT).split(";"), strict=True)) | {column: value}
    text = "\r\n".join([HEADER, ";".join(fields[name] for name in names), ""]).encode("mac_roman")
    try:
        checked = check(
            usecase.schema.read(text, labelled=False), usecase.schema.Record, usecase.schema.COLUMNS
        )
    except QuarantineError as error:
        assert "c4n4ry" not in str(error)  # noqa: PT017 - either way
        return

    assert not [fault for fault in checked.faults if "c4n4ry" in fault.detail]


def test_the_tags_of_metrics_are_a_closed_set():
    """Whoever adds a tag decides here, too, that it can hold nothing of a record."""
    assert set(Tags.__annotations__) == {"use_case", "step", "outcome", "code", "column"}
    assert len(STEPS) < 30
    assert len(OUTCOMES) < 30


def test_a_night_sends_no_tag_beyond_the_closed_set(place, agent):
    whole.night(USECASE, DATE, "night")
    tags = [tag for line in agent.lines() for tag in line.strip().partition("|#")[2].split("|")[0].split(",")]

    assert {tag.partition(":")[0] for tag in tags} == set(Tags.__annotations__) - {"step"} | {"environment"}
    columns = catalog.load(USECASE).card.monitoring.columns
    allowed = {"use_case:card_spending", "environment:laptop", *(f"column:{name}" for name in columns)}
    free = {tag for tag in tags if tag not in allowed and not tag.startswith(("code:NL-", "outcome:"))}
    assert free == set()
