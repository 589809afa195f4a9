"""A lake on S3 behind a proxy that fails on demand, and pauses short enough to wait for."""

from datetime import timedelta

import pytest
from obstore.store import S3Store

from nightlabel.label import patient, table
from nightlabel.settings import settings
from nightlabel.store import bucket, open_lake, store
from tests.faults.proxy import proxy

PAUSES = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=20), "base": 2}


class Hasty(S3Store):
    """A bucket as it is, but for the pauses between two tries."""

    def __new__(cls, *args, retry_config, **more):
        return super().__new__(cls, *args, retry_config=retry_config | {"backoff": PAUSES}, **more)

    def __init__(self, *args, **more):
        """Take what ``__new__`` takes."""


@pytest.fixture(scope="session")
def door(s3_server):
    with proxy(s3_server) as made:
        yield made


@pytest.fixture
def s3(door, s3_place, monkeypatch):
    """The proxy that all requests to the lake on S3 pass; nothing fails until it is told."""
    options = table._options
    pauses = {f"backoff_config.{name}": value for name, value in PAUSES.items() if name == "base"}
    pauses |= {f"backoff_config.{name}": "20ms" for name in PAUSES if name != "base"}
    monkeypatch.setattr(
        table, "_options", lambda lake: options(lake) | {k: str(v) for k, v in pauses.items()}
    )
    monkeypatch.setattr(store, "S3Store", Hasty)
    monkeypatch.setattr(patient, "_PAUSE", 0.001)
    monkeypatch.setattr(bucket, "_PAUSE", 0.001)
    monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", door.address)
    monkeypatch.setenv("AWS_ENDPOINT_URL", door.address)
    settings.cache_clear()
    return door


@pytest.fixture
def faulty_lake(s3):
    """An empty lake behind the proxy."""
    return open_lake()
