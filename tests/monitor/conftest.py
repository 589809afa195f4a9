"""A small watched use case, its snapshot and its window; and an agent that listens."""

import numpy as np
import pandas as pd
import pytest

from nightlabel import catalog
from nightlabel.contract import Card, Monitoring
from nightlabel.monitor.metrics import Metrics
from nightlabel.monitor.verdict import Window
from nightlabel.settings import Settings

NIGHT = "2026-01-31"
WINDOW = Window(NIGHT, (NIGHT,), 400, enough=True)
WATCHED = {
    "amount": {"kind": "number", "method": "psi", "threshold": 0.2},
    "city": {"kind": "category", "method": "psi", "threshold": 0.2},
    "limit": {"kind": "number", "method": "wasserstein", "threshold": 0.3, "alarm": False},
    "label": {"kind": "category", "method": "jensenshannon", "threshold": 0.3},
    "confidence": {"kind": "number", "method": "psi", "threshold": 0.25},
}


def records(rows: int, seed: int) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "amount": draw.lognormal(3, 1, rows),
            "city": draw.choice(["Lisboa", "Porto", "Faro"], rows, p=[0.6, 0.3, 0.1]),
            "limit": draw.normal(1000, 200, rows),
            "label": draw.choice(["food", "travel"], rows, p=[0.7, 0.3]),
            "confidence": draw.beta(6, 3, rows),
        }
    )


@pytest.fixture(scope="session")
def card() -> Card:
    """The card of the shipped use case, watching five made columns."""
    rule = Monitoring.model_validate({"columns": WATCHED})
    return catalog.load("card_spending").card.model_copy(update={"name": "purchases", "monitoring": rule})


@pytest.fixture
def reference() -> pd.DataFrame:
    return records(2000, seed=1)


@pytest.fixture
def current() -> pd.DataFrame:
    return records(400, seed=2)


@pytest.fixture
def sender(agent):
    """A sender to that agent."""
    made = Metrics(Settings(statsd_port=agent.port, environment="test"))
    yield made
    made.close()
