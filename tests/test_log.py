"""The log goes to stderr, in the form that was chosen, and costs nothing where nothing is written."""

import json
import subprocess
import sys

import pytest


def said(*, as_json: bool) -> subprocess.CompletedProcess[str]:
    program = (
        f"from nightlabel import log; log.configure(json={as_json}); log.get('gate').info('passed', n=3)"
    )
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)


def test_for_machines_a_line_is_one_json_object():
    told = json.loads(said(as_json=True).stderr)

    assert (told["event"], told["room"], told["level"], told["n"]) == ("passed", "gate", "info", 3)


@pytest.mark.parametrize("as_json", [True, False])
def test_stdout_stays_free_for_results(as_json):
    found = said(as_json=as_json)

    assert found.stdout == ""
    assert "passed" in found.stderr


def test_the_form_may_be_chosen_again():
    program = (
        "from nightlabel import log; log.configure(json=False); log.get('a').info('first');"
        "log.configure(json=True); log.get('a').info('second')"
    )
    lines = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr

    assert json.loads(lines.splitlines()[1])["event"] == "second"


def test_a_process_that_writes_no_line_imports_no_library_for_it():
    program = "import sys, nightlabel.log as l; l.configure(json=True); print('structlog' in sys.modules)"

    assert subprocess.check_output([sys.executable, "-c", program], text=True) == "False\n"


def test_ids_of_the_blocks_around_stand_on_every_line_and_end_with_them():
    program = """
from nightlabel import log
from nightlabel.label.reads import side_by_side
log.configure(json=True)

@log.of_night("label")
def work(usecase, date, run, shard):
    with log.about(shard=shard):
        list(side_by_side(lambda n: log.get("label").info("read", n=n), [1]))
    log.get("label").info("done")

work("tiny", "2026-01-31", "night", "0001")
log.get("label").info("outside")
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    read, done, outside = (json.loads(line) for line in said.splitlines())

    night = {"step": "label", "use_case": "tiny", "date": "2026-01-31", "run": "night"}
    assert {**night, "shard": "0001"}.items() <= read.items()
    assert night.items() <= done.items()
    assert "shard" not in done
    assert not night.keys() & outside.keys()


@pytest.mark.parametrize("configured", ["", "log.configure(json=False)", "log.configure(json=True)"])
def test_a_traceback_names_the_code_and_nothing_that_was_read(configured):
    program = f"""
from nightlabel import log
{configured}

def read(payload):
    client = payload.split(b";")[0]
    try:
        return {{}}[client]
    except KeyError as error:
        raise ValueError(f"no number: {{client}}") from error

try:
    read(b"CANARY-JOAO;1")
except ValueError:
    log.get("label").exception("a file broke the reading", source="a.csv")
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert "CANARY" not in found.stdout + found.stderr
    assert all(word in found.stderr for word in ("in read", "KeyError", "ValueError", "a.csv"))
    if "True" in configured:
        (line,) = found.stderr.splitlines()
        assert json.loads(line)["exception"].startswith("Traceback")
