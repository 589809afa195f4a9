"""Whatever the cluster answers, work is neither lost nor done twice, and nobody else's pod is ours."""

import pytest

from nightlabel_airflow import podstep
from tests.pods.conftest import LABEL, SOON

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("code", [401, 404, 410, 429, 500])
def test_one_wrong_answer_about_a_pod_at_work_costs_no_work(run, fake, stand_in, code):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": 4})
    fake.answer(code, "GET", LABEL, skip=2, message="told so")

    ended = run()

    assert ended.state == "success"
    assert stand_in.steps.count("label") == 1
    assert fake.pods() == []


def test_a_start_whose_answer_is_lost_starts_one_pod(run, fake, stand_in):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": SOON})
    fake.lose_reply("POST", ".*/pods", skip=1)

    ended = run()

    assert ended.state == "success"
    assert (stand_in.steps.count("label"), ended.tries["label0"]) == (1, 1)


def test_a_cluster_that_is_away_for_half_a_minute_is_waited_for(run, fake, stand_in):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": 3})
    fake.slow_start(LABEL, seconds=1)
    fake.away(30)

    ended = run()

    assert ended.state == "success"
    assert stand_in.steps.count("label") == 1


def test_two_pods_for_one_shard_do_no_harm(run, fake, stand_in):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": 3})
    fake.duplicate(LABEL)

    ended = run()

    assert ended.state == "success"
    assert fake.pods() == []


def test_somebody_elses_pod_under_our_name_is_no_success_and_is_left_alone(run, fake, stand_in, told):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": 3})
    fake.replace(LABEL, after=0.5)

    ended = run()

    assert ended.state == "success"
    assert ended.tries["label0"] == 2
    assert "NL-D006" in told()
    assert [pod["metadata"].get("labels") or {} for pod in fake.pods()] == [{}]


def test_a_log_that_breaks_off_ends_nothing(run, fake, stand_in):
    stand_in.script(label={"seconds": 3})
    fake.break_log(LABEL, how="cut")

    assert run().state == "success"


@pytest.mark.parametrize("mode", ["sync"], indirect=True)  # only a worker follows the log as it comes
def test_a_log_that_hangs_is_asked_for_again(run, fake, stand_in, monkeypatch):
    monkeypatch.setattr(podstep, "LOG_PATIENCE", 2.0)
    stand_in.script(label={"seconds": 3})
    fake.break_log(LABEL, how="hang")

    assert run().state == "success"
