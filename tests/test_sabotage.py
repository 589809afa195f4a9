"""Sabotage through real training: each bad candidate is stopped by a shipped gate that names the reason.

The data is the project's look-alike, the network a small one, the gates are those of ``usecase.toml``.
"""

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from nightlabel.catalog import load
from nightlabel.gate import Cost, Digests, Scored, gather, judge
from nightlabel.train.loop import train
from nightlabel.usecases.card_spending.lookalike import make
from nightlabel.validate import check
from nightlabel.version import holdout_digest, split

USECASE = load("card_spending")
CARD, LABEL = USECASE.card, USECASE.schema.LABEL
NETWORK = next(params for params in CARD.candidates.values() if params["kind"] == "network")
SMALL = {**NETWORK, "members": 1, "epochs": 12, "patience": 4, "hidden": [32]}
RECORDS = 3962


@dataclass(frozen=True)
class Rows:
    fit: pd.DataFrame
    validation: pd.DataFrame
    holdout: pd.DataFrame

    def changed(self, change: Any) -> "Rows":
        """The same change in all rows that a model sees, also those it is measured on."""
        return Rows(change(self.fit), change(self.validation), change(self.holdout))


@pytest.fixture(scope="module")
def rows():
    reading = USECASE.schema.read(make(RECORDS, seed=1), labelled=True)
    frame = check(reading, USECASE.schema.LabelledRecord, USECASE.schema.COLUMNS).frame
    frame = frame.assign(source="cards.csv", source_version="v1", row=frame.index)
    frame[LABEL] = frame[LABEL].astype(str)
    months = {"holdout_months": CARD.holdout_months, "validation_months": CARD.validation_months}
    roles = split(frame[CARD.split_time], **months).to_numpy()
    parts = (frame[roles == role].reset_index(drop=True) for role in ("fit", "validation", "holdout"))
    return Rows(*parts)


@pytest.fixture(scope="module")
def honest(rows):
    return trained("honest", rows)


def trained(name, rows, measured_on=None):
    """Train for real, and say what the model says of the holdout."""
    model = train(USECASE, rows.fit, rows.validation, SMALL, seed=0)
    last = max(
        pd.to_datetime(part[CARD.split_time].astype(str)).max() for part in (rows.fit, rows.validation)
    )
    return scored(name, model, rows.holdout if measured_on is None else measured_on, last.date()), model


def scored(name, model, holdout, until):
    arrays = model.encoder.encode(holdout.drop(columns=LABEL))
    with torch.no_grad():
        said = model.network(**{key: torch.from_numpy(array) for key, array in arrays.items()})
    return Scored(name, f"sha of {name}", "v1", until, model.encoder.classes, said.numpy())


def judged(rows, candidate, champion=None):
    digest = holdout_digest(rows.holdout[["source_version", "row"]])
    evidence = gather(
        CARD.gates,
        label=LABEL,
        time=CARD.split_time,
        fit=pd.concat([rows.fit, rows.validation]),
        holdout=rows.holdout,
        candidate=candidate,
        champion=champion,
        digests=Digests(measured=digest, frozen=digest),
        cost=Cost(seconds_per_100k=10.0, size_mb=1.0),
    )
    verdict = judge(CARD.gates, evidence)
    return verdict.outcome, {gate.name: gate.reason for gate in verdict.gates if not gate.passed}


def shuffled(frame, seed=0):
    return frame.assign(**{LABEL: np.random.default_rng(seed).permutation(frame[LABEL])})


def test_the_honest_candidate_passes(rows, honest):
    assert judged(rows, honest[0]) == ("promote", {})


def test_shuffled_labels_are_stopped_by_the_trivial_models(rows):
    blind, _ = trained(
        "shuffled", replace(rows, fit=shuffled(rows.fit), validation=shuffled(rows.validation))
    )
    outcome, closed = judged(rows, blind)

    assert outcome == "reject"
    assert {"accuracy", "over_majority", "over_group_prior", "log_loss_skill"} <= set(closed)


