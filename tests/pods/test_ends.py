"""However a pod ends, its night is done or fails with a code."""

import pytest

from tests.pods.conftest import LABEL, SOON

pytestmark = pytest.mark.airflow

NIGHT = ["label", "label", "monitor", "plan", "publish"]


def test_a_night_runs_in_pods_and_leaves_none(run, fake, stand_in):
    ended = run()

    assert ended.state == "success"
    assert sorted(stand_in.steps) == NIGHT
    assert fake.pods() == []


def test_what_a_pod_refuses_is_not_tried_again(run, fake, stand_in, told):
    stand_in.script(publish={"exit": [64], "code": "NL-E001"})

    ended = run()

    assert (ended.tasks["publish"], ended.tries["publish"]) == ("failed", 1)
    assert "NL-E001 publish was told to end with 64" in told()
    assert fake.pods() == []


@pytest.mark.parametrize("code", [75, 1])
def test_what_a_pod_could_not_do_is_tried_again(run, stand_in, told, code):
    stand_in.script(publish={"exit": [code, code]})

    ended = run()

    assert (ended.state, ended.tries["publish"]) == ("success", 3)
    assert f"publish was told to end with {code}" in told()


def test_a_shard_that_ran_out_of_memory_is_tried_again_with_half_of_it(run, fake, stand_in, told):
    stand_in.script(label={"seconds": SOON})
    fake.oom(LABEL, after=0.2)

    ended = run()

    assert ended.state == "success"
    assert "NL-D009 OOMKilled: the pod needed more than 1024Mi; label 000" in told()
    labels = [call for call in stand_in.calls if call[0] == "label"]
    assert [any("--halvings=1" in word for word in call) for call in labels].count(True) == 1


def test_a_shard_that_runs_out_of_memory_twice_stops_the_night(run, fake, stand_in, told):
    stand_in.script(plan={"result": {"shards": ["0000"]}}, label={"seconds": 60}, publish={"exit": [64]})
    fake.oom(LABEL, after=0.2, times=2)

    ended = run()

    assert (ended.tasks["label0"], ended.tries["label0"]) == ("failed", 2)
    assert (ended.tasks["publish"], ended.state) == ("failed", "failed")
    assert "a second time: raise memory_mb of its pod" in told()


MISHAPS = {
    "evicted": (lambda fake: fake.evict(LABEL, after=0.2), "NL-D008 the pod was lost: Evicted"),
    "killed": (lambda fake: fake.kill(LABEL, after=0.2), "exit code 137 (killed)"),
    "preempted": (lambda fake: fake.delete(LABEL, after=0.2), "NL-D00"),
    "without an image": (
        lambda fake: fake.missing_image(LABEL),
        "NL-D008 the pod was lost: it never started",
    ),
}


@pytest.mark.parametrize("mishap", MISHAPS)
def test_a_pod_that_is_lost_is_started_again(run, fake, stand_in, told, mishap):
    stand_in.script(label={"seconds": SOON})
    happen, words = MISHAPS[mishap]
    happen(fake)

    ended = run()

    assert ended.state == "success"
    assert sorted(n for task, n in ended.tries.items() if task.startswith("label")) == [1, 2]
    assert words in told()
    assert fake.pods() == []
