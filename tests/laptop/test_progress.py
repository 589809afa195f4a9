"""How a run is followed: a live table for a person, one line for each change where nobody looks."""

import json
import re
import subprocess
import sys

import pytest

from nightlabel.settings import settings
from tests.laptop.terminal import CTRL_C, ROOT, Terminal

PROGRAM = ("-m", "tests.laptop.following")
CURSOR_OFF, CURSOR_ON = "\x1b[?25l", "\x1b[?25h"


def last_table(terminal: Terminal) -> list[list[str]]:
    """Give the words of the rows that stand on the screen at the end."""
    lines = terminal.text.rpartition("experiment__card_spending")[2].splitlines()[2:4]
    return [line.split("  ") for line in lines]


def piped(end: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *PROGRAM, end], cwd=ROOT, capture_output=True, text=True, check=False
    )


def written_log(*lines: str):
    run = "logs/dag_id=experiment__card_spending/run_id=demo/task_id=validate"
    path = settings().home / "airflow" / run / "attempt=1.log"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join(lines))
    return path


def test_a_person_sees_every_task_change_in_place(at_terminal):
    terminal = at_terminal(*PROGRAM, "success")

    assert terminal.ends() == 0
    assert "running" in terminal.text
    assert [words[0] for words in last_table(terminal)] == ["validate", "train [linear]"]
    assert all("done" in words for words in last_table(terminal))
    assert "\x1b[1A" in terminal.raw, "the table is not drawn over the one before"


def test_the_name_of_the_run_stays_on_one_line(at_terminal):
    terminal = at_terminal(*PROGRAM, "success")

    assert terminal.ends() == 0
    assert re.search(r"experiment__card_spending \(\d+ s\)\n", terminal.text)


@pytest.mark.parametrize("end", ["success", "failed"])
def test_the_cursor_comes_back(end, at_terminal):
    terminal = at_terminal(*PROGRAM, end)
    terminal.ends()

    assert terminal.raw.count(CURSOR_OFF) == terminal.raw.count(CURSOR_ON) == 1


def test_ctrl_c_ends_the_table_and_gives_the_cursor_back(at_terminal):
    terminal = at_terminal(*PROGRAM, "never")
    terminal.until("running")
    terminal.press(CTRL_C)

    assert terminal.ends() == 130
    assert terminal.raw.rindex(CURSOR_ON) > terminal.raw.rindex("running")
    assert "Traceback" not in terminal.text


def test_where_nobody_looks_each_change_is_one_line():
    result = piped("success")

    assert result.stdout.splitlines() == ["  validate: done 1.5", "  train [linear]: done 1.5"]
    assert "\x1b" not in result.stdout


def test_a_failed_run_names_the_task_its_last_reason_and_its_log():
    first, last = ({"error_detail": [{"exc_value": word}]} for word in ("a first fault", "NL-A004 no header"))
    log = written_log("no JSON", json.dumps(first), "[1]", json.dumps(last), json.dumps({"event": "end"}))

    result = piped("failed")

    assert result.returncode == 1
    assert "experiment__card_spending: the task validate failed: NL-A004 no header" in result.stdout
    assert f"Its log is {log}" in result.stdout


def test_a_failed_run_whose_log_is_gone_still_names_the_task():
    assert "the task validate failed: it left no reason" in piped("failed").stdout
