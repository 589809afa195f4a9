"""A small made data set and candidates that train in a second."""

from functools import cache

import pandas as pd

from nightlabel import catalog
from nightlabel.contract import UseCase
from nightlabel.usecases.card_spending import lookalike
from nightlabel.validate import check

LINEAR = {
    "kind": "linear",
    "categories": ["client", "merchant"],
    "numbers": ["log_amount", "whole"],
    "steps": 4,
    "pieces": 0,
    "rare": 1,
    "members": 1,
    "rate": 0.02,
    "decay": 0.01,
    "batch": 64,
    "epochs": 4,
    "patience": 2,
    "smoothing": 0.0,
    "half_life_days": 0.0,
    "class_beta": 0.0,
    "floor": 0.02,
}
NETWORK = {
    **LINEAR,
    "kind": "network",
    "pieces": 32,
    "members": 2,
    "dim": 4,
    "pieces_dim": 4,
    "hidden": [16],
    "wide": True,
    "singles": False,
    "views": [{}, {"hidden": [8, 8], "singles": True}],
    "dropout": 0.2,
    "field_dropout": 0.1,
    "half_life_days": 90.0,
    "class_beta": 0.9,
}
NEIGHBOURS = {
    **NETWORK,
    "kind": "neighbours",
    "members": 1,
    "views": [],
    "space": 8,
    "sampled": 0.5,
    "memory": 200,
}


@cache
def cards() -> UseCase:
    return catalog.load("card_spending")


@cache
def records() -> pd.DataFrame:
    usecase = cards()
    reading = usecase.schema.read(lookalike.make(400, seed=5), labelled=True)
    frame = check(reading, usecase.schema.LabelledRecord, usecase.schema.COLUMNS).frame
    return frame.assign(source="made.csv").sort_values("data", kind="stable").reset_index(drop=True)


def parts() -> tuple[pd.DataFrame, pd.DataFrame]:
    return records().head(300), records().tail(90)
