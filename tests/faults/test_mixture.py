"""Whatever mixture of faults befalls a night, it is published whole or can be repeated."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nightlabel.errors import NightlabelError
from nightlabel.store import open_uri
from tests.faults.accounting import assert_told
from tests.faults.nights import assert_published, deliver, whole
from tests.faults.proxy import Fault

OBJECTS = r"/(inbox|nights)/.*(csv|json|parquet)(\?|$)"
KINDS = [
    Fault("refuse"),
    Fault("refuse", status=500, code="InternalError"),
    Fault("refuse", status=400, code="ExpiredToken"),
    Fault("refuse", method="PUT", status=409, code="ConditionalRequestConflict"),
    Fault("reset"),
    Fault("slow", seconds=0.01),
    Fault("lose", method="PUT"),
    Fault("late", method="PUT", seconds=0.03),
    Fault("twice", method="PUT"),
    Fault("cut", method="PUT"),
    Fault("flip", method="PUT"),
    Fault("cut", method="GET"),
    Fault("flip", OBJECTS, "GET"),
    Fault("shorten", OBJECTS, "GET"),
]
PASSING = {"NL-B001", "NL-B003", "NL-B007"}


def mixture(chance):
    """Some kinds of faults, each of which befalls a share of the requests that fit."""
    kinds = chance.sample(KINDS, chance.randint(3, 8))
    return [Fault(**vars(kind) | {"times": 0, "share": chance.uniform(0.03, 0.15)}) for kind in kinds]


@settings(max_examples=10, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32 - 1))
def test_a_night_under_any_mixture_of_faults_is_whole_or_can_be_repeated(faulty_lake, s3, seed):
    lake = open_uri(f"{faulty_lake.uri}/{seed}")
    deliver(lake)
    chance = random.Random(seed)  # noqa: S311 - faults, not secrets
    outcomes = {"committed", "already"}

    with s3.failing(Fault("refuse"), *mixture(chance), seed=seed):
        try:
            whole(lake)
        except NightlabelError as error:
            failure = error
        else:
            failure, outcomes = None, {"already"}

    if failure:
        assert failure.code in PASSING
        assert_told(failure, failure.code, exit_code=75)
    assert_published(lake, *outcomes)
