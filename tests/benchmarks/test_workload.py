"""The night of the benchmark is the same for the same seed, and looks like real card files."""

from collections import Counter

import pytest

from benchmarks import workload
from benchmarks.workload import LARGE, Night
from nightlabel import catalog
from nightlabel.errors import QuarantineError
from nightlabel.validate import check

NIGHT = Night(files=400)


def read(body):
    schema = catalog.load(workload.USECASE).schema
    return check(schema.read(body, labelled=False), schema.Record, schema.COLUMNS)


def test_one_seed_makes_the_same_night():
    assert list(workload.files(NIGHT)) == list(workload.files(NIGHT))
    assert dict(workload.files(NIGHT)) != dict(workload.files(Night(files=400, seed=2)))


@pytest.mark.parametrize("night", [NIGHT, Night(files=400, rows=2.5), Night(files=4, rows=5_000, shape=100)])
def test_the_files_have_the_mean_number_of_records(night):
    bodies = [body for _, body in workload.files(night) if body]

    records = sum(body.count(b"\r\n") - 1 for body in bodies)
    assert len(bodies) == night.files - 1
    assert records / len(bodies) == pytest.approx(night.rows, rel=0.15)


def test_large_files_have_many_accounts():
    longest = max((body for _, body in workload.files(Night(4, 2_000, LARGE.shape))), key=len)

    assert len({line.split(b";")[0] for line in longest.split(b"\r\n")}) > 10


def test_the_faults_of_a_night_are_those_of_real_data():
    records, faults, whole = 0, Counter(), Counter()
    for _, body in workload.files(NIGHT):
        try:
            found = read(body)
        except QuarantineError as error:
            whole[error.code] += 1
            continue
        records += len(found.frame) + len(found.faults)
        faults.update(fault.code for fault in found.faults)

    assert whole == {"NL-A001": 1, "NL-A004": 1}
    assert faults.keys() == {"NL-A002"}
    assert 0.001 < faults["NL-A002"] / records < 0.01
    assert [body for _, body in workload.files(NIGHT)].count(b"") == 1


def test_a_night_has_the_quirks_of_real_amounts():
    amounts = [
        line.split(b";")[9] for _, body in workload.files(NIGHT) for line in body.split(b"\r\n")[1:] if line
    ]

    assert any(b"." in amount for amount in amounts)
    assert any(amount.strip() != amount and b"-" not in amount for amount in amounts)
    assert any(b"," not in amount for amount in amounts)
    assert b" -   " in amounts
