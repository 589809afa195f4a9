"""A champion in a real MLflow, a lake on S3, an agent, and canaries wherever a place keeps secrets."""

import json
import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pandas as pd
import pytest
import structlog

from benchmarks.startup import register
from nightlabel import catalog
from nightlabel.monitor import reference
from nightlabel.monitor.metrics import metrics
from nightlabel.registry.models import Registry
from nightlabel.settings import settings
from nightlabel.store import open_lake
from nightlabel.usecases.card_spending import lookalike
from nightlabel.validate import check
from tests.test_startup import network

USECASE, DATE, OTHERS = "card_spending", "2020-03-31", 400
SECRET = "c4n4ry"  # noqa: S105 - in every secret below
CLIENT = ("90817263545", "8675309", "7654321")
"""Id and limits of the client whose purchases the night labels."""

HEADER = (
    "id;safra_abertura;cidade;estado;idade;sexo;limite_total;limite_disp;data; valor ;"
    "cidade_estabelecimento;pais_estabelecimento"
)
GOOD = "{0};201209;CAMPINAS              ;SP ;41;F;{1};{2};29.03.2020;23;CABO FRIO;BR"
FAULTY = (
    "{0};201209;CAMPINAS              ;SP ;41;F;{1}x;{2};29.03.2020;23;CABO FRIO;BR",
    "{0};201209;CAMPINAS              ;SP ;41;F;-{1};{2}{1};29.03.2020;23;CABO FRIO;BR",
    "{0}{0}{0}{0}{0};201209;CAMPINAS              ;SP ;41;{0};{1};{2};29.03.2020;2-3;CABO FRIO;BR",
    "{0};{1};{2};29.03.2020",
    "{0};201209;CAMPINAS              ;SP ;{1};F;{1};{2};31.02.2020;5;CABO FRIO;BR",
)


def secrets(uri: str) -> dict[str, str]:
    """Give the variables of a place that keeps secrets in every way there is; each holds the canary."""
    parts = urlsplit(uri)
    told = {
        "conn_type": "aws",
        "login": "ann",
        "password": f"{SECRET}-aws",
        "extra": {"token": f"{SECRET}-x"},
    }
    return {
        "NIGHTLABEL_TRACKING_URI": f"{parts.scheme}://ann:{SECRET}-uri@{parts.netloc}",
        "NIGHTLABEL_GITHUB_TOKEN": f"{SECRET}-github",
        "NIGHTLABEL_GITHUB_APP_KEY": f"{SECRET}-app",
        "MLFLOW_TRACKING_USERNAME": "ann",
        "MLFLOW_TRACKING_PASSWORD": f"{SECRET}-mlflow",
        "AWS_ACCESS_KEY_ID": f"{SECRET}-id",
        "AWS_SECRET_ACCESS_KEY": f"{SECRET}-key",
        "AWS_SESSION_TOKEN": f"{SECRET}-session",
        "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(told),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql://airflow:{SECRET}-db@db/airflow",
        "DD_API_KEY": f"{SECRET}-dd",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "120",
    }


def others() -> bytes:
    """Give purchases of other clients, without their labels."""
    rows = [line.split(b";") for line in lookalike.make(OTHERS, 3).split(b"\r\n")]
    return b"\r\n".join(b";".join([*row[:10], *row[11:]]) for row in rows)


def snapshot(version: str) -> None:
    """Keep what training data looked like, so that a night can be compared with it."""
    usecase = catalog.load(USECASE)
    reading = usecase.schema.read(lookalike.make(600, 5), labelled=True)
    frame = check(reading, usecase.schema.LabelledRecord, usecase.schema.COLUMNS).frame
    sure = np.linspace(0.1, 0.9, len(frame))
    said = pd.DataFrame({"label": frame[usecase.schema.LABEL], "confidence": sure}, index=frame.index)
    taken = reference.snapshot(usecase.card, frame.drop(columns=usecase.schema.LABEL), said)
    reference.save(open_lake(), usecase.card, version, taken)


@dataclass(frozen=True)
class Place:
    """A place with secrets; ``variables`` are those of a process there."""

    variables: dict[str, str]

    def deliver(self, date: str) -> None:
        """Put one file of the client into the inbox, a good purchase and faulty ones, and one of others."""
        lines = [HEADER, *(line.format(*CLIENT) for line in (GOOD, *FAULTY))]
        content = "\r\n".join([*lines, ""]).encode("mac_roman")
        open_lake().put(f"{USECASE}/inbox/date={date}/cards.csv", content)
        open_lake().put(f"{USECASE}/inbox/date={date}/others.csv", others())


@pytest.fixture(scope="module")
def champion(mlflow_server, tmp_path_factory) -> Path:
    """A champion of the card use case on the MLflow server; gives its folder."""
    made = network(tmp_path_factory.mktemp("champion") / "model", catalog.load(USECASE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NIGHTLABEL_HOME", str(tmp_path_factory.mktemp("home")))
        settings.cache_clear()
        register(made, mlflow_server)
    settings.cache_clear()
    return made.folder


@pytest.fixture
def place(champion, mlflow_server, s3_place, agent, monkeypatch) -> Iterator[Place]:
    """A place on S3 and MLflow over HTTP, with a champion, an agent that listens, and secrets everywhere."""
    for name, value in secrets(mlflow_server).items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    metrics.cache_clear()
    made = Place(dict(os.environ))
    made.deliver(DATE)
    snapshot(Registry(settings().tracking).resolve(USECASE).version)
    yield made
    structlog.reset_defaults()  # its stream was that of this test


@pytest.fixture
def name() -> str:
    return f"model_{uuid.uuid4().hex}"
