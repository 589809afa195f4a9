"""The command line says what is wrong and what to do, and its exit code says whether to retry."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nightlabel.cli import app

NIGHTLABEL = Path(sys.executable).with_name("nightlabel")
USECASE = ("--usecase", "card_spending")
NIGHT = ("--date", "2020-03-31", "--run", "n")
COMMANDS = [command.callback for command in app.registered_commands]


def run(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    return subprocess.run([NIGHTLABEL, *words], env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_every_command_has_an_example_that_names_it(command):
    assert f"Example: `nightlabel {command.__name__}" in command.__doc__


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("split", "-u", "nothing", "-r", "r"), "NL-U001", "there are: card_spending"),
        (("split", *USECASE, "-r", "../../etc"), "NL-H002", "cannot name a run"),
        (("split", *USECASE, "-r", "r"), "NL-R001", "the step 'validate' comes first"),
        (("validate", *USECASE, "-r", "r", "--data", "no/such.csv"), "NL-R003", "no file 'no/such.csv'"),
        (("validate", *USECASE, "-r", "r", "--data", "http://169.254.169.254/x"), "NL-H001", "http"),
        (("validate", *USECASE, "-r", "r", "--candidate", "best"), "NL-H002", "there are: "),
        (("validate", *USECASE, "-r", "r", "--note", "a\nb"), "NL-H002", "one line"),
        (("plan", *USECASE, *NIGHT), "NL-C002", "no model with the alias 'champion'"),
        (("label", *USECASE, *NIGHT, "--shard", "0000"), "NL-N001", "has no plan"),
        (("release", *USECASE, "--by", "ann"), "NL-C002", "challenger"),
        (("verify", "2020-03-31", *USECASE), "NL-V010", "was not run"),
    ],
)
def test_what_is_refused_is_said_with_its_code_and_the_next_command(words, code, said):
    result = run(*words)

    assert result.returncode == 64
    assert code in result.stderr
    assert said in result.stderr.replace("\n", " ")
    assert "next: " in result.stderr
    assert "Traceback" not in result.stderr


def test_a_misspelt_setting_is_refused_before_anything_runs():
    result = run("usecases", NIGHTLABEL_LAEK="s3://bucket")

    assert (result.returncode, result.stdout) == (64, "")
    assert "did you mean NIGHTLABEL_LAKE?" in result.stderr


def test_a_registry_that_does_not_answer_can_be_tried_again():
    result = run("plan", *USECASE, *NIGHT, NIGHTLABEL_TRACKING_URI="http://127.0.0.1:9")

    assert result.returncode == 75
    assert "NL-C006" in result.stderr


def test_with_json_the_one_object_on_stdout_names_the_error():
    result = run("split", "-u", "nothing", "-r", "r", "--json")

    error = json.loads(result.stdout)["error"]
    assert (error["code"], error["facts"]) == ("NL-U001", {"known": ["card_spending"]})


def test_a_word_that_is_no_command_is_refused():
    assert run("nothing").returncode == 64


def test_doctor_finds_a_laptop_fit():
    result = run("doctor", "--json")

    assert result.returncode == 0, result.stderr
    assert all(finding["ok"] for finding in json.loads(result.stdout)["findings"])


def test_doctor_names_a_store_that_is_not_there_and_what_to_do(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")

    result = run("doctor", NIGHTLABEL_LAKE=(blocked / "lake").as_uri())

    assert result.returncode == 64
    assert "lake" in result.stderr
