"""A night on EKS: Amazon's operator finds the cluster by its name and brings new tokens when they run out."""

import gc
import os
import sys
from pathlib import Path

import pytest

from nightlabel.settings import settings
from tests.fake_kubernetes.eks import describing
from tests.pods.conftest import IMAGE, LAUNCHER, runner

UNFINISHED = "Exception ignored in. <function BaseSubprocessTransport"
pytestmark = [
    pytest.mark.airflow,
    pytest.mark.timeout(600),
    # Airflow's test run closes a trigger's event loop while its cancelled watch of events may fetch a token.
    pytest.mark.filterwarnings(f"ignore:{UNFINISHED}:pytest.PytestUnraisableExceptionWarning"),
]

CLUSTER, KEY = "nights", "AKIAIOSFODNN7EXAMPLE"
SHORT = 15.0
"""Seconds that a token is good: less than a pod works, as EKS's 14 minutes are less than a long one."""


@pytest.fixture(params=["sync", "deferrable"])
def on_eks(request, fake, s3_place, monkeypatch):
    """A place whose steps run in pods of an EKS cluster."""
    fake.trust(LAUNCHER, cluster=CLUSTER, key=KEY, seconds=SHORT)
    with describing(CLUSTER, fake.url) as eks:
        for name, value in {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_ENDPOINT_URL_EKS": eks,
            "AWS_ENDPOINT_URL_STS": "https://sts.us-east-1.amazonaws.com",
            "NIGHTLABEL_STEPS_IN": "eks",
            "NIGHTLABEL_EKS_CLUSTER": CLUSTER,
            "NIGHTLABEL_POD_IMAGE": IMAGE,
            "NIGHTLABEL_POD_DEFERRABLE": str(request.param == "deferrable"),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield fake
    gc.collect()  # so that what the filter is for shows in this test, and not in a later one


def test_a_night_whose_tokens_run_out_goes_on(on_eks, stand_in, database):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": SHORT + 5})

    ended = runner()()

    assert (ended.state, ended.tries["label0"]) == ("success", 1)
    assert stand_in.steps.count("label") == 1
    assert on_eks.signed() > 3
    assert on_eks.pods() == []
    assert on_eks.refused(LAUNCHER) == set()
