"""A short run of the benchmark: all engines that are installed give the same labels; no time is judged."""

import io
import json
import subprocess
import sys

import pandas as pd
import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.engines import ENGINES
from benchmarks.measure import ROOT, BenchmarkError
from benchmarks.rounds import agree

pytestmark = pytest.mark.timeout(900)  # the short run starts a dozen processes, one after the other

OURS = pd.DataFrame({"file": [0, 0, 1, 2], "row": [0, 2, 0, 0], "label": ["A", "B", "A", "C"]})
HERE = [name for name, entry in ENGINES.items() if entry.installed and entry.kind != "part"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    out = tmp_path_factory.mktemp("bench")
    asked = ["--files=150", "--rounds=1", "--short", "--candidate=baseline", f"--out={out}"]
    subprocess.run([sys.executable, "-m", "benchmarks", *asked], cwd=ROOT, check=True)
    return out, json.loads((out / "bench.json").read_text())


def test_all_installed_engines_give_the_same_labels(made):
    _, figures = made

    assert {"nightlabel", "bare", "polars", "polars-tuned", "boto3", "boto3-tuned"} <= set(HERE)
    assert set(HERE) <= figures["engines"].keys()
    assert figures["engines"].keys() | figures["missing"].keys() == ENGINES.keys() - {"plan"}
    assert all(entry["records"] > 1_000 for entry in figures["engines"].values())


def test_the_results_say_what_was_measured_and_what_was_not(made):
    out, figures = made
    console = Console(width=200, record=True, file=io.StringIO())
    report.show(figures, console)

    for text in (console.export_text(), (out / "bench.md").read_text()):
        assert all(ENGINES[name].title.split(",")[0] in text for name in ENGINES if name != "plan")
        assert text.lower().count("not measured") == len(figures["missing"])
    assert (out / "bench.png").read_bytes().startswith(b"\x89PNG")


def test_the_stages_add_up_to_the_whole(made):
    _, figures = made

    whole = figures["engines"]["nightlabel"][report.SMALL]["median"]
    assert {"list", "parse", "validate", "encode", "predict", "write"} <= figures["stages"].keys()
    assert sum(figures["stages"].values()) == pytest.approx(whole)


def test_equal_labels_agree_and_what_only_a_peer_labels_is_not_held_against_it():
    more = pd.concat([OURS, pd.DataFrame({"file": [0], "row": [1], "label": ["X"]})])

    agree("polars", OURS, OURS, files=3)
    agree("polars", OURS, more, files=3)
    agree("polars", OURS, OURS[OURS["file"] < 1], files=1)


@pytest.mark.parametrize(
    "other",
    [OURS.assign(label=["A", "B", "A", "X"]), OURS[:-1], OURS.assign(row=[0, 1, 0, 0]), OURS[:0]],
    ids=["another label", "a missing record", "another row", "nothing"],
)
def test_other_labels_are_refused(other):
    with pytest.raises(BenchmarkError, match="Polars, as documented gives"):
        agree("polars", OURS, other, files=3)


def test_a_record_that_is_labelled_twice_is_refused():
    with pytest.raises(BenchmarkError, match="gives 1 records again"):
        agree("polars", OURS, pd.concat([OURS, OURS[:1]]), files=3)


def test_no_labels_of_ours_are_refused():
    with pytest.raises(BenchmarkError):
        agree("polars", OURS[:0], OURS, files=3)


def test_an_unknown_engine_is_refused_by_name(tmp_path):
    command = [sys.executable, "-m", "benchmarks", "--short", "--engines=polar", f"--out={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "there is no engine polar; there are nightlabel, bare, polars" in done.stdout
