"""A made world as hard as the card data: 22 unbalanced classes, 29 clients, 1,343 holdout rows.

Every row has true class probabilities, from which its class is drawn. An honest model knows them up to
noise: with the noise of ``HONEST`` it reaches an accuracy near 0.49 and a log loss near 1.55.
"""

from dataclasses import dataclass, replace
from datetime import date
from zlib import crc32

import numpy as np
import pandas as pd
from hypothesis import settings

from nightlabel.catalog import load
from nightlabel.gate import Cost, Digests, Scored, gather

COUNTS = (1782, 872, 599, 468, 236, 222, 199, 191, 129, 80, 38, 24, 20, 18, 15, 15, 14, 12, 10, 6, 4, 1)
CLASSES = tuple(f"class {letter}" for letter in "ABCDEFGHIJKLMNOPQRSTUV")
FIT, HOLDOUT = 2612, 1343
MONTHS = ("2019-12", "2020-01", "2020-02", "2020-03")
SHARP, STRENGTH, OF_CLIENT, CLIENTS = 1.2, 1.2, 0.8, 2  # the last is the seed of the clients' tastes
HONEST, WEAK = 0.5, 0.8
law = settings(deadline=None, max_examples=20)  # a verdict takes a tenth of a second
GATES = load("card_spending").card.gates


@dataclass(frozen=True)
class World:
    fit: pd.DataFrame
    holdout: pd.DataFrame
    logits: np.ndarray
    truth: np.ndarray
    seed: int

    @property
    def random(self):
        return np.random.default_rng([self.seed, 1])

    def model(self, name, noise, **changes):
        """An honest model: the true logits and noise, a little less sure because of it."""
        random = np.random.default_rng([self.seed, crc32(name.encode())])  # whatever was drawn before
        guess = self.logits + noise * random.normal(size=self.logits.shape)
        return scored(name, softmax(guess / np.sqrt(1 + noise**2 / 2)), **changes)

    def evidence(self, candidate, champion=None, *, gates=GATES, **changes):
        """What the gates see of the two models."""
        made = gather(
            gates,
            label="grupo",
            time="data",
            fit=self.fit,
            holdout=self.holdout,
            candidate=candidate,
            champion=champion,
            digests=Digests("d" * 64, "d" * 64),
            cost=Cost(seconds_per_100k=11.0, size_mb=2.5),
        )
        return replace(made, **changes)


def world(seed=0, holdout=HOLDOUT):
    random = np.random.default_rng(seed)
    rows = FIT + holdout
    client = random.choice(29, size=rows, p=_shares(29))
    prior = SHARP * np.log(np.array(COUNTS) / sum(COUNTS))
    of_client = OF_CLIENT * np.random.default_rng(CLIENTS).normal(size=(29, len(CLASSES)))
    logits = prior + of_client[client] + STRENGTH * random.normal(size=(rows, len(CLASSES)))
    truth = (softmax(logits).cumsum(axis=1) > random.random((rows, 1))).argmax(axis=1)
    frame = _frame(client, truth, holdout)
    return World(frame[:FIT], frame[FIT:], logits[FIT:], truth[FIT:], seed)


def scored(name, probabilities, classes=CLASSES, **changes):
    """A model before the gates, trained before the holdout unless told otherwise."""
    model = Scored(name, f"sha of {name}", "v1", date(2019, 11, 30), tuple(classes), probabilities)
    return replace(model, **changes)


def softmax(logits):
    power = np.exp(logits - logits.max(axis=1, keepdims=True))
    return power / power.sum(axis=1, keepdims=True)


def _shares(size):
    weight = 1 / np.arange(1, size + 1) ** 0.7
    return weight / weight.sum()


def _frame(client, truth, holdout):
    rows = len(client)
    early = pd.date_range("2019-04-01", "2019-11-30", periods=rows - holdout)
    late = pd.date_range("2019-12-01", "2020-03-31", periods=holdout)
    return pd.DataFrame(
        {
            "safra_abertura": 200001 + client,
            "cidade": [f"city {c % 10}" for c in client],
            "estado": "SP",
            "idade": 20 + client,
            "sexo": np.where(client % 2, "F", "M"),
            "data": early.append(late).normalize(),
            "grupo": np.array(CLASSES)[truth],
        }
    )