def test_a_leaked_column_is_suspected(rows):
    leaked, _ = trained("leaked", rows.changed(lambda f: f.assign(cidade_estabelecimento=f[LABEL].str[:13])))
    outcome, closed = judged(rows, leaked)

    assert outcome == "reject"
    assert closed["leak_accuracy"].startswith("suspected leak")
    assert closed["leak_log_loss"].startswith("suspected leak")


@pytest.mark.parametrize("lost", ["VESTUARIO", "LOJA DE DEPART"])
def test_a_class_dropped_from_training_is_named(rows, lost):
    without = replace(
        rows,
        fit=rows.fit[rows.fit[LABEL] != lost],
        validation=rows.validation[rows.validation[LABEL] != lost],
    )
    outcome, closed = judged(rows, trained("dropped", without)[0])

    assert outcome == "reject"
    assert f"dropped: {lost!r}" in closed["classes_kept"]


def test_a_constant_predictor_is_stopped_by_the_largest_class(rows, honest):
    prior = rows.fit[LABEL].value_counts(normalize=True).reindex(honest[0].classes, fill_value=0.0)
    constant = replace(honest[0], probabilities=np.tile(prior, (len(rows.holdout), 1)), sha256="constant")
    outcome, closed = judged(rows, constant)

    assert outcome == "reject"
    assert "1.000, must be at most 0.650" in closed["largest_class"]


def test_zeroed_weights_of_one_layer_are_stopped(rows, honest):
    contestant, model = honest
    broken = deepcopy(model.network)
    layers = [m for m in broken.modules() if isinstance(m, torch.nn.Linear)]
    with torch.no_grad():
        layers[0].weight.zero_()
    zeroed = scored("zeroed", replace(model, network=broken), rows.holdout, contestant.trained_until)
    outcome, closed = judged(rows, zeroed)

    assert outcome == "reject"
    assert {"accuracy", "log_loss"} & set(closed)


@pytest.mark.parametrize("has_champion", [False, True])
def test_a_candidate_broken_for_one_city_is_stopped_by_that_slice(rows, honest, has_champion):
    sizes = rows.holdout["cidade"].value_counts()
    rank, city = next((r, c) for r, (c, n) in enumerate(sizes.items(), start=1) if n < 160)
    names = sorted(set(rows.fit[LABEL]))
    turned = dict(zip(names, names[5:] + names[:5], strict=True))

    def misfiled(frame):
        return frame.assign(**{LABEL: frame[LABEL].where(frame["cidade"] != city, frame[LABEL].map(turned))})

    broken, _ = trained("broken", replace(rows, fit=misfiled(rows.fit), validation=misfiled(rows.validation)))
    outcome, closed = judged(rows, broken, honest[0] if has_champion else None)

    assert outcome == "reject"
    assert not {"accuracy", "log_loss", "top3", "calibration", "leak_accuracy"} & set(closed)
    assert f"'cidade no. {rank} by rows'" in closed["slices"]
    assert city not in str(closed)


def test_the_champion_resubmitted_keeps_the_champion_without_alarm(rows, honest):
    outcome, closed = judged(rows, honest[0], replace(honest[0], name="1"))

    assert outcome == "keep"
    assert closed == {"champion_log_loss": "the candidate is the champion itself: same digest"}


def test_the_same_seed_trained_again_cannot_be_told_apart(rows, honest):
    again, _ = trained("again", rows)
    outcome, closed = judged(rows, again, honest[0])

    assert outcome == "keep"
    assert "cannot be told apart from the champion" in closed["champion_log_loss"]


def test_data_from_the_future_is_stopped_by_its_day(rows):
    future = replace(rows, fit=pd.concat([rows.fit, rows.holdout.iloc[::2]], ignore_index=True))
    outcome, closed = judged(rows, trained("future", future, rows.holdout)[0])

    assert outcome == "reject"
    assert "it saw data from the future" in closed["time_order"]
