"""Airflow's own metrics reach the agent by the settings that docs/operations.md names, with few tags."""

import re
from collections.abc import Iterator

import pytest

from tests.pages.conftest import PARSED, World

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(900), pytest.mark.xdist_group("pages")]
SCHEDULED = {"airflow.scheduler_heartbeat", "airflow.pool.open_slots", "airflow.executor.open_slots"}


@pytest.fixture(scope="module")
def scheduled(world: World) -> Iterator[World]:
    """Let the real scheduler look around; it starts nothing, since the DAG of the nights rests."""
    house = world.house
    house.command("dags", "pause", "--yes", "nightly__tiny")
    house.start("scheduler", AIRFLOW__SCHEDULER__POOL_METRICS_INTERVAL="0.1")
    try:
        house.until(lambda: world.heard.names() >= PARSED | SCHEDULED, "not all was heard")
        yield world
    finally:
        house.kill("scheduler")


def test_parsing_and_scheduling_are_measured(scheduled):
    assert scheduled.heard.names() >= PARSED | SCHEDULED


def test_no_name_of_a_dag_becomes_part_of_a_metric(scheduled):
    assert [name for name in scheduled.heard.names() if "tiny" in name] == []


def test_the_tags_are_few_and_the_place_is_one_of_them(scheduled):
    lines = [line for line in scheduled.heard.lines if line.startswith("airflow.")]
    tags = {tag.partition(":")[0] for line in lines for tag in re.findall(r"[#,]([a-z_]+:)", line)}

    assert lines
    assert all("environment:test" in line for line in lines)
    assert not tags & {"run_id", "job_id", "hostname", "file_name"}
