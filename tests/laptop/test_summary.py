"""What the demo shows of an experiment."""

import io
import json

from rich.console import Console

from demo import summary
from demo.data import USECASE
from nightlabel.store import open_uri

METRICS = {"log_loss": 1.5, "accuracy": 0.5, "top3": 0.7, "calibration_error": 0.04}


def test_a_candidate_that_failed_is_missing_in_the_summary_and_breaks_nothing():
    lake, folder = open_uri("memory://"), f"{USECASE}/experiments/first"
    papers = {
        "request.json": {"candidates": ["baseline", "habits"]},
        "evaluation.json": {"selected_from": {"baseline": 1.5}},
        "verdict.json": {"candidate": "baseline", "outcome": "reject", "gates": [], "missing": []},
        "candidates/baseline.json": {"candidate": "baseline", "validation": METRICS, "seconds": 3.0},
    }
    for name, content in papers.items():
        lake.put(f"{folder}/{name}", json.dumps(content).encode())
    shown = io.StringIO()

    summary.experiment(Console(file=shown, width=100), lake, "first")

    assert "baseline" in shown.getvalue()
    assert "habits" not in shown.getvalue()
