"""Papers of checks, as tests want them."""

from typing import Any

from nightlabel.propose.reproduction import TOLERANCES, Check

SHA = "5eed" * 10
FIGURES: dict[str, Any] = {
    "candidate": "habits",
    "seed": 7,
    "data_version": "a" * 32,
    "holdout": "c" * 64,
    "rows": 1340,
    "metrics": dict.fromkeys(TOLERANCES, 0.5),
}


def check(*, commit: str = SHA, reproduced: dict[str, Any] | None = None, **more: Any) -> Check:
    """Give a check that is fine, but for what is changed."""
    comparison = {
        "run": "first",
        "proposed": FIGURES,
        "reproduced": FIGURES | (reproduced or {}),
        "champion": {"version": "3", "metrics": dict.fromkeys(TOLERANCES, 0.45)},
        "outcome": "promote",
        "classes": [
            {"name": "VAREJO", "rows": 90, "new": 0.5, "current": 0.4},
            {"name": "SERVIÇO", "rows": 30, "new": 0.25, "current": 0.3},
        ],
    }
    return Check.model_validate(
        {"usecase": "card_spending", "commit": commit, "comparison": comparison | more}, strict=False
    )
