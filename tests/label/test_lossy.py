"""Answers of the store that get lost after the request was done, over real HTTP."""

import pytest

from nightlabel.label import generations, publish, verify
from nightlabel.settings import settings
from nightlabel.store import open_lake
from tests.label.lossy import lossy
from tests.label.nights import DATE, TINY, label_all, planned, put


@pytest.fixture
def through(s3_place, s3_server, monkeypatch):
    """Give a lake whose answers pass a proxy."""

    def enter(address):
        monkeypatch.setenv("NIGHTLABEL_S3_ENDPOINT", address)
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        settings.cache_clear()
        return open_lake()

    return enter


@pytest.mark.parametrize("part", ["plan.json", "/receipts/", "/labels/date", "/_delta_log/"])
def test_a_lost_answer_to_a_write_neither_loses_nor_doubles_anything(through, s3_server, part):
    with lossy(s3_server, part, answers=1) as proxy:
        lake = through(proxy.address)
        put(lake, "a.csv", "cat;1", "frog;2")
        label_all(lake, planned(lake))
        done = publish(TINY, lake, DATE, "night")
        accounting, lost = verify(TINY, lake, DATE), proxy.lost

    assert lost == 1
    assert (done.outcome, done.records, accounting.ok) == ("committed", 2, True)


def test_a_lost_answer_to_the_commit_is_one_commit(through, s3_server):
    with lossy(s3_server, "/_delta_log/00000000000000000001.json", answers=1) as proxy:
        lake = through(proxy.address)
        put(lake, "a.csv", "cat;1")
        label_all(lake, planned(lake))
        done = publish(TINY, lake, DATE, "night")
        commits, lost = generations(lake, "tiny", DATE), proxy.lost

    assert (lost, done.outcome) == (1, "committed")
    assert [(c.version, c.run) for c in commits] == [(1, "night")]
