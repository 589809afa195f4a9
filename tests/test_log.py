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
