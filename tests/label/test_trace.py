"""From a row of the labels table to the log of the attempt that made it, and no further to anybody's data."""

import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from nightlabel.cli import app
from nightlabel.errors import RefusedError
from nightlabel.label import read_labels, trace
from nightlabel.settings import settings
from tests.label.nights import DATE, NEXT, USECASES, Parity, champion, night, put

NIGHT = """
from nightlabel import log
log.configure(json=True)
from nightlabel.store import open_lake
from tests.label.nights import night
night(open_lake(), pods=3)
"""


@pytest.fixture
def lines(folder_lake):
    """The log of a whole night of three shards, in a process of its own, line by line."""
    for name in ("a.csv", "b.csv", "c.csv", "d.csv"):
        put(folder_lake, name, *[f"{name[0]}cat;1"] * 30)
    said = subprocess.run([sys.executable, "-c", NIGHT], capture_output=True, text=True, check=True).stderr
    return [json.loads(line) for line in said.splitlines()]


def test_from_a_row_one_finds_the_lines_of_its_attempt(folder_lake, lines):
    rows = read_labels(folder_lake, "tiny", DATE)
    shards = set()
    for source, run in {(row.source, row.run) for row in rows.itertuples()}:
        found = trace(folder_lake, "tiny", DATE, source)
        mine = [line for line in lines if line.get("attempt") == found.attempt]

        assert found.run == run
        assert [line["event"] for line in mine] == ["the shard is at work", "the shard is done"]
        assert {(line["run"], line["shard"], line["use_case"], line["date"]) for line in mine} == {
            (run, found.shard, "tiny", DATE)
        }
        assert mine[-1]["records"] == found.records
        shards.add(found.shard)
    assert len(shards) > 1


def test_the_attempt_is_the_one_whose_data_files_hold_the_rows(folder_lake, lines):
    source = read_labels(folder_lake, "tiny", DATE)["source"].iloc[0]
    found = trace(folder_lake, "tiny", DATE, source)

    assert any(found.attempt in entry.key for entry in folder_lake.list(f"tiny/labels/date={DATE}"))


def test_a_file_that_was_changed_is_followed_to_the_attempt_that_labelled_it_last(folder_lake):
    put(folder_lake, "a.csv", "cat;1")
    kept = put(folder_lake, "b.csv", "bee;1")
    night(folder_lake)
    first = trace(folder_lake, "tiny", DATE, kept.key)
    changed = put(folder_lake, "a.csv", "horse;1")
    night(folder_lake, "second")

    assert trace(folder_lake, "tiny", DATE, changed.key).run == "second"
    assert trace(folder_lake, "tiny", DATE, changed.key).source_version == changed.version
    again = trace(folder_lake, "tiny", DATE, kept.key)
    assert (again.run, again.attempt, again.generation) == ("night", first.attempt, 2)


@pytest.mark.parametrize("date", [DATE, NEXT])
def test_a_file_without_labels_is_refused_by_name(folder_lake, date):
    put(folder_lake, "a.csv", "cat;1")
    night(folder_lake)

    with pytest.raises(RefusedError) as refusal:
        trace(folder_lake, "tiny", date, f"tiny/inbox/date={DATE}/late.csv")

    assert (refusal.value.code, "late.csv" in refusal.value.sentence) == ("NL-N013", True)


def test_the_command_gives_the_search_for_the_log(folder_lake, monkeypatch):
    monkeypatch.setenv("NIGHTLABEL_USECASES", str(USECASES))
    settings.cache_clear()
    source = put(folder_lake, "a.csv", "cat;1").key
    night(folder_lake)

    said = CliRunner().invoke(app, ["trace", DATE, "-u", "tiny", "-s", source])

    assert said.exit_code == 0
    assert f"@attempt:{trace(folder_lake, 'tiny', DATE, source).attempt}" in said.output


def test_a_relabelled_date_is_followed_to_its_newest_labels(folder_lake):
    source = put(folder_lake, "a.csv", "cat;1").key
    night(folder_lake)
    other = {"model": champion("2", "f" * 64), "labeller": Parity("f" * 64), "reason": "relabel"}
    night(folder_lake, "again", **other)

    found = trace(folder_lake, "tiny", DATE, source)
    assert (found.run, found.model_version, found.generation) == ("again", "2", 2)
