"""The shipped role of Airflow is enough for whatever may happen, and has no right that is never used."""

import pytest

from tests.pods.conftest import LAUNCHER, placed, runner

pytestmark = pytest.mark.airflow


def test_the_role_of_airflow_is_enough_and_no_more(fake, s3_place, stand_in, database, monkeypatch):
    for mode in ("sync", "deferrable"):
        placed(monkeypatch, fake, mode)
        stand_in.script(label={"exit": [75], "seconds": 1})
        fake.slow_start(".*-plan-.*", seconds=6)

        assert runner()().state == "success"

    assert fake.refused(LAUNCHER) == set()
    assert fake.used(LAUNCHER) == fake.granted(LAUNCHER)
