"""The benchmark of large nights runs all steps, and what it leaves adds up."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run(*words):
    command = [sys.executable, "-m", "benchmarks.nights", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_night_is_planned_published_planned_again_and_verified():
    done = run("--files=1500", "--shards=3", "--delay-ms=1")

    assert done.returncode == 0, done.stderr
    table = {line[:12].strip(): line for line in done.stdout.splitlines()}
    assert "1500" in table["plan"]
    assert table["plan again"].split()[-1] == "0"
    assert "records add up" in table["verify"]


def test_rates_of_a_night_that_is_too_small_are_not_written(tmp_path):
    done = run("--files=1500", f"--out={tmp_path / 'rates.json'}")

    assert done.returncode != 0
    assert "files at least" in done.stderr
    assert not (tmp_path / "rates.json").exists()
