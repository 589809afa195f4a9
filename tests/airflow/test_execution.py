"""Both DAGs, executed by Airflow itself."""

from datetime import UTC, datetime

import pytest

from nightlabel.catalog import usecases

pytestmark = pytest.mark.airflow

EXPERIMENT, NIGHTLY, WATCH = "experiment__card_spending", "nightly__card_spending", "nightlabel__watch"
TWO = next(list(card.candidates)[:2] for card in usecases() if card.name == "card_spending")
CONF = {"data": "cards.csv", "candidates": TWO, "seed": 3, "note": "{{ 1 + 1 }} $(id) --x"}


def test_a_winner_is_registered_and_proposed(run, stand_in):
    ended = run(EXPERIMENT, CONF)

    assert ended.state == "success"
    assert stand_in.steps == [
        "validate",
        "split",
        "train",
        "train",
        "evaluate",
        "gate",
        "register",
        "propose",
    ]
    assert (ended.tasks["keep_champion"], ended.tasks["alarm"]) == ("skipped", "skipped")


def test_what_the_form_says_reaches_the_command_line_unchanged(run, stand_in):
    run(EXPERIMENT, CONF)
    validate = stand_in.calls[0]

    assert "--note={{ 1 + 1 }} $(id) --x" in validate
    assert [a for a in validate if a.startswith("--candidate")] == [f"--candidate={name}" for name in TWO]
    assert not [a for a in validate if a.startswith("--data-version")]


def test_all_steps_of_a_run_share_one_safe_name(run, stand_in):
    run(EXPERIMENT, CONF)
    names = {argument for call in stand_in.calls for argument in call if argument.startswith("--run=")}

    assert len(names) == 1
    assert names.pop().removeprefix("--run=").replace("-", "").replace("_", "").isalnum()


def test_each_candidate_is_a_task_with_its_name(run, stand_in):
    stand_in.script(validate={"result": {"candidates": ["a", "b", "c"]}})
    ended = run(EXPERIMENT, CONF)

    assert ended.names == {"train0": "a", "train1": "b", "train2": "c"}


@pytest.mark.parametrize(("outcome", "taken"), [("keep", "keep_champion"), ("reject", "alarm")])
def test_without_a_winner_nothing_is_registered(run, stand_in, outcome, taken):
    stand_in.script(gate={"result": {"outcome": outcome}})
    ended = run(EXPERIMENT, CONF)

    assert ended.state == "success"
    assert ended.tasks[taken] == "success"
    assert "register" not in stand_in.steps


def test_a_verdict_that_nobody_knows_opens_no_way(run, stand_in):
    stand_in.script(gate={"result": {"outcome": "perhaps"}})
    run(EXPERIMENT, CONF)

    assert stand_in.steps[-1] == "gate"


def test_what_was_refused_is_not_tried_again_and_alarms(run, stand_in):
    stand_in.script(validate={"exit": [64, 0]})
    ended = run(EXPERIMENT, CONF)

    assert (ended.state, stand_in.steps) == ("failed", ["validate", "alarm"])
    assert ended.tasks["split"] == "upstream_failed"


def test_a_candidate_that_fails_for_good_stays_red_and_the_others_are_compared(run, stand_in):
    stand_in.script(train={"exit": [64, 0]})
    ended = run(EXPERIMENT, CONF)

    assert sorted([ended.tasks["train0"], ended.tasks["train1"]]) == ["failed", "success"]
    assert stand_in.steps[-4:] == ["evaluate", "gate", "register", "propose"]
    assert "--failed=leave-out" in stand_in.calls[-4]


def test_without_any_candidate_nothing_is_compared_and_the_run_alarms(run, stand_in):
    stand_in.script(train={"exit": [64, 64]})
    ended = run(EXPERIMENT, CONF)

    assert (ended.state, ended.tasks["evaluate"]) == ("failed", "upstream_failed")
    assert stand_in.steps == ["validate", "split", "train", "train", "alarm"]


@pytest.mark.parametrize("code", [75, 1])
def test_what_failed_otherwise_is_tried_again(run, stand_in, code):
    stand_in.script(split={"exit": [code, code, 0]})
    ended = run(EXPERIMENT, CONF)

    assert ended.state == "success"
    assert stand_in.steps.count("split") == 3


def test_a_misspelt_field_is_refused_before_any_step(run, stand_in):
    ended = run(EXPERIMENT, {**CONF, "sead": 4})

    assert (ended.state, stand_in.steps) == ("failed", ["alarm"])


def test_a_night_labels_each_shard_and_publishes_once(run, stand_in):
    stand_in.script(plan={"result": {"shards": ["0000", "0001", "0002"]}})
    ended = run(NIGHTLY, {"date": "2026-01-31"})

    assert ended.state == "success"
    assert stand_in.steps == ["plan", "label", "label", "label", "publish", "monitor"]
    assert all("--date=2026-01-31" in call for call in stand_in.calls)
    assert ended.names == {"label0": "0000", "label1": "0001", "label2": "0002"}


def test_an_empty_day_is_published_all_the_same(run, stand_in):
    stand_in.script(plan={"result": {"shards": []}})
    ended = run(NIGHTLY, {"date": "2026-01-31"})

    assert ended.state == "success"
    assert stand_in.steps == ["plan", "publish", "monitor"]


def test_of_a_night_with_a_failed_shard_publish_decides_by_its_receipts(run, stand_in):
    stand_in.script(label={"exit": [64]}, publish={"exit": [64], "code": "NL-D006"})
    ended = run(NIGHTLY, {"date": "2026-01-31"})

    assert (ended.state, ended.tasks["publish"]) == ("failed", "failed")
    assert stand_in.steps.count("publish") == 1
    assert "monitor" not in stand_in.steps


def test_a_monitor_that_fails_is_seen_and_leaves_the_labels_published(run, stand_in):
    stand_in.script(monitor={"exit": [64]})
    ended = run(NIGHTLY, {"date": "2026-01-31"})

    assert (ended.tasks["publish"], ended.tasks["monitor"], ended.state) == ("success", "failed", "failed")


def test_a_scheduled_night_labels_the_date_of_its_own_time_zone(run, stand_in):
    run(NIGHTLY, logical_date=datetime(2026, 2, 1, 2, 30, tzinfo=UTC))

    assert all("--date=2026-01-31" in call for call in stand_in.calls)


def test_nights_on_time_are_watched_in_silence(run, stand_in):
    ended = run(WATCH)

    assert (ended.state, stand_in.calls) == ("success", [["late", "--usecase=card_spending", "--json"]])


def test_a_late_night_is_red_and_its_alarm_is_that_of_the_command_alone(run, stand_in):
    stand_in.script(late={"exit": [64], "code": "NL-N008"})
    ended = run(WATCH)

    assert (ended.tasks["card_spending"], stand_in.steps) == ("failed", ["late"])


@pytest.mark.parametrize("codes", [[64], [75, 75, 75]])
def test_a_watch_that_sees_nothing_alarms(run, stand_in, codes):
    stand_in.script(late={"exit": codes, "code": "NL-B001"})
    ended = run(WATCH)
    *looked, [step, usecase, _, kind, reason, _] = stand_in.calls

    assert ended.state == "failed"
    assert [call[0] for call in looked] == ["late"] * len(codes)
    assert (step, usecase, kind) == ("alarm", "--usecase=card_spending", "--kind=failure")
    assert reason.startswith("--reason=lateness is not watched: NL-B001")
