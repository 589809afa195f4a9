"""Made reports: an honest one, and ones whose every name is another's."""

import pandas as pd

from nightlabel.propose.evidence import Data, Model, ReportInput, confusion_cells

CLASSES = ("restaurants", "supermarkets", "fuel", "pharmacies")


def model(name, names, lift=0.0) -> Model:
    classes = [
        {"name": n, "support": 400 - 90 * i, "precision": 0.5 + lift, "recall": 0.4 + lift, "f1": 0.44 + lift}
        for i, n in enumerate(names)
    ]
    metrics = {"accuracy": 0.47 + lift, "log_loss": 1.61 - lift, "top3": 0.74 + lift, "macro_f1": 0.21 + lift}
    intervals = {k: {"value": v, "low": v - 0.02, "high": v + 0.02} for k, v in metrics.items()}
    return Model(
        name=name,
        metrics=metrics | {"rows": 1343, "calibration_error": 0.044, "classes": classes},
        intervals=intervals,
        seconds_per_100k=3.2 - lift,
        size_mb=1.25,
    )


def gates(reason="at least") -> list[dict]:
    return [
        {
            "name": "accuracy_at_least",
            "passed": True,
            "value": 0.49,
            "bound": 0.44,
            "margin": 0.05,
            "reason": f"accuracy 0.490, {reason} 0.440, room +0.050",
        },
        {
            "name": "no_leak",
            "passed": True,
            "value": None,
            "bound": None,
            "margin": None,
            "reason": "the holdout is the frozen one",
        },
    ]


def changes(names, rows=172) -> pd.DataFrame:
    new = [names[1 if i % 12 == 0 else 0] for i in range(rows)]
    return pd.DataFrame(
        {
            "source": f"card_spending/inbox/date=2020-03-31/{names[0]}",
            "row": range(rows),
            "old_label": names[0],
            "old_confidence": 0.51,
            "new_label": new,
            "new_confidence": [0.6 + i / 1000 for i in range(rows)],
        }
    )


def report(names=CLASSES, *, word="embeddings", reason="at least", rows=172, **other) -> ReportInput:
    truth = [names[i % 4] for i in range(400)]
    standing = [names[(i // 3) % 4] for i in range(400)]
    part = {
        "kind": "slice",
        "rows": 120,
        "accuracy": 0.5,
        "reference": 0.52,
        "loss": 0.02,
        "significance": 0.8,
    }
    given = {
        "usecase": "card_spending",
        "run": word,
        "verdict": {"outcome": "promote", "candidate": word, "champion": "3", "gates": gates(reason)},
        "new": model(word, names, 0.02),
        "current": model("3", names),
        "data": Data(
            version="3627981e" * 4,
            rows=3962,
            first="2019-01-02",
            last="2020-03-31",
            shares={n: 0.4 - 0.1 * i for i, n in enumerate(names)},
        ),
        "data_before": Data(version="0f0e0d0c" * 4, rows=3800, shares=dict.fromkeys(names[:3], 0.33)),
        "seed": 7,
        "note": reason,
        "parts": [part | {"name": n} for n in names],
        "confusion": confusion_cells(truth, truth, standing),
        "changes": changes(names, rows),
        "night": "2020-03-31",
        "links": {"MLflow run": "http://127.0.0.1:5000/#/experiments/1/runs/abc"},
    }
    return ReportInput(**given | other)
